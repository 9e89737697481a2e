"""The history, from events to the branch on a git server and to the next pull request: container, runner, server."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.contract.test_files_branch import NAME
from tests.e2e.test_pull_request import LARGE, SMALL, only
from tests.support.git import WorkTree
from tests.support.git_server import running_git_server
from tests.support.github import BOT_TOKEN, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tests.e2e.test_pull_request import Merged
    from tests.support.act import Ran, Runner
    from tests.support.git_server import GitServer
    from tests.support.github import GitHub

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.timeout(900)]

OWNER, _, REPO = REPOSITORY.partition("/")
FOLDER = "pictures/yard/linux-amd64"
PICTURES = {
    *(f"{kind}.{ending}" for kind in ("size", "packed", "change", "layers", "saving") for ending in ("svg", "json")),
    *(f"chart-{kind}.svg" for kind in ("size", "packed", "layers", "packages")),
}
GROWN = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=9000\n"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A clone of a repository on a git server, and the runner that works for it."""

    tree: WorkTree
    origin: WorkTree
    server: GitServer
    runner: Runner

    def event(self, name: str, inputs: dict[str, str] | None = None, **about: Any) -> Ran:
        """A run on what is checked out."""
        repository = {
            "default_branch": "main",
            "full_name": REPOSITORY,
            "owner": {"login": OWNER},
            "name": REPO,
        }
        return self.runner.run(self.tree, name, {**about, "repository": repository}, inputs or {})

    def push(self, ref: str = "refs/heads/main", inputs: dict[str, str] | None = None) -> Ran:
        """The event of a pushed branch or tag."""
        tip = self.tree.git("rev-parse", "HEAD")
        return self.event("push", inputs, ref=ref, before="0" * 40, after=tip)

    def records(self) -> list[dict[str, Any]]:
        """What is on the branch."""
        return [json.loads(line) for line in self.origin.git("show", f"{NAME}:records/2026.jsonl").splitlines()]

    def releases(self) -> list[str]:
        """What the records are releases of, empty for those that are none."""
        return sorted(record["release"] or "" for record in self.records())

    def picture(self, name: str) -> str:
        """A file of the only image's pictures."""
        return self.origin.git("show", f"{NAME}:{FOLDER}/{name}")


@contextmanager
def serving(tree: WorkTree, runner: Runner, *, writes: bool = True) -> Iterator[Project]:
    """The repository on a server that asks for a token and is GitHub to the job; main is checked out."""
    bare = tree.path.parent / "server" / f"{REPOSITORY}.git"
    tree.git("clone", "--quiet", "--bare", ".", str(bare))
    origin = WorkTree(bare)
    with running_git_server(bare.parents[1]) as server:
        server.tokens = {BOT_TOKEN: writes}
        tree.git("remote", "add", "origin", f"{server.url}/{REPOSITORY}.git")
        tree.checkout("main")
        yield Project(tree=tree, origin=origin, server=server, runner=replace(runner, server_url=server.url))


def test_a_push_is_recorded_and_the_next_pull_request_builds_no_base(
    github: GitHub, runner: Runner, merged: Merged
) -> None:
    tree = merged({"Dockerfile": SMALL}, {"README.md": "more\n"})
    merge = tree.git("rev-parse", "HEAD")
    with serving(tree, runner) as project:
        tip = tree.git("rev-parse", "HEAD")
        pushed = project.push()
        assert pushed.status == 0, pushed.log
        assert f"recorded on {NAME}: yard linux/amd64" in pushed.log
        assert [tip] == [record["commit"] for record in project.records()]
        assert "github-actions[bot]" == project.origin.git("log", "-1", "--format=%an", NAME)

        tree.git("checkout", "--quiet", "--detach", merge)
        number = github.open_pull_request("feature")["number"]
        compared = project.runner.pull_request(tree, number)
        assert compared.status == 0, compared.log
        assert f"base as recorded at `{tip[:7]}`, not built again" in only(github, number)
        assert compared.report["images"][0]["base"]["recorded"]

        tree.checkout("feature")
        tree.commit({"Dockerfile": LARGE}, "Grow")
        tree.merge_into("main", "feature")
        grown = project.runner.pull_request(tree, number, action="synchronize")
        assert "grew by **3.0 MB**" in only(github, number)
        assert "adds `/large` (3.0 MB)" in only(github, number)
        assert "Dockerfile:3" in only(github, number)
        assert grown.report["images"][0]["base"]["recorded"]
        assert "│ base" not in grown.log

        over = project.runner.pull_request(tree, number, action="synchronize", inputs={"max-increase": "1MB"})
        assert "The recorded base is built after all: the growth is over budget" in over.log
        assert not over.report["images"][0]["base"]["recorded"]


def test_pushes_tags_releases_and_schedules_keep_records_pictures_notes_and_an_alert(
    github: GitHub, runner: Runner, merged: Merged
) -> None:
    tree = merged({"Dockerfile": SMALL}, {"README.md": "more\n"})
    with serving(tree, runner) as project:
        tagged = project.push("refs/tags/v1.0.0")
        assert tagged.status == 0, tagged.log
        assert ["v1.0.0"] == project.releases()
        listed = project.origin.git("ls-tree", "--name-only", f"{NAME}:{FOLDER}").split()
        assert set(listed) == PICTURES
        before = project.picture("size.svg"), project.picture("chart-size.svg")

        tree.commit({"Dockerfile": GROWN}, "Grow")
        pushed = project.push(inputs={"alert-growth": "1MB"})
        assert pushed.status == 0, pushed.log
        assert ["", "v1.0.0"] == project.releases()
        assert before != (project.picture("size.svg"), project.picture("chart-size.svg"))
        assert "since v1.0.0" in project.picture("change.svg")
        (issue,) = github.call("GET", f"/repos/{REPOSITORY}/issues?state=all")
        assert ("yard grew by +9.0 MB", "open") == (issue["title"], issue["state"])

        about = {"tag_name": "v1.1.0", "name": "1.1", "body": "What is new"}
        github.call("POST", f"/repos/{REPOSITORY}/releases", about)
        for _ in range(2):
            released = project.event("release", action="published", release=about)
            assert released.status == 0, released.log
        notes = github.call("GET", f"/repos/{REPOSITORY}/releases/tags/v1.1.0")["body"]
        assert notes.startswith("What is new\n")
        assert 1 == notes.count("Compared with `v1.0.0`.")
        assert "**+9.0 MB**" in notes
        assert ["v1.0.0", "v1.1.0"] == project.releases()

        tree.commit({"Dockerfile": SMALL}, "Shrink")
        scheduled = project.event("schedule", {"alert-growth": "1MB", "squash-history": "true"}, schedule="0 6 * * 1")
        assert scheduled.status == 0, scheduled.log
        assert ["", "v1.0.0", "v1.1.0"] == project.releases()
        assert "1" == project.origin.git("rev-list", "--count", NAME)


def test_a_token_that_may_only_read_is_told_what_to_add_and_the_report_is_kept(runner: Runner, merged: Merged) -> None:
    tree = merged({"Dockerfile": SMALL}, {"README.md": "more\n"})
    with serving(tree, runner, writes=False) as project:
        ran = project.push()

        assert ran.status == 0, ran.log
        assert "contents: write" in ran.log
        assert "The report is kept" in ran.log
        assert ran.has("report.json")
        assert "" == project.origin.git("branch", "--list", NAME)
