"""Which commits are weighed, on real repositories as actions/checkout leaves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.git import WorkTree, check_out, create
from weighbridge.adapters.git import GitRepository
from weighbridge.errors import RevisionNotFound, UsageError
from weighbridge.event import (
    LocalEvent,
    MergeGroupEvent,
    OtherEvent,
    PullRequestEvent,
    PushEvent,
    ReleaseEvent,
    TagEvent,
    WorkflowRunEvent,
)
from weighbridge.model.report import Revision
from weighbridge.revisions import Refs, choose

if TYPE_CHECKING:
    from pathlib import Path

BRANCH = "feature/ü-$(touch_x)"


@dataclass(frozen=True)
class Pull:
    """An upstream with a pull request: forked off main at `fork`, main has moved on to `tip` since."""

    upstream: WorkTree
    fork: str
    tip: str
    head: str
    merge: str


@pytest.fixture
def pull(tmp_path: Path) -> Pull:
    upstream = create(tmp_path / "upstream")
    fork = upstream.commits(40)[-1]
    upstream.checkout(BRANCH, "main")
    upstream.commit({"feature": "1"})
    head = upstream.commit({"feature": "2"})
    upstream.checkout("main")
    for number in range(5):
        upstream.commit({"others": str(number)})
    tip = upstream.git("rev-parse", "main")
    merge = upstream.merge_into("main", BRANCH)
    upstream.git("update-ref", "refs/pull/7/merge", merge)
    upstream.git("update-ref", "refs/pull/7/head", head)
    upstream.checkout("main")
    return Pull(upstream, fork, tip, head, merge)


def opened(
    pull: Pull, *, name: str = "pull_request", is_fork: bool = False, base_sha: str | None = None
) -> PullRequestEvent:
    return PullRequestEvent(
        name=name,
        action="opened",
        number=7,
        head_sha=pull.head,
        head_ref=BRANCH,
        base_sha=base_sha or pull.tip,
        base_ref="main",
        is_fork=is_fork,
    )


def pushed(branch: str, head: str, before: str | None, *, forced: bool = False) -> PushEvent:
    return PushEvent(
        name="push", default_branch="main", branch=branch, head_sha=head, before=before, forced=forced, ref_name=branch
    )


def summary(refs: Refs) -> tuple[str | None, str | None, str | None]:
    return (refs.base.commit if refs.base else None, refs.head.commit, refs.checkout)


def count(tree: WorkTree) -> int:
    return len(tree.git("rev-list", "--all", "HEAD").split())


def test_a_merge_commit_is_built_in_place_against_its_first_parent(pull: Pull, tmp_path: Path) -> None:
    """The defaults of actions/checkout: depth 1, refs/pull/7/merge; the parent's commit is all that is fetched."""
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/pull/7/merge")
    before = clone.state()

    refs = choose(opened(pull), GitRepository(clone.path))

    assert refs == Refs(
        base=Revision(commit=pull.tip, label="main"),
        head=Revision(commit=pull.head, label=BRANCH),
        checkout=None,
        reason=f"compared with the first parent ({pull.tip[:12]}) of the merge commit that is checked out",
    )
    assert before == clone.state()
    assert len(clone.git("rev-list", "HEAD", pull.tip).split()) == 2


