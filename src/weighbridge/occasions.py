"""For what a commit is weighed: told in its report, and by that remembered and sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from weighbridge.core.history.make import recipe_of
from weighbridge.core.names import clipped
from weighbridge.model.record import Occasion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weighbridge.event import Event
    from weighbridge.ports import Repository
    from weighbridge.settings import Settings

_REF_LENGTH = 200


def now() -> datetime:
    """The time of this moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """For what a commit is weighed: a branch or tag, and the tag of a release. `event` is what started the run."""

    ref: str | None = None
    release: str | None = None
    event: str = ""
    default_branch: str | None = None

    @property
    def branch(self) -> str | None:
        """The branch, None where only a tag is known."""
        return self.ref if self.release is None else None


NO_PURPOSE = Purpose()


def purpose_of(event: Event) -> Purpose:
    """For what a run of the event weighs; of a pull request, for the branch that it comes from."""
    from weighbridge.event import PullRequestEvent, PushEvent, ReleaseEvent, TagEvent, WorkflowRunEvent

    ref, release = event.ref_name, None
    if isinstance(event, TagEvent | ReleaseEvent):
        ref = release = event.tag
    elif isinstance(event, PushEvent):
        ref = event.branch
    elif isinstance(event, PullRequestEvent):
        ref = event.head_ref
    elif isinstance(event, WorkflowRunEvent):
        ref = event.head_branch or None
    return Purpose(ref=ref, release=release, event=event.name, default_branch=event.default_branch)


def is_remembered(event: Event) -> bool:
    """Whether what a run of the event weighs is one more weight of the repository: no pull request, no side branch."""
    from weighbridge.event import OtherEvent, PushEvent, ReleaseEvent, TagEvent

    if isinstance(event, TagEvent | ReleaseEvent):
        return True
    if isinstance(event, PushEvent):
        return event.branch == event.default_branch
    # A schedule runs on the default branch only, and its event need not name it.
    on_default = event.name == "schedule" or (
        event.name == "workflow_dispatch" and event.ref_name == event.default_branch
    )
    return isinstance(event, OtherEvent) and on_default


def occasion_of(
    purpose: Purpose,
    commit: str,
    settings: Settings,
    repository: Repository,
    *,
    hidden: Sequence[str] = (),
    clock: Callable[[], datetime] = now,
) -> Occasion:
    """The occasion on which a commit is weighed now. Raises GitError, RevisionNotFound."""
    return Occasion(
        commit=commit,
        time=repository.commit_time(commit),
        recorded=clock(),
        ref=None if purpose.ref is None else clipped(purpose.ref, _REF_LENGTH),
        release=None if purpose.release is None else clipped(purpose.release, _REF_LENGTH),
        recipes={image.name: recipe_of(image.specs()[0], hidden) for image in settings.images},
        event=purpose.event,
        default_branch=None if purpose.default_branch is None else clipped(purpose.default_branch, _REF_LENGTH),
    )
