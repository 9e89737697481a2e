"""What weighbridge asks of pull requests holds on the fake and on a real, stateful GitHub API."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.fakes import FakePullRequests
from tests.support.github import BOT_TOKEN, OWNER, OWNER_TOKEN, REPOSITORY, GitHub
from weighbridge.adapters.github import GitHubPullRequests
from weighbridge.core.marker import marker
from weighbridge.errors import GitHubError

if TYPE_CHECKING:
    from weighbridge.ports import PullRequests

_names = (f"branch-{number}" for number in itertools.count())


class World(Protocol):
    """What a test does as somebody else, and what it sees."""

    number: int
    head_sha: str

    @property
    def pulls(self) -> PullRequests: ...

    def strangers_comment(self, body: str) -> None: ...

    def set_label(self, label: str) -> None: ...

    def minimize(self, comment_id: int) -> None: ...

    def bodies(self) -> list[str]: ...


@dataclass
class _FakeWorld:
    pulls: FakePullRequests
    number: int = 1
    head_sha: str = "5" * 40

    def __post_init__(self) -> None:
        self.pulls.open(self.number, head_sha=self.head_sha)

    def strangers_comment(self, body: str) -> None:
        self.pulls.add_comment(self.number, body, author=OWNER)

    def set_label(self, label: str) -> None:
        self.pulls.add_label(self.number, label, OWNER)

    def minimize(self, comment_id: int) -> None:
        self.pulls.minimize(comment_id)

    def bodies(self) -> list[str]:
        return self.pulls.bodies(self.number)


class _RealWorld:
    def __init__(self, github: GitHub) -> None:
        self._github = github
        self.pulls = GitHubPullRequests(REPOSITORY, BOT_TOKEN, api_url=github.url, page_size=30, backoff=0.01)
        pull = github.open_pull_request(next(_names))
        self.number: int = pull["number"]
        self.head_sha: str = pull["head"]["sha"]

    def strangers_comment(self, body: str) -> None:
        self._github.comment(self.number, body, token=OWNER_TOKEN)

    def set_label(self, label: str) -> None:
        self._github.add_label(self.number, label)

    def minimize(self, comment_id: int) -> None:
        self._github.proxy.minimized.add(comment_id)

    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self._github.comments(self.number)]


@pytest.fixture(params=["fake", "emulate"])
def world(request: pytest.FixtureRequest) -> World:
    return _FakeWorld(FakePullRequests()) if request.param == "fake" else _RealWorld(request.getfixturevalue("github"))


def body(text: str, key: str = "default") -> str:
    return f"{marker(key, 'v1')}\n{text}"


class TestPullRequests:
    """The contract of ports.PullRequests."""

    def test_a_pull_request_tells_its_head_its_base_and_that_it_is_open(self, world: World) -> None:
        pull = world.pulls.get(world.number)

        assert (world.number, world.head_sha, "main") == (pull.number, pull.head_sha, pull.base_ref)
        assert (True, True, ()) == (pull.open, pull.same_repository, pull.labels)

    def test_a_pull_request_that_is_not_there_is_an_error(self, world: World) -> None:
        with pytest.raises(GitHubError):
            world.pulls.get(999_999)

    def test_a_commit_is_held_by_the_pull_request_that_it_is_the_head_of(self, world: World) -> None:
        assert (world.number,) == tuple(pull.number for pull in world.pulls.holding(world.head_sha))

    def test_an_unknown_commit_is_held_by_none(self, world: World) -> None:
        assert () == world.pulls.holding("0" * 40)

    def test_what_was_created_is_found_again(self, world: World) -> None:
        created = world.pulls.create_comment(world.number, body("grew"))

        assert created == world.pulls.find_comment(world.number, "default")
        assert [body("grew")] == world.bodies()

    def test_nothing_is_found_where_nothing_was_written(self, world: World) -> None:
        assert world.pulls.find_comment(world.number, "default") is None

    def test_an_edit_replaces_the_body_in_place(self, world: World) -> None:
        created = world.pulls.create_comment(world.number, body("grew"))
        world.strangers_comment("thanks")

        edited = world.pulls.edit_comment(world.number, created.id, body("shrank"))

        assert (created.id, body("shrank")) == (edited.id, edited.body)
        assert [body("shrank"), "thanks"] == world.bodies()

    def test_another_key_is_another_comment(self, world: World) -> None:
        world.pulls.create_comment(world.number, body("grew", "nightly"))

        assert world.pulls.find_comment(world.number, "default") is None

    def test_a_strangers_copy_of_the_marker_is_not_ours(self, world: World) -> None:
        world.strangers_comment(body("forged"))

        assert world.pulls.find_comment(world.number, "default") is None

    def test_our_last_comment_without_the_marker_is_not_taken(self, world: World) -> None:
        world.pulls.create_comment(world.number, f"something else\n{marker('default', 'v1')}")

        assert world.pulls.find_comment(world.number, "default") is None

    def test_a_minimized_comment_is_left_alone(self, world: World) -> None:
        world.minimize(world.pulls.create_comment(world.number, body("old")).id)
        newer = world.pulls.create_comment(world.number, body("new"))

        assert newer == world.pulls.find_comment(world.number, "default")

    def test_of_two_comments_of_ours_the_oldest_is_found(self, world: World) -> None:
        first = world.pulls.create_comment(world.number, body("first"))
        world.pulls.create_comment(world.number, body("second"))

        assert first == world.pulls.find_comment(world.number, "default")

    def test_a_deleted_comment_is_gone_and_may_be_deleted_again(self, world: World) -> None:
        created = world.pulls.create_comment(world.number, body("grew"))

        world.pulls.delete_comment(world.number, created.id)
        world.pulls.delete_comment(world.number, created.id)

        assert [] == world.bodies()

    def test_who_set_a_label_is_told_whatever_its_case(self, world: World) -> None:
        world.set_label("weighbridge: accepted")

        assert world.pulls.label_setter(world.number, "Weighbridge: Accepted") == OWNER

    def test_nobody_set_a_label_that_is_not_there(self, world: World) -> None:
        world.set_label("bug")

        assert world.pulls.label_setter(world.number, "weighbridge: accepted") is None

    def test_ours_is_found_behind_sixty_comments_of_others(self, world: World) -> None:
        for number in range(60):
            world.strangers_comment(f"remark {number}")
        created = world.pulls.create_comment(world.number, body("grew"))

        assert created == world.pulls.find_comment(world.number, "default")
        assert 61 == len(world.bodies())
