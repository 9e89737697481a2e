"""`/api/v1/jobs`: work that takes long, asked for, seen and cancelled. The gate lets in admins only."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from weighbridge.core.wire.times import written
from weighbridge.service import cursors
from weighbridge.service.auth.reader import Asking
from weighbridge.service.jobs import delivery, queue
from weighbridge.service.jobs.backfill import Filling
from weighbridge.service.jobs.queue import Asked, State
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import moment, seconds

router = APIRouter(tags=["jobs"])
Number = Annotated[int, Path(ge=1, lt=1 << 62)]


class JobV1(BaseModel):
    """A job. `done` of `total` is how far it is; `parts` are the jobs that it asked for, counted by state."""

    id: int
    kind: str
    state: State
    done: int
    total: Annotated[int | None, Field(description="Null where nobody knows.")]
    message: str
    parent: Annotated[int | None, Field(description="The job that asked for it.")]
    actor: str
    attempts: int
    cancelled: Annotated[bool, Field(description="Whether somebody wants it to end.")]
    created: str
    started: str | None
    finished: str | None
    parts: dict[State, int]


class JobsV1(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobV1]
    next: Annotated[str | None, Field(description="The cursor of the next page, null on the last.")]


class MaintenanceV1(BaseModel):
    """What is done daily anyhow (`retention`), or after an import (`refresh`: changes and trends worked out anew)."""

    kind: Literal["retention", "refresh"]


class BackfillV1(BaseModel):
    """The tags of an image in a registry, each weighed by a job of its own."""

    kind: Literal["backfill"]
    arguments: Filling


class WantedV1(BaseModel):
    """A job to be done."""

    job: Annotated[MaintenanceV1 | BackfillV1, Field(discriminator="kind")]


@router.get("/jobs", summary="All jobs")
def jobs(
    here: Here,
    state: State | None = None,
    parent: Annotated[int | None, Query(ge=1, lt=1 << 62)] = None,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobsV1:
    """A page of jobs, the newest first; by state, or those that a job asked for."""
    with here.database.reading() as session:
        statement = select(Job).order_by(Job.id.desc()).limit(limit + 1)
        if state is not None:
            statement = statement.where(Job.state == state.value)
        if parent is not None:
            statement = statement.where(Job.parent_id == parent)
        if cursor is not None:
            statement = statement.where(Job.id < cursors.place(cursor)[1])
        found = session.scalars(statement).all()
        shown = found[:limit]
        after = cursors.cursor((None, shown[-1].id)) if len(found) > limit else None
        counted = _parts(session, [job.id for job in shown])
    return JobsV1(jobs=[job_of(job, counted.get(job.id, {})) for job in shown], next=after)


@router.get("/jobs/{number}", summary="One job")
def job(here: Here, number: Number) -> JobV1:
    """How far it is."""
    return _one(here, number)


@router.post("/jobs", status_code=202, summary="Ask for a job")
def ask(here: Here, reader: Asking, wanted: WantedV1) -> JobV1:
    """Asks for work, which begins soon."""
    arguments = wanted.job.arguments.model_dump() if isinstance(wanted.job, BackfillV1) else {}
    with here.database.writing() as session:
        asked = Asked(kind=wanted.job.kind, arguments=arguments, actor=reader.login or "")
        number = queue.ask(session, asked, seconds(here.now()))
    assert number is not None  # noqa: S101 - only jobs with a name are not asked for twice
    delivery.deliver(here.database, [number])
    return _one(here, number)


@router.post("/jobs/{number}/cancel", status_code=202, summary="Cancel a job")
def cancel(here: Here, number: Number) -> JobV1:
    """Cancels a job and those that it asked for; what is under way ends soon."""
    with here.database.writing() as session:
        queue.cancel(session, number, seconds(here.now()))
    return _one(here, number)


def _one(here: Here, number: int) -> JobV1:
    with here.database.reading() as session:
        found = session.get(Job, number)
        if found is None:
            raise Problem(404, f"there is no job {number}")
        return job_of(found, _parts(session, [number]).get(number, {}))


def _parts(session: Session, numbers: list[int]) -> dict[int, dict[State, int]]:
    counted: dict[int, dict[State, int]] = {}
    statement = select(Job.parent_id, Job.state, func.count()).where(Job.parent_id.in_(numbers))
    for parent, state, count in session.execute(statement.group_by(Job.parent_id, Job.state)):
        counted.setdefault(parent or 0, {})[State(state)] = count
    return counted


def job_of(job: Job, parts: dict[State, int]) -> JobV1:
    """As the API has it."""
    return JobV1(
        id=job.id,
        kind=job.kind,
        state=State(job.state),
        done=job.done,
        total=job.total,
        message=job.message,
        parent=job.parent_id,
        actor=job.actor,
        attempts=job.attempt,
        cancelled=job.cancel,
        created=written(moment(job.created)),
        started=None if job.started is None else written(moment(job.started)),
        finished=None if job.finished is None else written(moment(job.finished)),
        parts=parts,
    )
