"""The page of jobs: what is under way, how far it is, and what came of it. The gate lets in admins only."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from weighbridge.service.api import jobs as api
from weighbridge.service.jobs.queue import State
from weighbridge.service.pages.rendering import render
from weighbridge.service.running import Here

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/jobs")
def jobs(
    here: Here,
    state: State | None = None,
    parent: Annotated[int | None, Query(ge=1, lt=1 << 62)] = None,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
) -> HTMLResponse:
    """All jobs, the newest first."""
    page = api.jobs(here, state, parent, cursor, 50)
    return render("jobs.html.j2", here="Jobs", page=page, states=list(State), state=state, parent=parent)
