"""GitHub fails, limits, forbids and dawdles; what comes of it is a comment, once, or one clear line."""

from __future__ import annotations

import itertools
import logging
import socket
import time
from typing import Any

import pytest

from tests.support.github import BOT_TOKEN, OWNER_TOKEN, REPOSITORY, GitHub
from tests.support.github_proxy import Fault, forbid_writes
from weighbridge.adapters.github import GitHubPullRequests
from weighbridge.core.marker import marker
from weighbridge.errors import GitHubError, GitHubForbidden, UsageError

_names = (f"branch-{number}" for number in itertools.count())
BODY = f"{marker('default', 'v1')}\ngrew"


@pytest.fixture
def number(github: GitHub) -> int:
    return int(github.open_pull_request(next(_names))["number"])


def adapter(github: GitHub, **options: Any) -> GitHubPullRequests:
    return GitHubPullRequests(REPOSITORY, BOT_TOKEN, **{"api_url": github.url, "backoff": 0.01, **options})


def bodies(github: GitHub, number: int) -> list[str]:
    return [comment["body"] for comment in github.comments(number)]


@pytest.mark.parametrize("fault", [Fault(status=502, times=2), Fault(reset=True, times=2)], ids=["502", "reset"])
def test_a_read_that_fails_is_tried_again(github: GitHub, number: int, fault: Fault) -> None:
    github.proxy.faults.append(fault)

    assert adapter(github).get(number).number == number
    assert 3 == len(github.proxy.seen("GET"))


def test_an_edit_that_fails_is_tried_again(github: GitHub, number: int) -> None:
    pulls = adapter(github)
    comment = pulls.create_comment(number, BODY)
    github.proxy.faults += [Fault(method="PATCH", status=503, times=1), Fault(method="PATCH", reset=True, times=1)]

    pulls.edit_comment(number, comment.id, f"{BODY} more")

    assert [f"{BODY} more"] == bodies(github, number)


@pytest.mark.parametrize("after", [False, True], ids=["before it was posted", "after it was posted"])
@pytest.mark.parametrize("what", [{"reset": True}, {"status": 502}], ids=["reset", "502"])
def test_a_comment_is_posted_once_wherever_the_answer_got_lost(
    github: GitHub, number: int, what: dict[str, Any], after: bool
) -> None:
    github.proxy.faults.append(Fault(method="POST", times=1, after=after, **what))

    comment = adapter(github).create_comment(number, BODY)

    assert [BODY] == bodies(github, number)
    assert BODY == comment.body


def test_a_429_is_waited_out_for_as_long_as_it_says(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(method="POST", status=429, times=1, headers={"Retry-After": "1"}))
    said: list[str] = []
    start = time.monotonic()

    adapter(github, say=said.append).create_comment(number, BODY)

    assert time.monotonic() - start >= 1
    assert [BODY] == bodies(github, number)
    assert 1 == len(said)
    assert said[0].startswith("GitHub: rate limit (429); trying again in 1 s")


def test_a_primary_rate_limit_is_waited_out_until_its_reset(github: GitHub, number: int) -> None:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 1)}
    message = "API rate limit exceeded for installation."
    github.proxy.faults += [
        Fault(status=403, message=message, times=1, headers=reset),
        Fault(status=429, message=message, times=1, headers=reset),
    ]

    assert adapter(github).get(number).number == number


@pytest.mark.parametrize(
    ("status", "message", "headers"),
    [
        (403, "You have exceeded a secondary rate limit. Please wait.", {}),
        (429, "You have exceeded a secondary rate limit. Please wait.", {}),
        (403, "You have exceeded a secondary rate limit.", {"Retry-After": "3600"}),
        (403, "API rate limit exceeded.", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}),
        (429, "API rate limit exceeded.", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}),
    ],
)
def test_a_rate_limit_that_outlasts_the_deadline_ends_at_once(
    github: GitHub, number: int, status: int, message: str, headers: dict[str, str]
) -> None:
    github.proxy.faults.append(Fault(status=status, message=message, headers=headers))
    start = time.monotonic()

    with pytest.raises(
        GitHubError, match=rf"GitHub stayed away: rate limit \({status}\), and waiting \d+ s more"
    ) as raised:
        adapter(github, deadline=5).create_comment(number, BODY)

    assert time.monotonic() - start < 2
    assert not isinstance(raised.value, GitHubForbidden)


def test_an_outage_ends_with_the_deadline(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(status=500))
    start = time.monotonic()

    with pytest.raises(GitHubError, match=r"GitHub stayed away: it fails \(500\)"):
        adapter(github, deadline=1, backoff=0.2, retries=100).get(number)

    assert time.monotonic() - start < 2


def test_an_outage_ends_after_the_retries(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(status=500))

    with pytest.raises(GitHubError, match=r"refused to show pull request \d+ \(500, made up by the test\), also after"):
        adapter(github, retries=2).get(number)

    assert 3 == len(github.proxy.seen("GET"))


