"""What weighbridge asks of releases and issues holds on the fake and on a real, stateful GitHub API."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.support.fake_tracking import FakeTracking
from tests.support.github import BOT_TOKEN, OWNER_TOKEN, REPOSITORY, GitHub, running_github
from tests.support.github_proxy import Fault, forbid_writes
from tests.support.records import record
from weighbridge.adapters.github_tracking import GitHubTracking
from weighbridge.core.history import alert
from weighbridge.core.marker import marker
from weighbridge.errors import GitHubError, GitHubForbidden
from weighbridge.forge import Issue, ReleaseNotes
from weighbridge.tracking import release_section, watch, write_notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.forge import Tracking

_tags = (f"v1.{number}.0" for number in itertools.count())
MB = 1_000_000


class World(Protocol):
    """GitHub, and what somebody does there."""

    @property
    def tracking(self) -> Tracking: ...

    def release(self, tag: str, body: str) -> None: ...

    def body(self, tag: str) -> str: ...

    def open_issue(self, body: str) -> None: ...

    def title(self, number: int) -> str: ...


class _Fake:
    def __init__(self) -> None:
        self.tracking = FakeTracking()

    def release(self, tag: str, body: str) -> None:
        self.tracking.releases[tag] = ReleaseNotes(id=len(self.tracking.releases) + 1, body=body)

    def body(self, tag: str) -> str:
        return self.tracking.releases[tag].body

    def open_issue(self, body: str) -> None:
        number = 1 + max([0, *self.tracking.ours, *self.tracking.others])
        self.tracking.others[number] = Issue(number=number, body=body, open=True, url="")

    def title(self, number: int) -> str:
        return self.tracking.titles[number]


class _Real:
    def __init__(self, github: GitHub) -> None:
        self._github = github
        self.tracking = GitHubTracking(REPOSITORY, BOT_TOKEN, api_url=github.url, backoff=0.01, page_size=5, retries=2)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return self._github.call(method, f"/repos/{REPOSITORY}/{path}", body, token=OWNER_TOKEN)

    def release(self, tag: str, body: str) -> None:
        self._call("POST", "releases", {"tag_name": tag, "name": f"Release {tag}", "body": body, "prerelease": True})

    def body(self, tag: str) -> str:
        found = self._call("GET", f"releases/tags/{tag}")
        assert (f"Release {tag}", True) == (found["name"], found["prerelease"])
        return str(found["body"])

    def open_issue(self, body: str) -> None:
        self._call("POST", "issues", {"title": "theirs", "body": body})

    def title(self, number: int) -> str:
        return str(self._call("GET", f"issues/{number}")["title"])


@pytest.fixture
def running() -> Iterator[GitHub]:
    """One of its own for each test: what was released stays."""
    with running_github() as github:
        yield github


@pytest.fixture(params=["fake", "github"])
def world(request: pytest.FixtureRequest) -> World:
    return _Fake() if request.param == "fake" else _Real(request.getfixturevalue("github"))


class TestTracking:
    """The contract of forge.Tracking."""

    def test_notes_are_read_and_replaced_and_nothing_else_is(self, world: World) -> None:
        world.release("v1.0.0", "What is new\r\n")
        found = world.tracking.notes("v1.0.0")

        assert found is not None
        assert "What is new\r\n" == found.body
        world.tracking.edit_notes(found.id, "other ünïcode")

        assert "other ünïcode" == world.body("v1.0.0")

    def test_a_tag_without_a_release_has_no_notes(self, world: World) -> None:
        assert world.tracking.notes("v9.9.9") is None

    def test_a_release_that_is_gone_is_told(self, world: World) -> None:
        with pytest.raises(GitHubError):
            world.tracking.edit_notes(999_999, "x")

    def test_issues_are_found_by_marker_and_author_over_pages(self, world: World) -> None:
        mine = marker("alert", "v1")
        first = world.tracking.create_issue("grew", f"{mine}\nold")
        for number in range(12):
            world.open_issue(f"{mine}\n{number}")
        world.tracking.create_issue("else", f"{marker('other', 'v1')}\n")
        second = world.tracking.create_issue("grew", f"{mine}\nnew")
        world.tracking.edit_issue(second.number, body=f"{mine}\nclosed", is_open=False)

        found = world.tracking.issues("alert")

        assert [(first.number, True), (second.number, False)] == [(each.number, each.open) for each in found]
        assert f"{mine}\nclosed" == found[1].body

    def test_an_issue_is_closed_and_opened_again_with_another_title(self, world: World) -> None:
        made = world.tracking.create_issue("one", f"{marker('alert', 'v1')}\n")

        world.tracking.edit_issue(made.number, body=f"{marker('alert', 'v2')}\n", is_open=False)
        assert "one" == world.title(made.number)
        world.tracking.edit_issue(made.number, body=f"{marker('alert', 'v3')}\n", is_open=True, title="two")

        (found,) = world.tracking.issues("alert")
        assert (made.number, True, "two") == (found.number, found.open, world.title(found.number))


def test_a_release_gets_its_comparison_once(world: World) -> None:
    world.release("v1.10.0", "What is new")
    records = [record(0, 100 * MB, release="v1.9.0"), record(1, 140 * MB, release="v1.10.0")]
    section = release_section("v1.10.0", records, "main", None)

    for expected in ("say how it compares", "say it already"):
        assert expected in write_notes("v1.10.0", section, world.tracking)

    body = world.body("v1.10.0")
    assert body.startswith("What is new\n\n<!-- weighbridge:release begin -->\n### Image size")
    assert "| 100.0 MB → **140.0 MB** | **+40.0 MB** (+40.0 %) |" in body
    assert 1 == body.count("### Image size")


def test_growth_opens_one_issue_that_is_updated_and_closed(world: World) -> None:
    records = [record(0, 100 * MB, release="v1.0.0"), record(1, 120 * MB)]

    assert "told of growth" in watch(records, "main", 10 * MB, world.tracking)
    assert "told already" in watch(records, "main", 10 * MB, world.tracking)
    (opened,) = world.tracking.issues(alert.KEY)
    assert "app grew by +20.0 MB" == world.title(opened.number)

    records.append(record(2, 130 * MB))
    assert "told of growth" in watch(records, "main", 10 * MB, world.tracking)
    (updated,) = world.tracking.issues(alert.KEY)
    assert (opened.number, True) == (updated.number, updated.open)
    assert "**+30.0 MB** (+30.0 %)" in updated.body

    records.append(record(3, 105 * MB))
    assert "closed" in watch(records, "main", 10 * MB, world.tracking)
    assert "" == watch(records, "main", 10 * MB, world.tracking)
    (closed,) = world.tracking.issues(alert.KEY)
    assert (opened.number, False) == (closed.number, closed.open)

    records.append(record(4, 150 * MB))
    assert "told of growth" in watch(records, "main", 10 * MB, world.tracking)
    (again,) = world.tracking.issues(alert.KEY)
    assert (opened.number, True) == (again.number, again.open)


@pytest.mark.parametrize("after", [False, True], ids=["before it was opened", "after it was opened"])
@pytest.mark.parametrize("what", [{"reset": True}, {"status": 502}], ids=["reset", "502"])
def test_an_issue_is_opened_once_wherever_the_answer_got_lost(
    github: GitHub, what: dict[str, Any], after: bool
) -> None:
    world = _Real(github)
    text = f"{marker('alert', 'v1')}\ngrew"
    world.open_issue(text)
    closed = world.tracking.create_issue("grew", text)
    world.tracking.edit_issue(closed.number, body=text, is_open=False)
    github.proxy.faults.append(Fault(method="POST", path="/issues", times=1, after=after, **what))

    made = world.tracking.create_issue("grew", text)

    assert made.number > closed.number
    found = world.tracking.issues("alert")
    assert [(made.number, True), (closed.number, False)] == [(each.number, each.open) for each in found]


def test_a_token_that_may_not_write_is_told_what_to_add(github: GitHub) -> None:
    world = _Real(github)
    world.release("v1.0.0", "x")
    github.proxy.faults += forbid_writes()
    found = world.tracking.notes("v1.0.0")
    assert found is not None

    with pytest.raises(GitHubForbidden, match="contents: write"):
        world.tracking.edit_notes(found.id, "y")
    with pytest.raises(GitHubForbidden, match="issues: write"):
        world.tracking.create_issue("a", "b")
