"""Comments on lines of a pull request hold their contract on the fake and on a real, stateful GitHub API."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.fake_reviews import FakeReviews
from tests.support.fakes import FakePullRequests
from tests.support.fixes import DOCKERFILE, TIDY, tidy_fix
from tests.support.github import BOT_TOKEN, OWNER, OWNER_TOKEN, REPOSITORY, GitHub
from tests.support.github_proxy import Fault, forbid_writes
from tests.support.reports import image, report
from weighbridge.adapters.github import GitHubPullRequests
from weighbridge.adapters.github_reviews import GitHubReviews
from weighbridge.core.marker import marker
from weighbridge.errors import GitHubError
from weighbridge.forge import ChangedFile
from weighbridge.suggesting import NotSuggested, Suggested, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.forge import Reviews
    from weighbridge.model.report import Report
    from weighbridge.ports import PullRequests

_names = (f"branch-{number}" for number in itertools.count())
OTHER = "line\n" * 30


class World(Protocol):
    """What a test does as somebody else, and what it sees."""

    number: int
    head_sha: str

    @property
    def pulls(self) -> PullRequests: ...

    @property
    def reviews(self) -> Reviews: ...

    def strangers_comment(self, body: str, line: int) -> None: ...

    def answer(self, comment_id: int) -> None: ...

    def bodies(self) -> list[str]: ...


@dataclass
class _FakeWorld:
    reviews: FakeReviews = field(default_factory=FakeReviews)
    pulls: FakePullRequests = field(default_factory=FakePullRequests)
    number: int = 1
    head_sha: str = "5" * 40

    def __post_init__(self) -> None:
        self.pulls.open(self.number, head_sha=self.head_sha)
        written = DOCKERFILE.splitlines()
        added = "\n".join(f"+{line}" for line in written)
        self.reviews.files[self.number] = (
            ChangedFile(path="Dockerfile", patch=f"@@ -0,0 +1,{len(written)} @@\n{added}"),
            ChangedFile(path="other.txt", patch="@@ -0,0 +1,30 @@\n" + "+line\n" * 30),
        )

    def strangers_comment(self, body: str, line: int) -> None:
        self.reviews.add(self.number, body, line=line, author=OWNER)

    def answer(self, comment_id: int) -> None:
        self.reviews.answer(self.number, comment_id)

    def bodies(self) -> list[str]:
        return list(self.reviews.bodies(self.number))


class _RealWorld:
    def __init__(self, github: GitHub) -> None:
        self._github = github
        self.pulls = GitHubPullRequests(REPOSITORY, BOT_TOKEN, api_url=github.url, page_size=30, backoff=0.01)
        self.reviews = GitHubReviews(REPOSITORY, BOT_TOKEN, api_url=github.url, page_size=30, backoff=0.01)
        pull = github.open_pull_request(next(_names), files={"Dockerfile": DOCKERFILE, "other.txt": OTHER})
        self.number: int = pull["number"]
        self.head_sha: str = pull["head"]["sha"]

    def strangers_comment(self, body: str, line: int) -> None:
        asked = {"body": body, "path": "other.txt", "line": line, "side": "RIGHT", "commit_id": self.head_sha}
        self._github.call("POST", f"/repos/{REPOSITORY}/pulls/{self.number}/comments", asked, token=OWNER_TOKEN)

    def answer(self, comment_id: int) -> None:
        # The description knows `in_reply_to`, the API its older name.
        asked = {"body": "why?", "in_reply_to_id": comment_id}
        self._github.call("POST", f"/repos/{REPOSITORY}/pulls/{self.number}/comments", asked, token=OWNER_TOKEN)

    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self._github.review_comments(self.number)]


@pytest.fixture(params=["fake", "emulate"])
def world(request: pytest.FixtureRequest) -> World:
    return _FakeWorld() if request.param == "fake" else _RealWorld(request.getfixturevalue("github"))


def body(text: str, key: str = "default") -> str:
    return f"{marker(key, 'suggestion 0 0')}\n{text}"


def proven(world: World, size: int = 90_000_000) -> Report:
    """The report of the pull request's head, with a fix in place."""
    made = replace(image(), fixes=(tidy_fix(size=size),))
    return report(made, head=world.head_sha)


