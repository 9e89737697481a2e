"""The first page: all images at a glance."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from weighbridge.model.budget import Status
from weighbridge.service import addresses, queries, queries_totals
from weighbridge.service.addresses import linked
from weighbridge.service.pages.rendering import render
from weighbridge.service.queries import Order
from weighbridge.service.running import Here

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ORDERS = {
    Order.SIZE: "weight",
    Order.CHANGE: "change this month",
    Order.SAVING: "proven saving",
    Order.STATUS: "budget, worst first",
    Order.TIME: "newest",
    Order.NAME: "name",
}
_COLUMNS = (
    (Order.NAME, "Image", ""),
    (Order.SIZE, "Weight", "n"),
    (None, "Trend", ""),
    (Order.CHANGE, "This month", "n minor"),
    (Order.SAVING, "Proven saving", "n minor"),
    (Order.STATUS, "Budget", ""),
)


@router.get("/")
def overview(
    here: Here,
    sort: Order = Order.SIZE,
    q: Annotated[str, Query(max_length=200)] = "",
    status: Annotated[Status | str, Query(pattern="^(pass|warn|unknown|fail)?$")] = "",
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
) -> HTMLResponse:
    """All images: weight, trend, change this month, proven saving not yet taken, budget."""
    wanted = queries.Wanted(order=sort, text=q.strip(), status=status or None, after=cursor)
    totals = queries_totals.totals(here.database)
    with here.database.reading() as session:
        page = queries.images(session, wanted)
    asked: dict[str, Any] = {"q": wanted.text, "status": wanted.status, "sort": sort.value}
    return render(
        "overview.html.j2",
        here="Images",
        looked_for=wanted.text,
        page=page,
        wanted=wanted,
        totals=totals,
        orders=ORDERS,
        columns=columns(asked, sort),
        largest=max((shown.image.size or 0 for shown in page.images), default=0),
        address=linked(f"{addresses.API}/images", **asked),
        next=linked("/", **asked, cursor=page.after) if page.after else None,
        first=linked("/", **asked) if cursor else None,
        public=str(here.configuration.public_url).rstrip("/"),
    )


def columns(asked: dict[str, Any], sort: Order | None) -> list[tuple[str, str, str, str, str]]:
    """Heads of a table of images: key, name, class, how it is sorted, and where it is sorted by it."""
    return [
        (
            key.value if key else "",
            name,
            kind,
            "" if key is None or key is not sort else "ascending" if key is Order.NAME else "descending",
            linked("/", **{**asked, "sort": key.value}) if key and sort else "",
        )
        for key, name, kind in _COLUMNS
    ]
