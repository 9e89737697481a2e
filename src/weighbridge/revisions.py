"""Which commits to weigh, and against which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.errors import RevisionNotFound, UsageError
from weighbridge.event import (
    Event,
    LocalEvent,
    MergeGroupEvent,
    PullRequestEvent,
    PushEvent,
    ReleaseEvent,
    TagEvent,
    WorkflowRunEvent,
)
from weighbridge.model.report import Revision

if TYPE_CHECKING:
    from weighbridge.ports import Repository

# In full, so that nobody asks origin for what is not here.
_DEFAULT_BRANCHES = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """What is compared. `base` None: nothing to compare with, and `reason` says why not; it is one line for the log.

    `head` is the commit as people know it, which for a pull request is the tip of its branch. `checkout`
    is the commit whose tree is built for it, and None where that is the work tree itself: what actions/checkout left
    there, which for a pull request is its merge into the base.
    """

    base: Revision | None
    head: Revision
    checkout: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    revision: Revision
    commit: str
    checkout: str | None


@dataclass(frozen=True, slots=True)
class _Base:
    revision: Revision | None
    reason: str


def choose(event: Event, repository: Repository, *, base: str | None = None, head: str | None = None) -> Refs:
    """The commits that the event is about; `base` and `head` are what the user asked for instead.

    A `base` that is a branch means the merge base with it, never its tip; any other revision means itself.
    Raises RevisionNotFound, GitError, and UsageError for an event that must not build what it is about.
    """
    _refuse_foreign_code(event)
    chosen = _head(event, repository, head)
    if base is not None:
        against = _asked_base(repository, base, chosen)
    elif head is not None and not isinstance(event, PullRequestEvent):
        against = _from_default_branch(event, repository, chosen)
    else:
        against = _default_base(event, repository, chosen)
    return Refs(base=against.revision, head=chosen.revision, checkout=chosen.checkout, reason=against.reason)


def _refuse_foreign_code(event: Event) -> None:
    """Runs of these events hold the repository's secrets, and a Dockerfile is a program."""
    if isinstance(event, PullRequestEvent | WorkflowRunEvent) and event.is_fork and event.name != "pull_request":
        raise UsageError(
            f"a {event.name} run holds the repository's secrets and would build a fork's Dockerfile with them: "
            "weigh forks on pull_request, where there are none"
        )


def _head(event: Event, repository: Repository, asked: str | None) -> _Head:
    if asked is not None:
        commit = repository.resolve(asked)
        return _Head(revision=Revision(commit=commit, label=asked), commit=commit, checkout=commit)
    here = repository.resolve("HEAD")
    wanted = _wanted_head(event)
    if wanted is None:
        label = "work tree" if isinstance(event, LocalEvent) else event.ref_name or here[:12]
        dirty = isinstance(event, LocalEvent) and repository.dirty()
        return _Head(revision=Revision(commit=None if dirty else here, label=label), commit=here, checkout=None)
    revision = Revision(commit=wanted, label=_label(event) or wanted[:12])
    if here == wanted or _is_merge_of(repository, here, wanted):
        return _Head(revision=revision, commit=here, checkout=None)
    repository.ensure_commit(wanted)
    return _Head(revision=revision, commit=wanted, checkout=wanted)


def _wanted_head(event: Event) -> str | None:
    """The commit that the event is about; None where that is whatever is checked out."""
    if isinstance(event, PullRequestEvent | PushEvent | MergeGroupEvent | WorkflowRunEvent):
        return event.head_sha
    return None


def _label(event: Event) -> str | None:
    if isinstance(event, PullRequestEvent):
        return event.head_ref
    if isinstance(event, PushEvent):
        return event.branch
    return event.head_branch if isinstance(event, WorkflowRunEvent) else None


def _is_merge_of(repository: Repository, commit: str, head: str) -> bool:
    """Whether the commit is what actions/checkout leaves for a pull request: its head merged into its base."""
    parents = repository.parents(commit)
    return len(parents) == 2 and parents[1] == head


