"""The first page: all images at a glance."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from weighbridge.model.budget import Status
from weighbridge.service import queries
from weighbridge.service.pages.rendering import render
from weighbridge.service.running import Here
from weighbridge.service.visible import Seen

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def overview(
    here: Here,
    seen: Seen,
    sort: queries.Order = queries.Order.SIZE,
    q: Annotated[str, Query(max_length=200)] = "",
    status: Status | None = None,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
) -> HTMLResponse:
    """All images: weight, trend, change this month, proven saving not yet taken, budget."""
    wanted = queries.Wanted(order=sort, text=q, status=status and status.value, after=cursor)
    with here.database.reading() as session:
        page = queries.images(session, wanted, seen)
    return render("overview.html.j2", page=page, wanted=wanted)
