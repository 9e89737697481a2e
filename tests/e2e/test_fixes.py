"""Fixes from the event to the click: the action's container, the real runner and engine, a stateful GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.git import create

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.support.act import Runner
    from tests.support.git import WorkTree
    from tests.support.github import GitHub

    Merged = Callable[[Mapping[str, str], Mapping[str, str]], WorkTree]

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

BEFORE = 'FROM debian:12-slim\nCMD ["sleep", "3600"]\n'
LISTS = 'FROM debian:12-slim\nRUN apt-get update && date > /updated\nCMD ["sleep", "3600"]\n'
INPUTS = {"fix": "true", "network": "host"}


def test_a_proven_line_is_suggested_on_the_pull_request_once(github: GitHub, runner: Runner, merged: Merged) -> None:
    tree = merged({"Dockerfile": BEFORE}, {"Dockerfile": LISTS})
    github.take(tree, "main", "feature")
    number = github.propose("feature")["number"]

    for outcome in ("1 created, 0 edited, 0 unchanged", "0 created"):
        ran = runner.pull_request(tree, number, inputs=INPUTS)
        assert ran.status == 0, ran.log
        assert outcome in ran.log, ran.log

    (comment,) = github.review_comments(number)
    assert ("Dockerfile", 2) == (comment["path"], comment["line"])
    assert "```suggestion\nRUN apt-get update && date > /updated && rm -rf /var/lib/apt/lists/*\n```" in comment["body"]
    assert "**Fix, built and run here" in github.comments(number)[0]["body"]


def test_a_proven_fix_of_the_default_branch_is_proposed(github: GitHub, runner: Runner, tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    before = tree.commit({"Dockerfile": BEFORE}, "Begin")
    tip = tree.commit({"Dockerfile": LISTS}, "Change")
    github.take(tree, "main")
    github.allow_writing()
    event = {
        "ref": "refs/heads/main",
        "before": before,
        "after": tip,
        "repository": {"default_branch": "main", "full_name": "octocat/yard"},
    }

    ran = runner.run(tree, "push", event, INPUTS | {"fix-pull-request": "true"})

    assert ran.status == 0, ran.log
    (pull,) = github.call("GET", "/repos/octocat/yard/pulls")
    assert "How it was proven: 5 of 5 steps" in pull["body"]
    assert "main" == pull["base"]["ref"]
    file = github.call("GET", f"/repos/octocat/yard/contents/Dockerfile?ref={pull['head']['ref']}")
    import base64

    assert "rm -rf /var/lib/apt/lists/*" in base64.b64decode(file["content"]).decode()
