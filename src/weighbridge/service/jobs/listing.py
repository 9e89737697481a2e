"""What lists show of jobs; and jobs asked for and cancelled in somebody's name, with entries in the audit log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from weighbridge.service import cursors
from weighbridge.service.auth import audit
from weighbridge.service.jobs import delivery, queue
from weighbridge.service.jobs.queue import Asked, State
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from weighbridge.service.auth.reader import Reader
    from weighbridge.service.running import Service

Counts = dict[State, int]
"""Jobs by state."""
_TELLING = (State.RUNNING, State.FAILED)
"""Parts that are worth a line of their own, in this order: of the others their number says enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A page of the list. `parent`: the jobs that this one asked for; without `parts`, those that people asked for."""

    state: State | None = None
    parent: int | None = None
    parts: bool = True
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Jobs, the newest first; `parts` counts by number what each asked for. `after` is the next page's cursor."""

    jobs: Sequence[Job]
    parts: Mapping[int, Counts]
    after: str | None


def page(session: Session, wanted: Wanted) -> Page:
    """Raises Problem for a cursor that is none."""
    statement = select(Job).order_by(Job.id.desc()).limit(wanted.limit + 1)
    if wanted.state is not None:
        statement = statement.where(Job.state == wanted.state.value)
    if wanted.parent is not None:
        statement = statement.where(Job.parent_id == wanted.parent)
    elif not wanted.parts:
        statement = statement.where(Job.parent_id.is_(None))
    if wanted.after is not None:
        statement = statement.where(Job.id < cursors.place(wanted.after)[1])
    found = session.scalars(statement).all()
    shown = found[: wanted.limit]
    after = cursors.cursor((None, shown[-1].id)) if len(found) > wanted.limit else None
    return Page(jobs=shown, parts=counted(session, [job.id for job in shown]), after=after)


def counted(session: Session, numbers: Sequence[int]) -> dict[int, Counts]:
    """How many jobs each asked for, by state."""
    made: dict[int, Counts] = {}
    statement = select(Job.parent_id, Job.state, func.count()).where(Job.parent_id.in_(numbers))
    for parent, state, count in session.execute(statement.group_by(Job.parent_id, Job.state)):
        made.setdefault(parent or 0, {})[State(state)] = count
    return made


def last_ends(session: Session, numbers: Sequence[int]) -> dict[int, int]:
    """When the last one ended of what each asked for, in seconds."""
    statement = select(Job.parent_id, func.max(Job.finished)).where(Job.parent_id.in_(numbers), Job.finished > 0)
    return {parent or 0: end or 0 for parent, end in session.execute(statement.group_by(Job.parent_id))}


def telling(session: Session, numbers: Sequence[int], most: int) -> Mapping[int, Sequence[Job]]:
    """Of what each asked for: what runs, and what failed, so many at most."""
    rank = case({state.value: place for place, state in enumerate(_TELLING)}, value=Job.state)
    place = func.row_number().over(partition_by=Job.parent_id, order_by=(rank, Job.id))
    ranked = select(Job.id, place.label("place")).where(Job.parent_id.in_(numbers), Job.state.in_(_TELLING)).subquery()
    statement = select(Job).join(ranked, ranked.c.id == Job.id).where(ranked.c.place <= most)
    made: dict[int, list[Job]] = {}
    for job in session.scalars(statement.order_by(Job.parent_id, ranked.c.place)):
        made.setdefault(job.parent_id or 0, []).append(job)
    return made


def is_left_lying(session: Session, now: int) -> bool:
    """Whether work waits and nobody was seen who takes any on, for longer than that can take."""
    before = now - 2 * queue.STALE
    waits = select(Job.id).where(Job.state == State.WAITING.value, Job.created < before).limit(1)
    seen = select(Job.id).where(Job.beat >= before).limit(1)
    return session.scalar(waits) is not None and session.scalar(seen) is None


def ask(service: Service, reader: Reader, kind: str, arguments: Mapping[str, object]) -> int:
    """The number of the new job, which begins soon."""
    asked = Asked(kind=kind, arguments=arguments, actor=reader.login or "")
    with service.database.writing() as session:
        number = queue.ask(session, asked, seconds(service.now()))
        assert number is not None  # noqa: S101 - only jobs with a name are not asked for twice
        detail = json.dumps(arguments, sort_keys=True) if arguments else ""
        _note(session, service, reader, "job.ask", f"{kind} {number}", detail)
    delivery.deliver(service.database, [number])
    return number


def cancel(service: Service, reader: Reader, number: int) -> None:
    """Cancels a job with those that it asked for. What is over, or is not, stays as it is."""
    with service.database.writing() as session:
        if queue.cancel(session, number, seconds(service.now())):
            kind = session.get_one(Job, number).kind
            _note(session, service, reader, "job.cancel", f"{kind} {number}")


def _note(session: Session, service: Service, reader: Reader, action: str, subject: str, detail: str = "") -> None:
    login, address = reader.login or "", reader.address
    audit.note(session, service.now(), login, action, subject, address=address, detail=detail)
