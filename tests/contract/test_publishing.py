"""Reports get onto a pull request of a real, stateful GitHub API, also when all jobs of a matrix come at once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.github import BOT_TOKEN, REPOSITORY, GitHub
from tests.support.github_proxy import Fault, forbid_writes
from tests.support.reports import HEAD, image, report
from weighbridge.adapters.github import GitHubPullRequests
from weighbridge.core.sticky import CommentMode, Run
from weighbridge.publish import CommentRequest, NotPublished, Outcome, PublishedComment, publish_comment

if TYPE_CHECKING:
    from weighbridge.model.report import Report

_names = (f"branch-{number}" for number in itertools.count())


@pytest.fixture
def number(github: GitHub) -> int:
    return int(github.open_pull_request(next(_names))["number"])


def render(what: Report, first_line: str) -> str:
    return "\n".join([first_line, *(f"{each.name} {each.diff.size if each.diff else '?'}" for each in what.images)])


def publish(github: GitHub, number: int, what: Report, run: int = 10) -> PublishedComment | NotPublished:
    pulls = GitHubPullRequests(REPOSITORY, BOT_TOKEN, api_url=github.url, page_size=30, backoff=0.01)
    request = CommentRequest(
        number=number, report=what, render=render, key="default", run=Run(run), mode=CommentMode.ALWAYS
    )
    return publish_comment(pulls, request)


def texts(github: GitHub, number: int) -> list[str]:
    """Comments of ours, without their markers."""
    return [
        comment["body"].partition("\n")[2]
        for comment in github.comments(number)
        if comment["user"]["login"] == "github-actions[bot]"
    ]


def test_five_jobs_at_once_end_with_one_comment_that_has_all_images(github: GitHub, number: int) -> None:
    names = ["api", "cron", "db", "mail", "web"]

    with ThreadPoolExecutor(len(names)) as jobs:
        done = list(jobs.map(lambda name: publish(github, number, report(image(name, 5))), names))

    assert ["api 5\ncron 5\ndb 5\nmail 5\nweb 5"] == texts(github, number)
    assert [True] * 5 == [isinstance(each, PublishedComment) for each in done]


def test_a_second_push_edits_the_one_comment_behind_sixty_of_others(github: GitHub, number: int) -> None:
    for remark in range(60):
        github.comment(number, f"remark {remark}")
    first = publish(github, number, report(image("app", 5)))
    for remark in range(5):
        github.comment(number, f"later remark {remark}")
    github.proxy.exchanges.clear()

    second = publish(github, number, report(image("app", 0), head="c" * 40), run=11)

    assert isinstance(first, PublishedComment)
    assert PublishedComment(id=first.id, url=first.url, outcome=Outcome.EDITED) == second
    assert ["app 0"] == texts(github, number)
    # Three pages before the edit, and three to see that it is there.
    assert 6 == len(github.proxy.seen("GET", f"/issues/{number}/comments"))


def test_an_outage_while_posting_leaves_one_whole_comment(github: GitHub, number: int) -> None:
    github.proxy.faults += [
        Fault(method="GET", status=500, times=1),
        Fault(method="POST", reset=True, times=1, after=True),
        Fault(method="GET", reset=True, times=1),
    ]

    published = publish(github, number, report(image("app", 5)))

    assert isinstance(published, PublishedComment)
    assert ["app 5"] == texts(github, number)


def test_a_read_only_token_is_told_of_and_leaves_nothing(github: GitHub, number: int) -> None:
    github.proxy.faults += forbid_writes()

    published = publish(github, number, report(image("app", 5)))

    assert isinstance(published, NotPublished)
    assert published.fault
    assert 'the token needs the permission "pull-requests: write"' in published.reason
    assert [] == texts(github, number)


def test_a_slower_job_of_an_older_push_does_not_have_the_last_word(github: GitHub, number: int) -> None:
    publish(github, number, report(image("app", 5)), run=11)

    published = publish(github, number, report(image("app", 9), head="c" * 40), run=10)

    assert NotPublished(reason=f"a newer run has commented on {HEAD[:12]} already") == published
    assert ["app 5"] == texts(github, number)
