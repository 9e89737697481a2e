"""The action as a job runs it: `action.yml`, in its own container, by the real runner (`act`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.support.github import BOT_TOKEN, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.git import WorkTree
    from tests.support.github import GitHub

ROOT = Path(__file__).resolve().parents[2]
ACTION = "weighbridge/weighbridge@v1"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What came of a job. `files` is the report's directory as the steps after weighbridge see it."""

    status: int
    log: str
    files: Path
    outputs: dict[str, str]

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report."""
        document: dict[str, Any] = json.loads((self.files / "report.json").read_text())
        return document

    def has(self, name: str) -> bool:
        """Whether the report's directory holds a file."""
        return (self.files / name).is_file()


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs jobs against a GitHub. `folder` is kept to what these runs make; `server_url` is where its pages are."""

    github: GitHub
    folder: Path
    action: Path
    token: str = BOT_TOKEN
    environment: Mapping[str, str] = field(default_factory=dict)
    server_url: str | None = None
    job: Mapping[str, str] = field(default_factory=dict)
    """Variables of the job's own environment."""

    def pull_request(
        self, tree: WorkTree, number: int, *, action: str = "opened", inputs: Mapping[str, str] | None = None
    ) -> Ran:
        """The job of a `pull_request` event, on the merge commit that is checked out in `tree`."""
        base, head = tree.git("rev-parse", "HEAD^1"), tree.git("rev-parse", "HEAD^2")
        event = {
            "action": action,
            "number": number,
            "pull_request": {
                "number": number,
                "head": {"sha": head, "ref": "feature", "repo": {"full_name": REPOSITORY, "fork": False}},
                "base": {"sha": base, "ref": "main", "repo": {"full_name": REPOSITORY, "fork": False}},
                "labels": [],
            },
            "repository": {
                "default_branch": "main",
                "full_name": REPOSITORY,
                "owner": {"login": REPOSITORY.split("/")[0]},
                "name": REPOSITORY.split("/")[1],
            },
        }
        return self.run(tree, "pull_request", event, inputs or {})

    def run(self, tree: WorkTree, name: str, event: Mapping[str, Any], inputs: Mapping[str, str]) -> Ran:
        """A job of one workflow: check out, weigh, and look at what later steps get."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        out = folder / "out"
        out.mkdir()
        (folder / "event.json").write_text(json.dumps(event))
        (folder / "workflow.yml").write_text(yaml.safe_dump(_workflow(name, inputs, out), sort_keys=False))
        done = subprocess.run(
            [*self._command(folder), name],
            cwd=tree.path,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=600,
        )
        outputs = out / "outputs.json"
        return Ran(
            status=done.returncode,
            log=done.stdout,
            files=out / "weighbridge-report",
            outputs=json.loads(outputs.read_text()) if outputs.exists() else {},
        )

    def _command(self, folder: Path) -> Sequence[str]:
        # The runner's own folder has to have the same path inside the container: the engine mounts what it is told.
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "act"
        cache.mkdir(parents=True, exist_ok=True)
        return [
            os.environ["WEIGHBRIDGE_ACT"],
            *("-W", str(folder / "workflow.yml"), "-e", str(folder / "event.json")),
            *("-P", "ubuntu-latest=-self-hosted", "--pull=false", "--rm", "--no-cache-server"),
            *("-s", f"GITHUB_TOKEN={self.token}"),
            *("--env", f"GITHUB_API_URL={self.github.url}", "--env", f"GITHUB_REPOSITORY={REPOSITORY}"),
            *(("--env", f"GITHUB_SERVER_URL={self.server_url}") if self.server_url else ()),
            *("--env", "DOCKER_HOST=unix:///var/run/docker.sock"),
            *(word for name, value in self.job.items() for word in ("--env", f"{name}={value}")),
            *("--local-repository", f"{ACTION}={self.action}"),
            *("--container-options", f"--network host -v {cache}:{cache}"),
        ]


_PULL_REQUEST = {"contents": "read", "pull-requests": "write", "id-token": "write"}
_HISTORY = {"contents": "write", "pull-requests": "read", "issues": "write", "id-token": "write"}


def _workflow(event: str, inputs: Mapping[str, str], out: Path) -> dict[str, Any]:
    # The runner copies the workspace; what is wanted of it is carried out of there.
    collect = (
        f'if [ -d weighbridge-report ]; then cp -R weighbridge-report "{out}/"; fi; '
        f'printf "%s" "$OUTPUTS" > "{out}/outputs.json"'
    )
    steps = [
        {"uses": "actions/checkout@v4"},
        {"id": "weigh", "uses": ACTION, **({"with": dict(inputs)} if inputs else {})},
        {"if": "always()", "run": collect, "env": {"OUTPUTS": "${{ toJSON(steps.weigh.outputs) }}"}},
    ]
    permissions = _PULL_REQUEST if event == "pull_request" else _HISTORY
    jobs = {"weigh": {"runs-on": "ubuntu-latest", "permissions": permissions, "steps": steps}}
    return {"name": "weigh", "on": event, "jobs": jobs}


def export_action(target: Path) -> Path:
    """The action's repository as a checkout has it: what git knows of, and nothing that was made since."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - the git on the PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    return target
