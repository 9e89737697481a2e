"""A report gets onto its pull request, whoever else writes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.fakes import FakePullRequests
from tests.support.reports import HEAD, MEGABYTE, image, report
from weighbridge.core.marker import key_of
from weighbridge.core.sticky import CommentMode, Run, state_of
from weighbridge.errors import GitHubError, GitHubForbidden, UsageError
from weighbridge.publish import CommentRequest, NotPublished, Outcome, PublishedComment, publish_comment

if TYPE_CHECKING:
    from weighbridge.model.report import Report
    from weighbridge.ports import Comment

NUMBER = 7
FIRST = Run(10)


def render(what: Report, first_line: str) -> str:
    return "\n".join([first_line, *(f"{each.name} {each.diff.size if each.diff else '?'}" for each in what.images)])


def request(
    what: Report, *, run: Run = FIRST, mode: CommentMode = CommentMode.ALWAYS, key: str = "default"
) -> CommentRequest:
    return CommentRequest(number=NUMBER, report=what, render=render, key=key, run=run, mode=mode)


def publish(pulls: FakePullRequests, asked: CommentRequest) -> PublishedComment | NotPublished:
    return publish_comment(pulls, asked, pause=lambda _: None)


def texts(pulls: FakePullRequests) -> list[str]:
    """Our comments without their markers."""
    return [body.partition("\n")[2] for body in pulls.bodies(NUMBER, author=pulls.me)]


@pytest.fixture
def pulls() -> FakePullRequests:
    fake = FakePullRequests()
    fake.open(NUMBER, head_sha=HEAD)
    return fake


def test_the_first_run_creates_the_comment(pulls: FakePullRequests) -> None:
    published = publish(pulls, request(report(image("app", 5))))

    assert PublishedComment(id=1, url=published_url(1), outcome=Outcome.CREATED) == published
    assert ["app 5"] == texts(pulls)


def published_url(number: int) -> str:
    return f"https://github.example/pull/{NUMBER}#issuecomment-{number}"


def test_a_later_run_edits_it_in_place(pulls: FakePullRequests) -> None:
    publish(pulls, request(report(image("app", 5 * MEGABYTE))))
    pulls.add_comment(NUMBER, "hm", author="octocat")

    published = publish(pulls, request(report(image("app", 0), head="c" * 40), run=Run(11)))

    assert PublishedComment(id=1, url=published_url(1), outcome=Outcome.EDITED) == published
    assert ["app 0"] == texts(pulls)


def test_the_same_run_again_writes_nothing(pulls: FakePullRequests) -> None:
    publish(pulls, request(report(image("app", 5))))
    writes = pulls.writes

    published = publish(pulls, request(report(image("app", 5))))

    assert PublishedComment(id=1, url=published_url(1), outcome=Outcome.UNCHANGED) == published
    assert writes == pulls.writes


def test_jobs_of_a_matrix_share_the_comment(pulls: FakePullRequests) -> None:
    for name in ("web", "api", "cron"):
        publish(pulls, request(report(image(name, 5))))

    assert ["api 5\ncron 5\nweb 5"] == texts(pulls)


def test_another_key_is_another_comment(pulls: FakePullRequests) -> None:
    publish(pulls, request(report(image("web", 5))))
    publish(pulls, request(report(image("api", 5)), key="nightly"))

    assert ["web 5", "api 5"] == texts(pulls)


def test_a_job_that_overwrote_ours_meanwhile_loses_nothing(pulls: FakePullRequests) -> None:
    publish(pulls, request(report(image("first", 1))))
    stale = pulls.find_comment(NUMBER, "default")
    assert stale is not None

    def other_job_read_before_us() -> None:
        # It read the comment when we did, and writes just after us: what we wrote is gone.
        pulls.overwrite_later(stale.id, other_body(stale, report(image("other", 2))))

    pulls.meanwhile = other_job_read_before_us

    published = publish(pulls, request(report(image("ours", 3))))

    assert isinstance(published, PublishedComment)
    assert ["first 1\nother 2\nours 3"] == texts(pulls)


def other_body(stale: Comment, what: Report) -> str:
    alone = FakePullRequests()
    alone.open(NUMBER)
    alone.add_comment(NUMBER, stale.body, author=alone.me)
    publish(alone, request(what))
    return alone.bodies(NUMBER)[0]


def test_two_jobs_that_both_create_a_comment_end_with_one(pulls: FakePullRequests) -> None:
    def other_job() -> None:
        publish(pulls, request(report(image("other", 2))))

    pulls.meanwhile = other_job

    published = publish(pulls, request(report(image("ours", 3))))

    assert ["other 2\nours 3"] == texts(pulls)
    assert isinstance(published, PublishedComment)
    assert 1 == published.id


def test_an_older_run_does_not_overwrite_a_newer_one(pulls: FakePullRequests) -> None:
    publish(pulls, request(report(image("app", 5)), run=Run(11)))

    published = publish(pulls, request(report(image("app", 9), head="c" * 40), run=Run(10)))

    assert NotPublished(reason=f"a newer run has commented on {HEAD[:12]} already") == published
    assert ["app 5"] == texts(pulls)


def test_nothing_to_say_is_nothing_written(pulls: FakePullRequests) -> None:
    published = publish(pulls, request(report(image("app", 0)), mode=CommentMode.CHANGES))

    assert NotPublished(reason="no image changed") == published
    assert [] == texts(pulls)


def test_off_asks_github_nothing(pulls: FakePullRequests) -> None:
    pulls.fault = GitHubError("down")

    assert NotPublished(reason="comment-mode is off") == publish(
        pulls, request(report(image("app", 5)), mode=CommentMode.OFF)
    )


@pytest.mark.parametrize("error", [GitHubError("it is away"), GitHubForbidden("it is forbidden")])
def test_what_github_refuses_is_an_answer(pulls: FakePullRequests, error: GitHubError) -> None:
    pulls.fault = error

    assert NotPublished(reason=str(error), fault=True) == publish(pulls, request(report(image("app", 5))))


def test_a_comment_that_could_not_be_read_again_was_still_written(pulls: FakePullRequests) -> None:
    def go_down(_: float) -> None:
        pulls.fault = GitHubError("it is away")

    published = publish_comment(pulls, request(report(image("app", 5))), pause=go_down)

    assert PublishedComment(id=1, url=published_url(1), outcome=Outcome.CREATED) == published
    assert ["app 5"] == texts(pulls)


def test_jobs_that_never_stop_overwriting_each_other_are_given_up(pulls: FakePullRequests) -> None:
    publish(pulls, request(report(image("other", 2))))
    other = pulls.bodies(NUMBER)[0]

    published = publish_comment(pulls, request(report(image("ours", 3))), pause=lambda _: pulls.overwrite(1, other))

    assert NotPublished(reason="other jobs kept overwriting the comment", fault=True) == published


def test_a_key_that_can_not_be_one_is_wrong_usage(pulls: FakePullRequests) -> None:
    with pytest.raises(UsageError, match="comment-key"):
        publish(pulls, request(report(image("app", 5)), key="a--b"))


def test_what_is_written_can_be_merged_with(pulls: FakePullRequests) -> None:
    publish(pulls, request(report(image("app", 5))))

    (written,) = pulls.bodies(NUMBER)
    assert "default" == key_of(written)
    state = state_of(written)
    assert state is not None
    assert (Run(10),) == state.runs
