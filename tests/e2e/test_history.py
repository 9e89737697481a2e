"""The history, from a push to the branch on a git server and to the next pull request: container, runner, server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.contract.test_files_branch import NAME
from tests.e2e.test_pull_request import LARGE, SMALL, only
from tests.support.git import WorkTree
from tests.support.git_server import running_git_server
from tests.support.github import REPOSITORY

if TYPE_CHECKING:
    from tests.e2e.test_pull_request import Merged
    from tests.support.act import Runner
    from tests.support.github import GitHub

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def test_a_push_is_recorded_and_spares_the_next_pull_request_its_base(
    github: GitHub, runner: Runner, merged: Merged
) -> None:
    tree = merged({"Dockerfile": SMALL}, {"README.md": "more\n"})
    bare = tree.path.parent / "origin.git"
    tree.git("clone", "--quiet", "--bare", ".", str(bare))
    origin = WorkTree(bare)
    origin.git("config", "http.receivepack", "true")
    merge = tree.git("rev-parse", "HEAD")
    with running_git_server(bare.parent) as server:
        tree.git("remote", "add", "origin", f"{server.url}/origin.git")
        tree.checkout("main")
        tip = tree.git("rev-parse", "HEAD")
        event = {
            "ref": "refs/heads/main",
            "before": "0" * 40,
            "after": tip,
            "repository": {
                "default_branch": "main",
                "full_name": REPOSITORY,
                "owner": {"login": REPOSITORY.split("/")[0]},
                "name": REPOSITORY.split("/")[1],
            },
        }
        pushed = runner.run(tree, "push", event, {})
        assert pushed.status == 0, pushed.log
        assert f"recorded on {NAME}: yard linux/amd64" in pushed.log
        lines = origin.git("show", f"{NAME}:records/2026.jsonl").splitlines()
        assert [tip] == [json.loads(line)["commit"] for line in lines]
        assert "github-actions[bot]" == origin.git("log", "-1", "--format=%an", NAME)

        tree.git("checkout", "--quiet", "--detach", merge)
        number = github.open_pull_request("feature")["number"]
        compared = runner.pull_request(tree, number)
        assert compared.status == 0, compared.log
        assert f"base as recorded at `{tip[:7]}`, not built again" in only(github, number)
        assert compared.report["images"][0]["base"]["recorded"]

        tree.checkout("feature")
        tree.commit({"Dockerfile": LARGE}, "Grow")
        tree.merge_into("main", "feature")
        grown = runner.pull_request(tree, number, action="synchronize")
        assert "grew by **3.0 MB**" in only(github, number)
        assert "Dockerfile:3" in only(github, number)
        assert not grown.report["images"][0]["base"]["recorded"]