def suggested(world: World, what: Report) -> Suggested | NotSuggested:
    return suggest(world.pulls, world.reviews, world.number, what, key="default")


class TestReviews:
    """The contract of forge.Reviews."""

    def test_the_diff_has_the_lines_that_the_pull_request_wrote(self, world: World) -> None:
        files = {file.path: file.patch for file in world.reviews.changed_files(world.number)}

        assert {"Dockerfile", "other.txt"} == set(files)
        assert f"+{DOCKERFILE.splitlines()[1]}" in (files["Dockerfile"] or "")

    def test_what_was_created_is_found_again_on_its_line(self, world: World) -> None:
        made = world.reviews.create_comment(world.number, world.head_sha, "Dockerfile", (2, 2), body("grew"))

        assert (made,) == world.reviews.comments(world.number, "default")
        assert (2, body("grew"), False) == (made.line, made.body, made.answered)

    def test_several_lines_are_commented_on_at_their_last(self, world: World) -> None:
        made = world.reviews.create_comment(world.number, world.head_sha, "Dockerfile", (1, 3), body("grew"))

        assert 3 == made.line

    def test_a_line_outside_the_diff_is_refused(self, world: World) -> None:
        with pytest.raises(GitHubError, match="422"):
            world.reviews.create_comment(world.number, world.head_sha, "Dockerfile", (400, 400), body("grew"))

    def test_another_key_and_a_strangers_copy_are_not_ours(self, world: World) -> None:
        world.reviews.create_comment(world.number, world.head_sha, "Dockerfile", (2, 2), body("grew", "nightly"))
        world.strangers_comment(body("forged"), 2)

        assert () == world.reviews.comments(world.number, "default")

    def test_an_edit_replaces_the_body(self, world: World) -> None:
        made = world.reviews.create_comment(world.number, world.head_sha, "Dockerfile", (2, 2), body("grew"))

        world.reviews.edit_comment(world.number, made.id, body("shrank"))

        assert [body("shrank")] == world.bodies()

    def test_a_deleted_comment_is_gone_and_may_be_deleted_again(self, world: World) -> None:
        made = world.reviews.create_comment(world.number, world.head_sha, "Dockerfile", (2, 2), body("grew"))

        world.reviews.delete_comment(world.number, made.id)
        world.reviews.delete_comment(world.number, made.id)

        assert [] == world.bodies()

    def test_an_answer_is_seen(self, world: World) -> None:
        made = world.reviews.create_comment(world.number, world.head_sha, "Dockerfile", (2, 2), body("grew"))

        world.answer(made.id)

        assert [True] == [comment.answered for comment in world.reviews.comments(world.number, "default")]


