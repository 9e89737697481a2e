"""Pull requests of our own hold their contract on the fake and on a real, stateful GitHub API."""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.support.fake_proposals import FakeProposals
from tests.support.fixes import DOCKERFILE, SPLIT, TIDY, split_fix, tidy_fix
from tests.support.github import BOT_TOKEN, OWNER, REPOSITORY, GitHub, running_github
from tests.support.github_proxy import Fault, forbid_writes
from tests.support.reports import image, report
from weighbridge.adapters.github_proposals import GitHubProposals
from weighbridge.core.marker import marker
from weighbridge.core.proposals import blob_id
from weighbridge.forge import StoredFile
from weighbridge.model.fix import ProofStatus
from weighbridge.proposing import Outcome, Proposed, propose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.forge import Proposal, Proposals
    from weighbridge.model.fix import Fix

_names = (f"trunk-{number}" for number in itertools.count())
FILES = {"Dockerfile": DOCKERFILE, "sub/folder/notes": "old\n", "gone": "old\n"}


class World(Protocol):
    """A branch with files, what a test does as somebody else, and what it sees."""

    base: str

    @property
    def proposals(self) -> Proposals: ...

    def push(self, branch: str, path: str, text: str) -> str: ...

    def strangers_pull(self, body: str) -> None: ...

    def text(self, branch: str, path: str) -> str | None: ...

    def pulls(self) -> list[Proposal]: ...

    def close(self, number: int) -> None: ...


@dataclass
class _FakeWorld:
    proposals: FakeProposals = field(default_factory=FakeProposals)
    base: str = "main"

    def __post_init__(self) -> None:
        commit = self.proposals.add_commit({path: ("100644", text) for path, text in FILES.items()})
        self.proposals.branches[self.base] = commit

    def push(self, branch: str, path: str, text: str) -> str:
        below = self.proposals.files[self.proposals.branches[branch]]
        commit = self.proposals.add_commit(below | {path: ("100644", text)})
        self.proposals.branches[branch] = commit
        return commit

    def strangers_pull(self, body: str) -> None:
        self.proposals.add_pull(self.base, "theirs", "Title", body, author=OWNER)

    def text(self, branch: str, path: str) -> str | None:
        found = self.proposals.files[self.proposals.branches[branch]].get(path)
        return None if found is None else found[1]

    def pulls(self) -> list[Proposal]:
        return self.proposals.pulls()

    def close(self, number: int) -> None:
        self.proposals.close(number, self.pulls()[number - 1].body)


class _RealWorld:
    def __init__(self, github: GitHub) -> None:
        self._github = github
        self.proposals = GitHubProposals(REPOSITORY, BOT_TOKEN, api_url=github.url, page_size=30, backoff=0.01)
        self.base = next(_names)
        commit = github.commit(github.tip("main"), FILES)
        self._ask("POST", "git/refs", {"ref": f"refs/heads/{self.base}", "sha": commit})

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return self._github.call(method, f"/repos/{REPOSITORY}/{path}", body)

    def push(self, branch: str, path: str, text: str) -> str:
        return self._github.push(branch, {path: text})

    def strangers_pull(self, body: str) -> None:
        self._ask("POST", "git/refs", {"ref": f"refs/heads/of-{self.base}", "sha": self._github.tip(self.base)})
        self._ask("POST", "pulls", {"title": "Title", "head": f"of-{self.base}", "base": self.base, "body": body})

    def text(self, branch: str, path: str) -> str | None:
        entries = self._ask("GET", f"git/trees/{self._github.tip(branch)}?recursive=1")["tree"]
        found = [entry["sha"] for entry in entries if entry["path"] == path]
        if not found:
            return None
        return base64.b64decode(self._ask("GET", f"git/blobs/{found[0]}")["content"]).decode()

    def pulls(self) -> list[Proposal]:
        from weighbridge.forge import Proposal

        return [
            Proposal(
                number=pull["number"],
                body=pull["body"],
                branch=pull["head"]["ref"],
                url=pull["html_url"],
                open=pull["state"] == "open",
            )
            for pull in self._ask("GET", f"pulls?state=all&base={self.base}&direction=asc&per_page=100")
        ]

    def close(self, number: int) -> None:
        self._ask("PATCH", f"pulls/{number}", {"state": "closed"})


@pytest.fixture(scope="module")
def running() -> Iterator[GitHub]:
    with running_github() as github:
        github.allow_writing()
        yield github


@pytest.fixture(params=["fake", "emulate"])
def world(request: pytest.FixtureRequest) -> World:
    return _FakeWorld() if request.param == "fake" else _RealWorld(request.getfixturevalue("github"))


@pytest.fixture
def real(github: GitHub) -> _RealWorld:
    return _RealWorld(github)


