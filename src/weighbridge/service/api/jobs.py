"""`/api/v1/jobs`: work that takes long, asked for, seen and cancelled. The gate lets in admins only."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from weighbridge.core.wire.times import written
from weighbridge.service import tabular
from weighbridge.service.auth.reader import Asking
from weighbridge.service.jobs import listing
from weighbridge.service.jobs.backfill import Filling
from weighbridge.service.jobs.listing import Counts, Wanted
from weighbridge.service.jobs.queue import State
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import moment

router = APIRouter(tags=["jobs"])
Number = Annotated[int, Path(ge=1, lt=1 << 62)]


class JobV1(BaseModel):
    """A job. `done` of `total` is how far it is; `parts` are the jobs that it asked for, counted by state."""

    id: int
    kind: str
    arguments: Annotated[dict[str, Any], Field(description="What it is to be done with; of each kind its own.")]
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
    """What is done daily anyhow (`retention`), or after an upgrade or an import (`refresh`: all that pages show of
    images, worked out anew)."""

    kind: Literal["retention", "refresh"]


class BackfillV1(BaseModel):
    """The tags of an image in a registry, each weighed by a job of its own."""

    kind: Literal["backfill"]
    arguments: Filling


class WantedV1(BaseModel):
    """A job to be done."""

    job: Annotated[MaintenanceV1 | BackfillV1, Field(discriminator="kind")]


@router.get("/jobs", summary="All jobs", response_model=JobsV1, responses=tabular.RESPONSES)
def jobs(
    here: Here,
    state: State | None = None,
    parent: Annotated[int | None, Query(ge=1, lt=1 << 62)] = None,
    parts: Annotated[bool, Query(description="Whether those are listed too that a job asked for.")] = True,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    format: tabular.As = tabular.Format.JSON,  # noqa: A002
) -> JobsV1 | Response:
    """A page of jobs, the newest first; by state, or those that a job asked for."""

    def page(after: str | None, rows: int) -> tuple[list[JobV1], str | None]:
        wanted = Wanted(state=state, parent=parent, parts=parts, after=after, limit=rows)
        with here.database.reading() as session:
            found = listing.page(session, wanted)
        return [job_of(job, found.parts.get(job.id, {})) for job in found.jobs], found.after

    if format is tabular.Format.CSV:
        return tabular.table("jobs", JobV1, tabular.every(lambda at: page(at, tabular.PAGE)))
    rows, after = page(cursor, limit)
    return JobsV1(jobs=rows, next=after)


@router.get("/jobs/{number}", summary="One job")
def job(here: Here, number: Number) -> JobV1:
    """How far it is."""
    return _one(here, number)


@router.post("/jobs", status_code=202, summary="Ask for a job")
def ask(here: Here, asking: Asking, wanted: WantedV1) -> JobV1:
    """Asks for work, which begins soon."""
    arguments = wanted.job.arguments.model_dump() if isinstance(wanted.job, BackfillV1) else {}
    return _one(here, listing.ask(here, asking, wanted.job.kind, arguments))


@router.post("/jobs/{number}/cancel", status_code=202, summary="Cancel a job")
def cancel(here: Here, asking: Asking, number: Number) -> JobV1:
    """Cancels a job and those that it asked for; what is under way ends soon."""
    listing.cancel(here, asking, number)
    return _one(here, number)


def _one(here: Here, number: int) -> JobV1:
    with here.database.reading() as session:
        found = session.get(Job, number)
        if found is None:
            raise Problem(404, f"there is no job {number}")
        return job_of(found, listing.counted(session, [number]).get(number, {}))


def job_of(job: Job, parts: Counts) -> JobV1:
    """As the API has it."""
    return JobV1(
        id=job.id,
        kind=job.kind,
        arguments=json.loads(job.arguments),
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