def test_a_slow_answer_is_not_waited_for_forever(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(method="GET", delay=3, times=1))
    start = time.monotonic()

    assert adapter(github, timeout=1).get(number).number == number
    assert time.monotonic() - start < 3


def test_a_comment_whose_answer_is_slow_is_posted_once(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(method="POST", delay=1.5, times=1))
    pulls = adapter(github, timeout=1, backoff=1)

    comment = pulls.create_comment(number, BODY)

    assert [BODY] == bodies(github, number)
    assert comment == pulls.find_comment(number, "default")


def test_a_token_that_may_not_write_names_the_permission(github: GitHub, number: int) -> None:
    github.proxy.faults += forbid_writes()

    with pytest.raises(GitHubForbidden) as raised:
        adapter(github).create_comment(number, BODY)

    assert (
        f"localhost:{github.proxy.port} refused to comment on pull request {number} (403, Resource not accessible by "
        'integration): the token needs the permission "pull-requests: write"'
    ) == str(raised.value)
    assert 1 == len(github.proxy.seen("POST"))


def test_a_404_for_a_comment_means_no_access(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(method="POST", status=404, message="Not Found"))

    with pytest.raises(GitHubForbidden, match="pull-requests: write"):
        adapter(github).create_comment(number, BODY)


def test_a_token_that_is_no_good_is_said_to_be(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(status=401, message="Bad credentials"))

    with pytest.raises(GitHubForbidden, match="the token is not valid"):
        adapter(github).get(number)


def test_the_token_of_a_job_may_not_ask_who_it_is_and_is_the_bot(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(method="GET", path="/user", status=403, message="Resource not accessible"))
    created = adapter(github).create_comment(number, BODY)

    assert created == adapter(github).find_comment(number, "default")
    assert ["/graphql"] == [each.target for each in github.proxy.seen("POST")[1:]]


def test_the_token_of_an_app_is_told_its_name_by_graphql(github: GitHub, number: int) -> None:
    github.proxy.faults.append(Fault(method="GET", path="/user", status=403, message="Resource not accessible"))
    github.proxy.viewer = "octocat"
    mine = github.comment(number, BODY, token=OWNER_TOKEN)
    github.comment(number, BODY, token=BOT_TOKEN)

    found = adapter(github).find_comment(number, "default")

    assert found is not None
    assert mine["id"] == found.id


def test_a_label_whose_events_may_not_be_read_was_set_by_nobody_known(github: GitHub, number: int) -> None:
    github.add_label(number, "weighbridge: accepted")
    github.proxy.faults.append(Fault(path="/events", status=403, message="Resource not accessible"))

    assert adapter(github).label_setter(number, "weighbridge: accepted") is None


@pytest.mark.parametrize(
    "fault",
    [Fault(status=401), Fault(status=403), Fault(status=500), Fault(reset=True)],
    ids=["401", "403", "500", "reset"],
)
def test_the_token_is_in_no_message_log_or_repr(
    github: GitHub, number: int, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    fault.message = f"what a token: {BOT_TOKEN}"
    github.proxy.faults.append(fault)
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    pulls = adapter(github, retries=1, say=said.append)

    with pytest.raises(GitHubError) as raised:
        pulls.create_comment(number, BODY)

    shown = [str(raised.value), repr(raised.value), repr(pulls), *said]
    assert [] == [text for text in shown if BOT_TOKEN in text]
    assert [] == [record.getMessage() for record in caplog.records if f"Bearer {BOT_TOKEN}" in record.getMessage()]
    assert "\n" not in str(raised.value)


def test_where_nothing_listens_one_line_says_so() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        pulls = GitHubPullRequests(REPOSITORY, BOT_TOKEN, api_url=f"http://localhost:{port}", retries=1, backoff=0.01)

        with pytest.raises(GitHubError, match=rf"^localhost:{port} could not be asked to show pull request 1: "):
            pulls.get(1)


def test_a_ca_bundle_that_is_not_there_is_named() -> None:
    pulls = GitHubPullRequests(REPOSITORY, BOT_TOKEN, api_url="https://localhost:1", ca_bundle="/nowhere.pem")

    with pytest.raises(GitHubError, match=r"/nowhere\.pem"):
        pulls.get(1)


@pytest.mark.parametrize(
    ("repository", "token", "api_url"),
    [
        ("octocat", "t", "https://api.github.com"),
        ("octocat/../user", "t", "https://api.github.com"),
        ("octocat/..", "t", "https://api.github.com"),
        ("octocat/yard", "", "https://api.github.com"),
        ("octocat/yard", "t\nX-Evil: 1", "https://api.github.com"),
        ("octocat/yard", "t", "ftp://api.github.com"),
        ("octocat/yard", "t", "https://user:secret@api.github.com"),
        ("octocat/yard", "t", "https://[api.github.com"),
        ("octocat/yard", "t", "api.github.com"),
    ],
)
def test_what_can_not_be_a_repository_a_token_or_a_url_is_refused(repository: str, token: str, api_url: str) -> None:
    with pytest.raises(UsageError) as raised:
        GitHubPullRequests(repository, token, api_url=api_url)

    assert "secret" not in str(raised.value)
