"""The page of jobs: what is under way, how far it is, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from weighbridge.service.api import jobs as api
from weighbridge.service.jobs.queue import State
from weighbridge.service.pages.rendering import render
from weighbridge.service.running import Here
from weighbridge.service.visible import Seen

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/jobs")
def jobs(
    here: Here,
    seen: Seen,
    state: State | None = None,
    parent: Annotated[int | None, Query(ge=1, lt=1 << 62)] = None,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
) -> HTMLResponse:
    """All jobs, the newest first."""
    page = api.jobs(here, seen, state, parent, cursor, 50)
    return render("jobs.html.j2", page=page, states=list(State), state=state, parent=parent)