def test_a_merge_commit_against_main_that_moved_on_blames_nobody_for_it(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/pull/7/merge")
    pull.upstream.commit({"others": "later"})

    refs = choose(opened(pull), GitRepository(clone.path))

    assert (pull.tip, pull.head, None) == summary(refs)


def test_the_head_of_a_pull_request_is_built_against_the_merge_base_never_the_tip(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref=f"refs/heads/{BRANCH}")

    refs = choose(opened(pull), GitRepository(clone.path))

    assert (pull.fork, pull.head, None) == summary(refs)
    assert count(clone) < 20


def test_a_forks_head_is_built_against_the_merge_base(pull: Pull, tmp_path: Path) -> None:
    """The head lives in another repository; origin knows it by the pull request's reference only."""
    pull.upstream.git("branch", "--delete", "--force", BRANCH)
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/pull/7/head")

    refs = choose(opened(pull, is_fork=True), GitRepository(clone.path))

    assert (pull.fork, pull.head, None) == summary(refs)


def test_a_forks_merge_commit_is_like_any_other(pull: Pull, tmp_path: Path) -> None:
    pull.upstream.git("branch", "--delete", "--force", BRANCH)
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/pull/7/merge")

    refs = choose(opened(pull, is_fork=True), GitRepository(clone.path))

    assert (pull.tip, pull.head, None) == summary(refs)


def test_where_something_else_is_checked_out_the_head_is_fetched_and_built_apart(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/heads/main")

    refs = choose(opened(pull), GitRepository(clone.path))

    assert (pull.fork, pull.head, pull.head) == summary(refs)


def test_a_base_that_was_merged_into_the_pull_request_since_the_event_counts(pull: Pull, tmp_path: Path) -> None:
    """The event's base.sha is older than what the pull request took from main."""
    upstream = pull.upstream
    upstream.checkout(BRANCH)
    upstream.git("merge", "--quiet", "--no-ff", "--message", "Take main", "main")
    head = upstream.git("rev-parse", "HEAD")
    clone = check_out(upstream.path, tmp_path / "clone", ref=f"refs/heads/{BRANCH}")
    event = opened(Pull(upstream, pull.fork, pull.tip, head, pull.merge), base_sha=pull.fork)

    refs = choose(event, GitRepository(clone.path))

    assert (pull.tip, head, None) == summary(refs)


def test_the_merge_commit_at_the_tip_of_a_pull_request_is_not_taken_for_githubs(pull: Pull, tmp_path: Path) -> None:
    upstream = pull.upstream
    upstream.checkout(BRANCH)
    upstream.git("merge", "--quiet", "--no-ff", "--message", "Take main", "main~2")
    head = upstream.git("rev-parse", "HEAD")
    clone = check_out(upstream.path, tmp_path / "clone", ref=f"refs/heads/{BRANCH}")

    refs = choose(opened(Pull(upstream, pull.fork, pull.tip, head, "")), GitRepository(clone.path))

    assert (upstream.git("rev-parse", "main~2"), head, None) == summary(refs)


def test_unrelated_histories_leave_nothing_to_compare_with(pull: Pull, tmp_path: Path) -> None:
    upstream = pull.upstream
    upstream.git("checkout", "--quiet", "--orphan", "island")
    head = upstream.commit({"island": "1"})
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/island")

    refs = choose(opened(Pull(upstream, "", pull.tip, head, "")), GitRepository(clone.path))

    assert refs.base is None
    assert "no common history" in refs.reason


@pytest.mark.parametrize("name", ["pull_request_target", "workflow_run"])
def test_a_forks_code_is_never_built_where_there_are_secrets(pull: Pull, tmp_path: Path, name: str) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/heads/main")
    event = opened(pull, name=name, is_fork=True) if name == "pull_request_target" else completed(pull, is_fork=True)

    with pytest.raises(UsageError, match="weigh forks on pull_request"):
        choose(event, GitRepository(clone.path), head=pull.head)


def completed(pull: Pull, *, is_fork: bool = False) -> WorkflowRunEvent:
    return WorkflowRunEvent(
        name="workflow_run",
        default_branch="main",
        action="completed",
        triggered_by="push",
        conclusion="success",
        completed_run_id=1,
        head_sha=pull.head,
        head_branch=BRANCH,
        head_owner="octo",
        is_fork=is_fork,
    )


def test_the_head_of_our_own_workflow_run_is_built_apart_against_the_merge_base(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/heads/main")

    refs = choose(completed(pull), GitRepository(clone.path))

    assert (pull.fork, pull.head, pull.head) == summary(refs)


def test_a_push_to_main_is_compared_with_main_before(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/heads/main")
    before = pull.upstream.git("rev-parse", "main~3")

    refs = choose(pushed("main", pull.tip, before), GitRepository(clone.path))

    assert (before, pull.tip, None) == summary(refs)
    assert refs.base == Revision(commit=before, label="main before")


@pytest.mark.parametrize("before", ["0123456789" * 4, None])
def test_a_push_to_main_whose_past_is_gone_is_compared_with_the_parent(
    pull: Pull, tmp_path: Path, before: str | None
) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/heads/main")

    refs = choose(pushed("main", pull.tip, before), GitRepository(clone.path))

    assert (pull.upstream.git("rev-parse", "main~1"), pull.tip, None) == summary(refs)


def test_a_forced_push_to_main_is_compared_with_the_parent(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/heads/main")

    refs = choose(pushed("main", pull.tip, pull.head, forced=True), GitRepository(clone.path))

    assert (pull.upstream.git("rev-parse", "main~1"), pull.tip, None) == summary(refs)


def test_a_new_branch_is_compared_with_where_it_left_main(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref=f"refs/heads/{BRANCH}")

    refs = choose(pushed(BRANCH, pull.head, None), GitRepository(clone.path))

    assert (pull.fork, pull.head, None) == summary(refs)


def test_a_pull_request_that_a_push_belongs_to_can_name_the_base(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref=f"refs/heads/{BRANCH}")
    before = pull.upstream.git("rev-parse", f"{BRANCH}~1")

    refs = choose(pushed(BRANCH, pull.head, before), GitRepository(clone.path), base="main")

    assert (pull.fork, pull.head, None) == summary(refs)


def test_the_first_commit_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    upstream = create(tmp_path / "upstream")
    only = upstream.commit({"a": "1"})
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main")

    refs = choose(pushed("main", only, None), GitRepository(clone.path))

    assert (None, only, None) == summary(refs)
    assert "first commit" in refs.reason


def test_a_merge_group_is_compared_with_what_it_goes_onto(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/pull/7/merge")
    event = MergeGroupEvent(name="merge_group", head_sha=pull.merge, base_sha=pull.tip, base_ref="main")

    refs = choose(event, GitRepository(clone.path))

    assert (pull.tip, pull.merge, None) == summary(refs)


def test_a_tag_is_weighed_on_its_own(pull: Pull, tmp_path: Path) -> None:
    pull.upstream.git("tag", "v1.0")
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/tags/v1.0")

    for event in (
        TagEvent(name="push", tag="v1.0", ref_name="v1.0"),
        ReleaseEvent(name="release", action="published", tag="v1.0", ref_name="v1.0"),
    ):
        refs = choose(event, GitRepository(clone.path))

        assert (None, pull.tip, None) == summary(refs)
        assert refs.head.label == "v1.0"
        assert "on its own" in refs.reason


def test_a_tag_is_compared_with_the_tag_that_was_asked_for(pull: Pull, tmp_path: Path) -> None:
    pull.upstream.git("tag", "v0.9", "main~4")
    pull.upstream.git("tag", "v1.0")
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/tags/v1.0")

    refs = choose(TagEvent(name="push", tag="v1.0"), GitRepository(clone.path), base="v0.9")

    assert (pull.upstream.git("rev-parse", "v0.9"), pull.tip, None) == summary(refs)


@pytest.mark.parametrize("name", ["schedule", "workflow_dispatch"])
def test_a_scheduled_run_weighs_what_is_checked_out(pull: Pull, tmp_path: Path, name: str) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/heads/main")

    refs = choose(OtherEvent(name=name, ref_name="main"), GitRepository(clone.path))

    assert (None, pull.tip, None) == summary(refs)
    assert refs.reason == f"a {name} run is about one commit: give base-ref to compare it with another"


def test_at_a_terminal_the_work_tree_is_compared_with_where_it_left_main(pull: Pull) -> None:
    pull.upstream.checkout(BRANCH)

    refs = choose(LocalEvent(), GitRepository(pull.upstream.path))

    assert refs == Refs(
        base=Revision(commit=pull.fork, label="main"),
        head=Revision(commit=pull.head, label="work tree"),
        checkout=None,
        reason=f"compared with the merge base ({pull.fork[:12]}) of work tree and main",
    )


def test_at_a_terminal_a_dirty_work_tree_is_no_commit_and_stays_as_it_is(pull: Pull) -> None:
    (pull.upstream.path / "others").write_text("edited")
    before = pull.upstream.state()

    refs = choose(LocalEvent(), GitRepository(pull.upstream.path))

    assert (pull.tip, None, None) == summary(refs)
    assert before == pull.upstream.state()
    assert (pull.upstream.path / "others").read_text() == "edited"


def test_at_a_terminal_origins_main_is_preferred_to_an_old_one_here(pull: Pull, tmp_path: Path) -> None:
    clone = check_out(pull.upstream.path, tmp_path / "clone", ref="refs/heads/main", depth=0)
    clone.checkout("mine", "main")
    clone.git("branch", "--force", "main", "main~10")
    mine = clone.commit({"mine": "1"})

    refs = choose(LocalEvent(), GitRepository(clone.path))

    assert (pull.tip, mine, None) == summary(refs)


def test_at_a_terminal_both_revisions_can_be_named(pull: Pull) -> None:
    refs = choose(LocalEvent(), GitRepository(pull.upstream.path), base="main~2", head=BRANCH)

    assert (pull.upstream.git("rev-parse", "main~2"), pull.head, pull.head) == summary(refs)


def test_at_a_terminal_a_repository_without_main_has_no_base(tmp_path: Path) -> None:
    tree = create(tmp_path / "tree")
    tree.git("checkout", "--quiet", "--orphan", "trunk")
    only = tree.commit({"a": "1"})

    refs = choose(LocalEvent(), GitRepository(tree.path))

    assert (None, only, None) == summary(refs)
    assert "name a base" in refs.reason


def test_an_unknown_base_is_named_in_the_error(pull: Pull) -> None:
    with pytest.raises(RevisionNotFound, match="no-such-branch"):
        choose(LocalEvent(), GitRepository(pull.upstream.path), base="no-such-branch")


def test_a_repository_without_commits_is_not_found_in_one_line(tmp_path: Path) -> None:
    tree = create(tmp_path / "tree")

    with pytest.raises(RevisionNotFound, match="the repository has no commit yet"):
        choose(LocalEvent(), GitRepository(tree.path))