class TestSuggest:
    """What becomes of a fix in place."""

    def test_a_proven_change_can_be_committed_from_the_diff(self, world: World) -> None:
        assert Suggested(created=1) == suggested(world, proven(world))

        (text,) = world.bodies()
        assert "**Fix, built and run here: 100.0 MB → 90.0 MB**" in text
        assert f"```suggestion\n{TIDY.splitlines()[1]}\n```\n" in text
        assert "2 setuid files fewer" in text

    def test_the_next_run_leaves_it_behind_sixty_of_others(self, world: World) -> None:
        for number in range(60):
            world.strangers_comment(f"remark {number}", 1 + number % 30)
        suggested(world, proven(world))

        assert Suggested(unchanged=1) == suggested(world, proven(world))
        assert 61 == len(world.bodies())

    def test_another_saving_edits_it(self, world: World) -> None:
        suggested(world, proven(world))

        assert Suggested(edited=1) == suggested(world, proven(world, size=80_000_000))
        (text,) = world.bodies()
        assert "100.0 MB → 80.0 MB" in text

    def test_what_is_not_proven_any_more_is_taken_away(self, world: World) -> None:
        suggested(world, proven(world))

        assert Suggested(deleted=1) == suggested(world, report(image(), head=world.head_sha))
        assert [] == world.bodies()

    def test_what_somebody_answered_stays_as_it_is(self, world: World) -> None:
        suggested(world, proven(world))
        (before,) = world.bodies()
        (comment,) = world.reviews.comments(world.number, "default")
        world.answer(comment.id)

        suggested(world, proven(world, size=80_000_000))
        suggested(world, report(image(), head=world.head_sha))

        assert before in world.bodies()

    def test_where_nothing_was_tried_nothing_is_taken_away(self, world: World) -> None:
        suggested(world, proven(world))
        untried = report(replace(image(), unfixed="nothing changed"), head=world.head_sha)

        assert isinstance(suggested(world, untried), NotSuggested)
        assert 1 == len(world.bodies())

    def test_an_older_head_says_nothing(self, world: World) -> None:
        older = replace(proven(world), head=replace(proven(world).head, commit="c" * 40))

        assert NotSuggested(reason="the pull request has moved on") == suggested(world, older)


def test_two_images_of_one_dockerfile_suggest_a_change_once() -> None:
    world = _FakeWorld()
    images = [replace(image(name), fixes=(tidy_fix(),)) for name in ("api", "worker")]

    assert Suggested(created=1) == suggested(world, report(*images, head=world.head_sha))
    assert Suggested(unchanged=1) == suggested(world, report(*images, head=world.head_sha))


def test_one_job_of_a_matrix_leaves_the_suggestions_of_another() -> None:
    world = _FakeWorld()
    suggested(world, report(replace(image("api"), fixes=(tidy_fix(),)), head=world.head_sha))

    suggested(world, report(image("worker"), head=world.head_sha))

    assert 1 == len(world.bodies())


def test_a_suggestion_whose_lines_changed_stays_and_is_made_again_where_it_is_wanted() -> None:
    world = _FakeWorld()
    suggested(world, proven(world))
    world.reviews.outdate(1, 1)

    assert Suggested() == suggested(world, report(image(), head=world.head_sha))
    assert Suggested(created=1) == suggested(world, proven(world))
    assert Suggested(unchanged=1) == suggested(world, proven(world))
    assert [None, 2] == [comment.line for comment in world.reviews.comments(1, "default")]


@pytest.fixture
def real(github: GitHub) -> Iterator[_RealWorld]:
    github.proxy.clear()
    yield _RealWorld(github)
    assert [] == github.proxy.request_violations


def test_a_read_only_token_is_told_what_it_lacks(github: GitHub, real: _RealWorld) -> None:
    github.proxy.faults += forbid_writes()

    done = suggested(real, proven(real))

    assert isinstance(done, NotSuggested)
    assert done.fault
    assert 'the token needs the permission "pull-requests: write"' in done.reason
    assert [] == real.bodies()


def test_an_answer_that_gets_lost_leaves_one_comment(github: GitHub, real: _RealWorld) -> None:
    github.proxy.faults += [Fault(method="POST", path="/comments", reset=True, times=1, after=True)]

    assert Suggested(created=1) == suggested(real, proven(real))
    assert 1 == len(real.bodies())


def test_all_pages_of_comments_are_read(github: GitHub, real: _RealWorld) -> None:
    for number in range(60):
        real.strangers_comment(f"remark {number}", 1 + number % 30)
    suggested(real, proven(real))
    github.proxy.exchanges.clear()

    suggested(real, proven(real))

    assert 3 == len(github.proxy.seen("GET", f"/pulls/{real.number}/comments"))
    assert [] == github.proxy.seen("POST") + github.proxy.seen("PATCH")