class TestProposals:
    """The contract of forge.Proposals."""

    def test_a_branch_that_is_not_there_has_no_tip(self, world: World) -> None:
        assert world.proposals.tip(world.base) is not None
        assert world.proposals.tip("nowhere") is None

    def test_a_stored_file_is_known_by_gits_own_id(self, world: World) -> None:
        tip = world.proposals.tip(world.base) or ""

        assert StoredFile(blob=blob_id("old\n"), mode="100644") == world.proposals.stored(tip, "sub/folder/notes")
        assert world.proposals.stored(tip, "sub/folder") is None
        assert world.proposals.stored(tip, "sub/nothing/notes") is None

    def test_a_commit_writes_makes_and_takes_away_and_leaves_the_rest(self, world: World) -> None:
        tip = world.proposals.tip(world.base) or ""

        commit = world.proposals.commit(
            tip, "Change", {"sub/folder/notes": ("100644", "new\n"), "made": ("100755", "x"), "gone": None}
        )
        world.proposals.set_branch(f"fix-of-{world.base}", commit)

        branch = f"fix-of-{world.base}"
        assert ["new\n", "x", None, DOCKERFILE] == [
            world.text(branch, path) for path in ("sub/folder/notes", "made", "gone", "Dockerfile")
        ]
        assert "old\n" == world.text(world.base, "sub/folder/notes")
        assert "100755" == getattr(world.proposals.stored(commit, "made"), "mode", None)

    def test_a_branch_is_moved_also_backwards_and_deleted_twice(self, world: World) -> None:
        tip, branch = world.proposals.tip(world.base) or "", f"fix-of-{world.base}"
        world.proposals.set_branch(branch, world.proposals.commit(tip, "One", {"one": ("100644", "1")}))

        other = world.proposals.commit(tip, "Other", {"other": ("100644", "2")})
        world.proposals.set_branch(branch, other)
        assert other == world.proposals.tip(branch)

        world.proposals.delete_branch(branch)
        world.proposals.delete_branch(branch)
        assert world.proposals.tip(branch) is None

    def test_what_was_opened_is_found_by_its_marker_and_by_its_branch(self, world: World) -> None:
        made = opened(world, body("grew"))

        assert (made,) == world.proposals.ours(world.base, "default")
        assert (made,) == world.proposals.of_branch(made.branch)
        assert () == world.proposals.ours(world.base, "nightly")
        assert () == world.proposals.ours("elsewhere", "default")

    def test_a_strangers_copy_of_the_marker_is_not_ours(self, world: World) -> None:
        world.strangers_pull(body("forged"))

        assert () == world.proposals.ours(world.base, "default")

    def test_an_edit_replaces_the_body_and_a_closed_one_is_found_by_its_branch_alone(self, world: World) -> None:
        made = opened(world, body("grew"))
        world.proposals.edit(made.number, "Title", body("shrank"))
        assert [body("shrank")] == [each.body for each in world.proposals.ours(world.base, "default")]

        world.proposals.close(made.number, body("gone"))
        assert () == world.proposals.ours(world.base, "default")
        assert [(False, body("gone"))] == [(each.open, each.body) for each in world.proposals.of_branch(made.branch)]


def body(text: str) -> str:
    return f"{marker('default', 'fix 0 0 0')}\n{text}"


def opened(world: World, text: str) -> Proposal:
    branch = f"fix-of-{world.base}"
    commit = world.proposals.commit(world.proposals.tip(world.base) or "", "Change", {"x": ("100644", "x")})
    world.proposals.set_branch(branch, commit)
    return world.proposals.open(world.base, branch, "Title", text)


def proposed(world: World, *fixes: Fix, run: int = 1) -> Proposed:
    """What becomes of these fixes of the branch's tip."""
    what = report(replace(image(world.base), fixes=fixes), head=world.proposals.tip(world.base) or "")
    url = f"https://github.com/{REPOSITORY}/actions/runs/{run}"
    (done,) = propose(world.proposals, what, world.base, key="default", run_url=url) or (
        Proposed(image="", outcome=Outcome.LEFT, reason="nothing"),
    )
    return done


