"""What the action does with the history, beside its report: records what was weighed, where the event is one for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge import recording, tracking
from weighbridge.core.history.pictures import snippet, subjects
from weighbridge.core.rendering.units import format_size
from weighbridge.errors import GitForbidden, GitHubError, UsageError, WeighbridgeError
from weighbridge.event import ReleaseEvent
from weighbridge.occasions import is_remembered, purpose_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from weighbridge.adapters.runner import Runner
    from weighbridge.event import Event
    from weighbridge.forge import Tracking
    from weighbridge.model.budget import Percent
    from weighbridge.model.record import Record
    from weighbridge.model.report import Report
    from weighbridge.ports import FilesBranch, PullRequests, Repository
    from weighbridge.revisions import Refs
    from weighbridge.settings import Settings


_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Where the history is told, and asked for anew: the runner, the branch, and GitHub where there is a token."""

    runner: Runner
    branch: FilesBranch
    tracking: Tracking | None
    pulls: PullRequests | None


def tell(records: Sequence[Record], settings: Settings, event: Event, teller: Teller) -> None:
    """A release's comparison with the one before, and growth on the default branch. What goes wrong is a warning.

    It is told again where another job has recorded something meanwhile, so that whoever comes last tells all of it.
    """
    told = list(_to_tell(settings, event, teller))
    for _ in range(_ROUNDS if told else 0):
        if not all(telling(records) for telling in told):
            break
        try:
            fresh = recording.recall(teller.branch).records
        except WeighbridgeError as error:
            teller.runner.warning(f"what others recorded meanwhile is not known: {error}")
            break
        if fresh == tuple(records):
            break
        records = fresh
    if isinstance(event, ReleaseEvent) and settings.release_notes:
        section = _section(records, event, teller)
        if section:
            teller.runner.summary(f"\n{section}")


def _to_tell(settings: Settings, event: Event, teller: Teller) -> Iterator[Callable[[Sequence[Record]], bool]]:
    """What there is to tell of records; each says whether it could."""
    if isinstance(event, ReleaseEvent) and settings.release_notes:
        yield lambda records: _tell_release(records, event, teller)
    branch, limit = purpose_of(event).branch, settings.alert_growth
    if limit is not None and branch is not None and is_remembered(event):
        yield lambda records: _tell_growth(records, branch, limit, teller)


def _tell_growth(records: Sequence[Record], branch: str, limit: int | Percent, teller: Teller) -> bool:
    if teller.tracking is None:
        teller.runner.warning("alert-growth needs a github-token to open its issue with")
        return False
    try:
        done = tracking.watch(records, branch, limit, teller.tracking)
    except GitHubError as error:
        teller.runner.warning(f"no issue about growth: {error}")
        return False
    if done:
        teller.runner.line(done)
    return True


def _section(records: Sequence[Record], event: ReleaseEvent, teller: Teller) -> str:
    return tracking.release_section(event.tag, records, event.default_branch or "", teller.pulls)


def _tell_release(records: Sequence[Record], event: ReleaseEvent, teller: Teller) -> bool:
    section = _section(records, event, teller)
    if not section:
        return False
    if teller.tracking is None:
        teller.runner.warning("the release's notes are not written: there is no github-token")
        return False
    try:
        teller.runner.line(tracking.write_notes(event.tag, section, teller.tracking))
    except GitHubError as error:
        teller.runner.warning(f"the release's notes are not written: {error}; release-notes: false ends this warning")
        return False
    return True


def recorded_base(
    settings: Settings, refs: Refs, branch: Callable[[], FilesBranch], say: Callable[[str], None]
) -> tuple[Record, ...]:
    """What is remembered of the base; nothing, with a line why, where it cannot be had: then the base is built."""
    commit = refs.base.commit if refs.base else None
    if commit is None or not settings.recorded_base:
        return ()
    try:
        records = recording.recall(branch()).records
    except WeighbridgeError as error:
        say(f"no recorded base: {error}")
        return ()
    return tuple(record for record in records if record.commit == commit)


def remember(
    report: Report,
    settings: Settings,
    event: Event,
    *,
    repository: Repository,
    branch: FilesBranch,
    hidden: Sequence[str],
    runner: Runner,
) -> tuple[Record, ...] | None:
    """All that is remembered once this run is; None where it is not. What goes wrong is a warning."""
    if not is_remembered(event) or not settings.record:
        return None
    purpose = purpose_of(event)
    try:
        if purpose.ref == settings.history_branch or event.default_branch == settings.history_branch:
            raise UsageError(f"history-branch must be a branch of its own, not {settings.history_branch}")
        what = recording.What(report=report, purpose=purpose)
        new = recording.records_to_keep(what, settings, repository, hidden=hidden)
        main = event.default_branch or purpose.branch
        records = recording.remember(new, branch, squash=settings.squash_history, main=main)
    except GitForbidden as error:
        runner.warning(f"not recorded: {error}; record: false ends this warning. The report is kept")
        return None
    except WeighbridgeError as error:
        runner.warning(f"not recorded: {error}")
        return None
    for record in new:
        size = format_size(record.size)
        runner.line(f"recorded on {branch.name}: {record.image} {record.platform} {size} at {record.commit[:12]}")
    if settings.job_summary and event.repository is not None:
        address = f"{event.server_url}/{event.repository}"
        runner.summary("\n" + snippet(subjects(new), repository_url=address, branch=branch.name))
    return records
