"""A pull request weighed for real: the Go server grows, the comment says why; a second commit takes the weight out.

Everything is real: an engine, the action's own container run by the real runner, and a stateful GitHub API.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from rich.console import Console  # noqa: E402
from rich.markdown import Markdown  # noqa: E402
from tests.support.act import Ran, Runner, export_action  # noqa: E402
from tests.support.git import WorkTree, create  # noqa: E402
from tests.support.github import GitHub, running_github  # noqa: E402

import bases  # noqa: E402
import tools  # noqa: E402
from outside import engines  # noqa: E402 - found by the line above
from outside.machine import Refusal, cache_root, say  # noqa: E402

SOURCES = ROOT / "scripts" / "demo"
BASES = (
    "ubuntu:22.04",
    "debian:12-slim",
    "python:3.11-slim",
    "docker/buildx-bin:0.29",
    "gcr.io/distroless/python3-debian12",
)
MODEL = 12_000_000


def main() -> None:
    began = time.monotonic()
    try:
        with engines.borrowed() as host, tempfile.TemporaryDirectory() as folder:
            os.environ.update(engines.exports(host))
            bases.ensure(host, list(BASES))
            os.environ.update(tools.variables(["act", "node", "emulate", "openapi"]))
            _weigh(Path(folder))
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")
    say(f"all of it took {time.monotonic() - began:.0f} s")


def _weigh(folder: Path) -> None:
    tree = create(folder / "repository")
    _commit(tree, "main", "Serve the time")
    tree.checkout("feature", "main")
    (tree.path / "model.bin").write_bytes(os.urandom(MODEL))
    _commit(tree, "heavy", "Tell the time of every zone")
    action = folder / "action"
    action.mkdir()
    with running_github() as github:
        number = github.open_pull_request("feature")["number"]
        runner = Runner(github=github, folder=folder, action=export_action(action))
        say("pull request opened: the runner builds the action and weighs both revisions")
        _job(tree, runner, github, number, "opened")
        tree.checkout("feature")
        (tree.path / "model.bin").unlink()
        _commit(tree, "light", "Take the weight out again")
        say("a second commit takes the weight out; the same comment is edited")
        _job(tree, runner, github, number, "synchronize")


def _commit(tree: WorkTree, name: str, message: str) -> None:
    for source in (SOURCES / name).iterdir():
        shutil.copy(source, tree.path / source.name)
    tree.commit({}, message)


def _job(tree: WorkTree, runner: Runner, github: GitHub, number: int, action: str) -> None:
    tree.merge_into("main", "feature")
    ran = runner.pull_request(tree, number, action=action, inputs={"max-increase": "10MB", "fail-on": "never"})
    comments = github.comments(number)
    if ran.status != 0 or len(comments) != 1:
        raise Refusal(f"the job ended with status {ran.status} and {len(comments)} comments:\n{ran.log[-3000:]}")
    body = comments[0]["body"]
    # What is hidden or folded on a pull request is left out here; the files hold it.
    shown = body.partition("\n")[2].partition("<details>")[0]
    Console(width=120).print(Markdown(shown))
    kept = _keep(ran, body, action)
    print(f"comment {comments[0]['id']}: {kept}/comment.md\nHTML:    {kept}/report.html\nJSON:    {kept}/report.json\n")


def _keep(ran: Ran, body: str, action: str) -> Path:
    target = cache_root() / "demo" / action
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ran.files, target)
    (target / "comment.md").write_text(body)
    return target


if __name__ == "__main__":
    main()