class TestPropose:
    """What becomes of a proven fix outside of pull requests."""

    def test_a_proven_fix_is_opened_with_its_evidence(self, world: World) -> None:
        done = proposed(world, split_fix())

        (pull,) = world.pulls()
        assert (Outcome.OPENED, pull.url) == (done.outcome, done.url)
        assert SPLIT == world.text(pull.branch, "Dockerfile")
        assert DOCKERFILE == world.text(world.base, "Dockerfile")
        assert "**Fix, built and run here: 100.0 MB → 6.0 MB** (−94.0 %; ≈ 2.0 MB to pull)" in pull.body
        assert "**How it was proven: 5 of 5 steps**" in pull.body
        assert "| setuid files | 3 | 0 |" in pull.body
        assert "it costs: no shell to look around with" in pull.body
        assert pull.branch.startswith(f"weighbridge/fix-{world.base}-")

    def test_the_same_fix_is_not_opened_twice(self, world: World) -> None:
        proposed(world, split_fix())
        before = world.pulls()

        assert Outcome.UNCHANGED is proposed(world, split_fix(), run=2).outcome
        assert before == world.pulls()

    def test_another_fix_updates_the_pull_request(self, world: World) -> None:
        first = proposed(world, tidy_fix())
        # Something else has changed on the branch meanwhile, and comes along.
        world.push(world.base, "sub/folder/notes", "newer\n")

        done = proposed(world, split_fix(), tidy_fix())

        (pull,) = world.pulls()
        assert (Outcome.UPDATED, first.url) == (done.outcome, done.url)
        assert (SPLIT, "newer\n") == (
            world.text(pull.branch, "Dockerfile"),
            world.text(pull.branch, "sub/folder/notes"),
        )
        assert "100.0 MB → 6.0 MB" in pull.body

    def test_the_same_fix_measured_anew_is_retold(self, world: World) -> None:
        proposed(world, split_fix())

        assert Outcome.UPDATED is proposed(world, split_fix(size=5_000_000)).outcome
        (pull,) = world.pulls()
        assert "100.0 MB → 5.0 MB" in pull.body

    def test_a_branch_that_somebody_else_worked_on_is_left_alone(self, world: World) -> None:
        proposed(world, tidy_fix())
        (pull,) = world.pulls()
        theirs = world.push(pull.branch, "Dockerfile", "FROM scratch\n")

        for fixes in ((split_fix(),), ()):
            done = proposed(world, *fixes)
            assert (Outcome.LEFT, "somebody else has worked on it") == (done.outcome, done.reason)
        assert theirs == world.proposals.tip(pull.branch)

    def test_one_that_was_closed_is_not_opened_again(self, world: World) -> None:
        proposed(world, split_fix())
        (pull,) = world.pulls()
        world.close(pull.number)

        done = proposed(world, split_fix())

        assert (Outcome.LEFT, "it was closed, and is not proposed again") == (done.outcome, done.reason)
        assert 1 == len(world.pulls())

    def test_one_that_is_fixed_meanwhile_is_closed_and_its_branch_goes(self, world: World) -> None:
        proposed(world, tidy_fix())
        world.push(world.base, "Dockerfile", TIDY)

        assert Outcome.CLOSED is proposed(world).outcome
        (pull,) = world.pulls()
        assert (False, None) == (pull.open, world.proposals.tip(pull.branch))
        assert "not proven any more" in pull.body

    def test_one_that_could_not_be_verified_this_time_stays(self, world: World) -> None:
        proposed(world, tidy_fix())
        unsure = replace(tidy_fix(), proof=replace(tidy_fix().proof, status=ProofStatus.UNVERIFIABLE))

        assert Outcome.LEFT is proposed(world, unsure).outcome
        assert [True] == [pull.open for pull in world.pulls()]

    def test_files_that_are_not_as_they_were_built_are_not_overwritten(self, world: World) -> None:
        world.push(world.base, "Dockerfile", DOCKERFILE.replace("\n", "\r\n"))

        done = proposed(world, tidy_fix())

        assert Outcome.LEFT is done.outcome
        assert "not in the branch as they were built" in done.reason
        assert [] == world.pulls()

    def test_a_branch_that_moved_on_is_left_to_its_own_run(self, world: World) -> None:
        stale = report(replace(image(), fixes=(tidy_fix(),)), head="c" * 40)

        (done,) = propose(world.proposals, stale, world.base, key="default")

        assert "has moved on" in done.reason
        assert [] == world.pulls()


def test_a_read_only_token_is_told_what_it_lacks(github: GitHub, real: _RealWorld) -> None:
    github.proxy.faults += forbid_writes()

    done = proposed(real, split_fix())

    assert Outcome.FAILED is done.outcome
    assert 'the token needs the permission "contents: write"' in done.reason
    assert [] == real.pulls()


def test_a_repository_that_lets_no_action_open_one_is_told_the_setting(github: GitHub, real: _RealWorld) -> None:
    message = "GitHub Actions is not permitted to create or approve pull requests."
    github.proxy.faults += [Fault(method="POST", path="/pulls", status=403, message=message)]

    done = proposed(real, split_fix())

    assert Outcome.FAILED is done.outcome
    assert 'the setting "Allow GitHub Actions to create and approve pull requests"' in done.reason


def test_a_branch_that_a_broken_run_left_is_used(github: GitHub, real: _RealWorld) -> None:
    github.proxy.faults += [Fault(method="POST", path="/pulls", status=403, times=1)]
    proposed(real, split_fix())

    assert Outcome.OPENED is proposed(real, split_fix()).outcome


def test_an_answer_that_gets_lost_leaves_one_pull_request(github: GitHub, real: _RealWorld) -> None:
    github.proxy.faults += [Fault(method="POST", path="/pulls", reset=True, times=1, after=True)]

    assert Outcome.OPENED is proposed(real, split_fix()).outcome
    assert 1 == len(real.pulls())


def test_all_pages_of_pull_requests_are_read(github: GitHub, real: _RealWorld) -> None:
    for number in range(35):
        github.open_pull_request(f"{real.base}-{number}", base=real.base)
    proposed(real, split_fix())

    assert Outcome.UNCHANGED is proposed(real, split_fix()).outcome
