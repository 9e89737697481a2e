"""The table of jobs: asking for work, taking it on, telling how far it is, and ending it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, update

from weighbridge.service.database import upsert
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

STALE = 60
"""Seconds after which one that was not seen is taken to be gone, and another may take its work on."""
ATTEMPTS = 5
"""Work that ended so many workers is given up."""


class State(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (State.WAITING, State.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A job that was taken on: no other one works on this attempt."""

    number: int
    kind: str
    arguments: Mapping[str, Any]
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Work to do; see tables_jobs.Job."""

    kind: str
    arguments: Mapping[str, Any]
    actor: str
    name: str | None = None
    parent: int | None = None


def ask(session: Session, asked: Asked, now: int) -> int | None:
    """The number of the new job; None where it was asked for before under its name."""
    statement = (
        upsert(session)(Job)
        .values(
            kind=asked.kind,
            arguments=json.dumps(asked.arguments, sort_keys=True),
            name=asked.name,
            actor=plain(asked.actor),
            parent_id=asked.parent,
            state=State.WAITING.value,
            done=0,
            message="",
            attempt=0,
            cancel=False,
            created=now,
        )
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Job.id)
    )
    number: int | None = session.scalar(statement)
    return number


def take(session: Session, number: int, now: int) -> Taken | None:
    """Takes a job on; None where another one has it, or nothing is left to do."""
    found = session.scalars(
        update(Job)
        .where(Job.id == number, takeable(now))
        .values(state=State.RUNNING.value, attempt=Job.attempt + 1, beat=now, started=now)
        .returning(Job),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if found is None:
        return None
    return Taken(number=found.id, kind=found.kind, arguments=json.loads(found.arguments), attempt=found.attempt)


def takeable(now: int) -> ColumnElement[bool]:
    """What waits, and what was left by one that is gone."""
    return or_(Job.state == State.WAITING.value, and_(Job.state == State.RUNNING.value, Job.beat < now - STALE))


def open_jobs(session: Session, now: int, limit: int = 100) -> Sequence[int]:
    """Numbers of jobs that could be taken on, the oldest first."""
    return session.scalars(select(Job.id).where(takeable(now)).order_by(Job.id).limit(limit)).all()


def tell(session: Session, taken: Taken, now: int, **values: object) -> bool:
    """Notes how far it is; False where it is to be cancelled, or is another one's by now."""
    mine = and_(Job.id == taken.number, Job.attempt == taken.attempt, Job.state == State.RUNNING.value)
    cancelled = session.scalar(update(Job).where(mine).values(beat=now, **values).returning(Job.cancel))
    return cancelled is False


def finish(session: Session, taken: Taken, state: State, message: str | None, now: int) -> None:
    """Ends this attempt, unless another one has taken the work on."""
    values = {} if message is None else {"message": plain(message, 1000)}
    mine = and_(Job.id == taken.number, Job.attempt == taken.attempt, Job.state == State.RUNNING.value)
    session.execute(update(Job).where(mine).values(state=state.value, finished=now, **values))


def put_back(session: Session, taken: Taken) -> None:
    """Leaves it to others, as one that is told to stop does."""
    mine = and_(Job.id == taken.number, Job.attempt == taken.attempt, Job.state == State.RUNNING.value)
    session.execute(update(Job).where(mine).values(state=State.WAITING.value, attempt=Job.attempt - 1))


def cancel(session: Session, number: int, now: int) -> bool:
    """Cancels a job and what it asked for; what is under way ends as soon as it notices. False: there was no such."""
    these = or_(Job.id == number, Job.parent_id == number)
    waiting = update(Job).where(these, Job.state == State.WAITING.value)
    ended = waiting.values(state=State.CANCELLED.value, cancel=True, finished=now).returning(Job.id)
    running = update(Job).where(these, Job.state == State.RUNNING.value).values(cancel=True).returning(Job.id)
    return bool([*session.scalars(ended), *session.scalars(running)])
