"""The page of jobs: what is under way, how far it is, what came of it, and what is told to webhooks. The gate lets in
admins only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from weighbridge.errors import UsageError
from weighbridge.service.auth.reader import Asking
from weighbridge.service.jobs import listing
from weighbridge.service.jobs.backfill import Filling, checked
from weighbridge.service.jobs.listing import Counts, Page, Wanted
from weighbridge.service.jobs.queue import OPEN, State
from weighbridge.service.pages.rendering import render
from weighbridge.service.running import Here
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import seconds
from weighbridge.service.webhooks import courier, registered

router = APIRouter(prefix="/jobs", include_in_schema=False, default_response_class=HTMLResponse)

_PARTS = 6
"""How many of the jobs that a job asked for are shown beneath it."""
_MESSAGES = 20
_Number = Annotated[int, Path(ge=1, lt=1 << 62)]
_Parent = Annotated[int | None, Query(ge=1, lt=1 << 62)]
_Text = Annotated[str, Form(max_length=255)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A job as the page shows it, with those of its parts that are told of. It goes on as long as one of them does.

    `done` of `total` is how far it is, `total` None where nobody knows; `ended` is seconds, None while it goes on.
    """

    job: Job
    state: State
    done: int
    total: int | None
    ended: int | None
    counts: Counts
    parts: Sequence[Shown] = ()

    @classmethod
    def of(cls, job: Job, counts: Counts, ended: int | None = None, parts: Sequence[Job] = ()) -> Shown:
        """A row. What a job asked for says more of how far it is than how far the asking is."""
        state, done, total = State(job.state), job.done, job.total
        if counts:
            still = sum(count for each, count in counts.items() if each in OPEN)
            total = sum(counts.values())
            done = total - still
            if state is State.DONE and (still or State.CANCELLED in counts):
                state = State.RUNNING if still else State.CANCELLED
        end = None if state in OPEN else max(job.finished or 0, ended or 0)
        below = [cls.of(part, {}) for part in parts]
        return cls(job=job, state=state, done=done, total=total, ended=end, counts=counts, parts=below)

    @property
    def is_open(self) -> bool:
        """Whether there is something to cancel."""
        return self.state in OPEN

    @property
    def is_ending(self) -> bool:
        """Whether it was told to end, and has not noticed yet."""
        return self.job.cancel and self.state is State.RUNNING

    @property
    def about(self) -> str:
        """What it is done with, in a few words."""
        given = json.loads(self.job.arguments)
        if self.job.kind == "backfill":
            words = [f"{given['registry']} as {given['repository']} {given['image']}", given["pattern"]]
            return ", ".join(word for word in words if word)
        return str(given.get("tag", ""))


@router.get("")
def jobs(
    here: Here,
    state: State | None = None,
    parent: _Parent = None,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
) -> HTMLResponse:
    """All jobs, the newest first, each with those that it asked for."""
    whole = state is None and parent is None
    now = here.now()
    with here.database.reading() as session:
        page = listing.page(session, Wanted(state=state, parent=parent, parts=not whole, after=cursor))
        messages = registered.recent(session, _MESSAGES) if whole and not cursor else None
        shown, above = _shown(session, page, _PARTS if whole else 0), _above(session, parent)
        lying = listing.is_left_lying(session, seconds(now))
    return render(
        "jobs.html.j2", here="Jobs", scripts=("jobs.js",), now=now, shown=shown, after=page.after, above=above,
        states=list(State), state=state, parent=parent, query=_query(state, parent), lying=lying, messages=messages,
        counts={} if messages is None else courier.queue(here), attempts=len(courier.WAITS) + 1,
    )  # fmt: skip


def _shown(session: Session, page: Page, most: int) -> list[Shown]:
    with_parts = list(page.parts)
    ends, parts = listing.last_ends(session, with_parts), listing.telling(session, with_parts, most)
    return [Shown.of(job, page.parts.get(job.id, {}), ends.get(job.id), parts.get(job.id, ())) for job in page.jobs]


def _above(session: Session, parent: int | None) -> Shown | None:
    """The job that asked for those that are looked at."""
    job = None if parent is None else session.get(Job, parent)
    if job is None:
        return None
    return Shown.of(
        job, listing.counted(session, [job.id]).get(job.id, {}), listing.last_ends(session, [job.id]).get(job.id)
    )


@router.post("")
def ask(here: Here, asking: Asking, kind: Annotated[Literal["retention", "refresh"], Form()]) -> RedirectResponse:
    """Asks for a job that needs to be told nothing."""
    listing.ask(here, asking, kind, {})
    return _back()


@router.post("/backfill")
def backfill(
    here: Here,
    asking: Asking,
    registry: _Text,
    repository: _Text,
    image: _Text,
    platform: _Text = "linux/amd64",
    pattern: _Text = "",
    prereleases: Annotated[bool, Form()] = False,
    limit: Annotated[str, Form(pattern="^[0-9]{0,5}$")] = "",
    private: Annotated[Literal["", "true", "false"], Form()] = "",
    commits: Annotated[str, Form(max_length=60_000)] = "",
) -> RedirectResponse:
    """Asks for the tags of a registry's image to be weighed. `commits` has a line for each tag that one is told of."""
    wanted: Filling = checked(Filling, {
        "registry": registry.strip(), "repository": repository.strip(), "image": image.strip(),
        "platform": platform.strip(), "pattern": pattern.strip() or None, "prereleases": prereleases,
        "limit": int(limit or 0), "private": private == "true" if private else None, "commits": _commits(commits),
    })  # fmt: skip
    listing.ask(here, asking, "backfill", wanted.model_dump())
    return _back()


def _commits(lines: str) -> dict[str, str]:
    """Raises UsageError for a line that is not a tag and a commit."""
    told = {}
    for number, line in enumerate(lines.splitlines(), start=1):
        words = line.split()
        if len(words) not in (0, 2):
            raise UsageError(f"commits: line {number} must be a tag and its commit, such as v1.0 0123…")
        if words:
            told[words[0]] = words[1]
    return told


@router.post("/{number}/cancel")
def cancel(
    here: Here, asking: Asking, number: _Number, state: State | None = None, parent: _Parent = None
) -> RedirectResponse:
    """Cancels a job, and leads back to the list that it was in."""
    listing.cancel(here, asking, number)
    return _back(_query(state, parent))


@router.post("/messages/{uid}/{action}")
def message(
    here: Here,
    asking: Asking,
    uid: Annotated[str, Path(max_length=64)],
    action: Literal["retry", "cancel"],
) -> RedirectResponse:
    """Sends a message to a webhook now, or never."""
    (registered.retry if action == "retry" else registered.cancel)(here, uid, by=asking)
    return _back("#messages")


def _query(state: State | None, parent: int | None) -> str:
    """Of the list that is looked at, with its question mark."""
    told = {"state": state and state.value, "parent": parent}
    query = urlencode({name: value for name, value in told.items() if value is not None})
    return f"?{query}" if query else ""


def _back(where: str = "") -> RedirectResponse:
    return RedirectResponse(f"/jobs{where}", status_code=303)