def _asked_base(repository: Repository, asked: str, head: _Head) -> _Base:
    tip = repository.branch(asked)
    if tip is not None:
        return _merge_base(repository, tip, head, asked)
    commit = repository.resolve(asked)
    return _Base(Revision(commit=commit, label=asked), f"compared with {asked} ({commit[:12]}), as asked")


def _default_base(event: Event, repository: Repository, head: _Head) -> _Base:
    if isinstance(event, PullRequestEvent):
        return _pull_request_base(event, repository, head)
    if isinstance(event, PushEvent):
        return _push_base(event, repository, head)
    if isinstance(event, MergeGroupEvent):
        repository.ensure_commit(event.base_sha)
        revision = Revision(commit=event.base_sha, label=event.base_ref)
        return _Base(revision, f"compared with what the merge group goes onto ({event.base_sha[:12]})")
    if isinstance(event, TagEvent | ReleaseEvent):
        return _Base(None, f"{event.tag} is weighed on its own: a release follows no single commit")
    if isinstance(event, LocalEvent | WorkflowRunEvent):
        return _from_default_branch(event, repository, head)
    return _Base(None, f"a {event.name} run is about one commit: give base-ref to compare it with another")


def _pull_request_base(event: PullRequestEvent, repository: Repository, head: _Head) -> _Base:
    if head.checkout is None and head.commit != event.head_sha:
        parent = repository.parents(head.commit)[0]
        repository.ensure_commit(parent)
        revision = Revision(commit=parent, label=event.base_ref)
        return _Base(
            revision, f"compared with the first parent ({parent[:12]}) of the merge commit that is checked out"
        )
    # The event's base.sha may be older than a merge of the base into the pull request.
    tip = repository.branch(event.base_ref, fresh=True) or event.base_sha
    return _merge_base(repository, tip, head, event.base_ref)


def _push_base(event: PushEvent, repository: Repository, head: _Head) -> _Base:
    if event.before is not None and not event.forced:
        try:
            repository.ensure_commit(event.before)
        except RevisionNotFound:
            return _first_parent(repository, head)
        revision = Revision(commit=event.before, label=f"{event.branch} before")
        return _Base(revision, f"compared with {event.branch} before the push ({event.before[:12]})")
    if event.branch == event.default_branch:
        return _first_parent(repository, head)
    return _from_default_branch(event, repository, head)


def _first_parent(repository: Repository, head: _Head) -> _Base:
    parents = repository.parents(head.commit)
    if not parents:
        return _Base(None, f"{head.commit[:12]} is the first commit: nothing to compare with")
    repository.ensure_commit(parents[0])
    revision = Revision(commit=parents[0], label=parents[0][:12])
    return _Base(revision, f"compared with the parent ({parents[0][:12]}) of {head.commit[:12]}")


def _from_default_branch(event: Event, repository: Repository, head: _Head) -> _Base:
    if event.default_branch is not None:
        tip = repository.branch(event.default_branch, fresh=True)
        if tip is not None and tip != head.commit:
            return _merge_base(repository, tip, head, event.default_branch)
        if tip is not None:
            return _first_parent(repository, head)
    for name in _DEFAULT_BRANCHES:
        try:
            tip = repository.resolve(name)
        except RevisionNotFound:
            continue
        return _merge_base(repository, tip, head, name.split("/", 2)[2])
    return _Base(None, "no default branch (origin/HEAD, main or master) to compare with: name a base")


def _merge_base(repository: Repository, tip: str, head: _Head, name: str) -> _Base:
    commit = repository.merge_base(tip, head.commit)
    if commit is None:
        return _Base(None, f"{head.revision.label} and {name} have no common history: nothing to compare with")
    revision = Revision(commit=commit, label=name)
    return _Base(revision, f"compared with the merge base ({commit[:12]}) of {head.revision.label} and {name}")
