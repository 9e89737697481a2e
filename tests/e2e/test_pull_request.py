"""A pull request, from the event to the comment: the action's container, the real runner, a stateful GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.github import BOT
from tests.support.github_proxy import forbid_writes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tests.support.act import Runner
    from tests.support.git import WorkTree
    from tests.support.github import GitHub

    Merged = Callable[[Mapping[str, str], Mapping[str, str]], WorkTree]

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=50\n"
LARGE = SMALL + "RUN dd if=/dev/urandom of=/large bs=1000 count=3000\n"
BROKEN = "FROM busybox:1.36\nRUN echo about to fail && false\n"


def ours(github: GitHub, number: int) -> list[dict[str, Any]]:
    """The bot's comments."""
    return [comment for comment in github.comments(number) if comment["user"]["login"] == BOT]


def only(github: GitHub, number: int) -> str:
    """The one comment of ours."""
    (comment,) = ours(github, number)
    body: str = comment["body"]
    return body


def heading(body: str) -> str:
    """The first line that people see: the one below the hidden marker."""
    return body.splitlines()[1]


def test_comments_when_opened_and_edits_when_synchronized(github: GitHub, runner: Runner, merged: Merged) -> None:
    tree = merged({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    number = github.open_pull_request("feature")["number"]
    opened = runner.pull_request(tree, number)
    assert opened.status == 0, opened.log
    first = ours(github, number)
    assert len(first) == 1
    assert "grew by **3.0 MB**" in heading(first[0]["body"])
    assert "Dockerfile:3" in first[0]["body"]
    assert opened.outputs["size-diff"] == "3000000"
    assert opened.outputs["verdict"] == "pass"
    assert opened.outputs["comment-id"] == str(first[0]["id"])
    assert all(opened.has(name) for name in ("report.json", "report.html", "report.md"))

    tree.checkout("feature")
    tree.commit({"Dockerfile": SMALL + "LABEL slim=yes\n"}, "Take it out again")
    tree.merge_into("main", "feature")
    synchronized = runner.pull_request(tree, number, action="synchronize")
    assert synchronized.status == 0, synchronized.log
    second = ours(github, number)
    assert [comment["id"] for comment in second] == [comment["id"] for comment in first]
    assert "grew" not in heading(second[0]["body"])
    assert synchronized.outputs["size-diff"] == "0"


def test_over_budget_fails_the_job_and_still_comments(github: GitHub, runner: Runner, merged: Merged) -> None:
    tree = merged({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    number = github.open_pull_request("feature")["number"]
    ran = runner.pull_request(tree, number, inputs={"max-increase": "1MB"})
    assert ran.status != 0
    assert "over budget" in heading(only(github, number))
    assert ran.outputs["verdict"] == "fail"


def test_a_head_that_does_not_build_is_unknown_with_its_line_and_log(
    github: GitHub, runner: Runner, merged: Merged
) -> None:
    tree = merged({"Dockerfile": SMALL}, {"Dockerfile": BROKEN})
    number = github.open_pull_request("feature")["number"]
    ran = runner.pull_request(tree, number)
    assert ran.status != 0
    body = only(github, number)
    assert "could not be built" in heading(body)
    assert "about to fail" in body
    assert ran.outputs["verdict"] == "unknown"
    assert ran.outputs["new-size"] == ""
    assert ran.report["images"][0]["head"]["unavailable"]["line"] == 2


def test_a_base_that_does_not_build_leaves_the_head_alone_with_the_reason(
    github: GitHub, runner: Runner, merged: Merged
) -> None:
    tree = merged({"Dockerfile": BROKEN}, {"Dockerfile": SMALL})
    number = github.open_pull_request("feature")["number"]
    ran = runner.pull_request(tree, number, inputs={"fail-on": "never"})
    assert ran.status == 0, ran.log
    assert "base could not be built" in heading(only(github, number))
    assert int(ran.outputs["new-size"]) > 50_000
    assert ran.outputs["size-diff"] == ""


def test_no_dockerfile_on_the_base_is_a_new_image(github: GitHub, runner: Runner, merged: Merged) -> None:
    tree = merged({"README": "nothing yet\n"}, {"Dockerfile": SMALL})
    number = github.open_pull_request("feature")["number"]
    ran = runner.pull_request(tree, number)
    assert ran.status == 0, ran.log
    assert "is new and weighs" in heading(only(github, number))
    assert ran.outputs["verdict"] == "pass"


def test_two_images_share_one_comment(github: GitHub, runner: Runner, merged: Merged) -> None:
    config = "images:\n  - name: api\n    context: api\n  - name: worker\n    context: worker\n"
    tree = merged(
        {"api/Dockerfile": SMALL, "worker/Dockerfile": SMALL, ".weighbridge.yml": config}, {"api/Dockerfile": LARGE}
    )
    number = github.open_pull_request("feature")["number"]
    ran = runner.pull_request(tree, number)
    assert ran.status == 0, ran.log
    body = only(github, number)
    assert "`api` grew by **3.0 MB**" in heading(body)
    assert "`worker`" in body
    assert [image["name"] for image in ran.report["images"]] == ["api", "worker"]


def test_a_token_that_may_only_read_warns_and_keeps_the_report(github: GitHub, runner: Runner, merged: Merged) -> None:
    tree = merged({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    number = github.open_pull_request("feature")["number"]
    github.proxy.faults.extend(forbid_writes())
    ran = runner.pull_request(tree, number)
    assert ran.status == 0, ran.log
    assert ours(github, number) == []
    assert f"no comment on #{number}" in ran.log
    assert ran.has("report.json")
    assert ran.outputs["comment-id"] == ""


def test_finds_its_comment_behind_sixty_of_others(github: GitHub, runner: Runner, merged: Merged) -> None:
    tree = merged({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    number = github.open_pull_request("feature")["number"]
    for count in range(60):
        github.comment(number, f"Comment {count}")
    assert runner.pull_request(tree, number).status == 0
    assert runner.pull_request(tree, number, action="synchronize").status == 0
    comments = github.comments(number)
    assert len(comments) == 61
    assert comments[60]["user"]["login"] == BOT


def test_names_that_are_markup_stay_names(github: GitHub, runner: Runner, merged: Merged) -> None:
    name = "a|b `c` @octocat <img src=x> [l](http://example.com) **d**"
    hostile = SMALL + f"RUN dd if=/dev/zero of='/{name.replace('/', '_')}' bs=1000 count=700\n"
    tree = merged({"Dockerfile": SMALL}, {"Dockerfile": hostile})
    number = github.open_pull_request("feature")["number"]
    ran = runner.pull_request(tree, number)
    assert ran.status == 0, ran.log
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(only(github, number))
    inline = [child for token in tokens for child in token.children or ()]
    texts = "".join(child.content for child in inline if child.type == "text")
    assert [child for child in inline if child.type == "image"] == []
    assert all(child.attrs.get("href", "") != "http://example.com" for child in inline)
    assert "@octocat" not in texts
    shown = [child.content for child in inline if child.type == "code_inline"]
    assert any("@octocat" in text and "a|b" in text for text in shown)
