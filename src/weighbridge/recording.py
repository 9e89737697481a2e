"""The use cases of the history: verbs on the branch that remembers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.core.history.keep import History, is_ours, read_history, remembered, thinned, write_history
from weighbridge.core.history.make import records_of
from weighbridge.core.history.pictures import draw, subjects
from weighbridge.errors import UsageError
from weighbridge.occasions import NO_PURPOSE, now, occasion_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from weighbridge.model.record import Occasion, Record
    from weighbridge.model.report import Report
    from weighbridge.occasions import Purpose
    from weighbridge.ports import FilesBranch, Repository
    from weighbridge.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class What:
    """What is recorded: a report's head, for what the `purpose` says, and for what the report itself does otherwise."""

    report: Report
    purpose: Purpose = NO_PURPOSE


def records_to_keep(
    what: What,
    settings: Settings,
    repository: Repository,
    *,
    hidden: Sequence[str] = (),
    clock: Callable[[], datetime] = now,
) -> tuple[Record, ...]:
    """The records of a report. Raises UsageError where no commit made it, or nothing in it was weighed."""
    commit = what.report.head.commit
    if commit is None:
        raise UsageError("only what a commit holds can be recorded: commit the changes, or name one with --head")
    occasion = what.report.occasion
    if occasion is None:
        occasion = occasion_of(what.purpose, commit, settings, repository, hidden=hidden, clock=clock)
    made = records_of(what.report, _as_asked(occasion, what.purpose))
    if not made:
        raise UsageError(f"nothing to record of {commit[:12]}: no image of it could be weighed")
    return made


def _as_asked(occasion: Occasion, asked: Purpose) -> Occasion:
    if asked.ref is None and asked.release is None:
        return occasion
    return replace(occasion, ref=asked.ref or occasion.ref, release=asked.release or occasion.release)


def remember(
    new: Sequence[Record],
    branch: FilesBranch,
    *,
    clock: Callable[[], datetime] = now,
    squash: bool = False,
    main: str | None = None,
) -> tuple[Record, ...]:
    """Puts records on the branch as one commit, whoever else writes there; all that it remembers then.

    Old records are thinned on the way, and pictures of what is new are drawn of the records of `main`, the default
    branch (None: the one that most are of). Raises GitError, GitForbidden, and UsageError for a branch that is not
    ours.
    """
    all_records: tuple[Record, ...] = ()

    def edit(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
        nonlocal all_records
        history = _ours(files, branch)
        all_records = thinned(remembered(history.records, new), clock())
        written = write_history(files, History(records=all_records, unread=history.unread))
        return {**written, **draw(all_records, subjects(new), main)}

    branch.update(edit, _message(new, squash=squash), squash=squash)
    return all_records


def recall(branch: FilesBranch) -> History:
    """What the branch remembers. Raises GitError, and UsageError for a branch that is not ours."""
    return _ours(branch.read(), branch)


def _ours(files: Mapping[str, bytes], branch: FilesBranch) -> History:
    if files and not is_ours(files):
        raise UsageError(
            f"the branch {branch.name} holds other things than weighbridge's records: "
            "name another with history-branch, or delete it"
        )
    return read_history(files)


def _message(new: Sequence[Record], *, squash: bool) -> str:
    if squash:
        return "Keep the records without their past\n\n[skip ci]\n"
    first = new[0]
    names = ", ".join(dict.fromkeys(record.image for record in new))
    return f"Record {names} at {first.commit[:12]}\n\n[skip ci]\n"
