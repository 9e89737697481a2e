"""A repository, an image, one report, two records compared."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from weighbridge.core.charts.choices import ChartKind
from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.page import page as report_page
from weighbridge.core.rendering.units import format_size
from weighbridge.service import addresses, comparisons, queries, queries_pulls, queries_records, queries_totals, stored
from weighbridge.service.addresses import API, linked
from weighbridge.service.pages.overview import columns
from weighbridge.service.pages.rendering import render
from weighbridge.service.pictures import addresses as pictures
from weighbridge.service.problems import Problem
from weighbridge.service.queries_records import Kept
from weighbridge.service.running import Here, Service
from weighbridge.service.tables import Record
from weighbridge.service.values import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

CHARTS = {
    ChartKind.SIZE: "Weight",
    ChartKind.PACKED: "Packed",
    ChartKind.LAYERS: "Layers",
    ChartKind.PACKAGES: "Packages",
}
_ROWS, _MOST_ROWS = 30, 500
_CHOICES = 60
Row = Annotated[int, Query(ge=1, lt=1 << 62)]


@router.get("/repositories/{owner}/{name}")
def repository(
    here: Here, owner: str, name: str, cursor: Annotated[str | None, Query(max_length=4000)] = None
) -> HTMLResponse:
    """One repository: its images over time, and what is open."""
    wanted = queries.Wanted(repository=f"{owner}/{name}", after=cursor)
    with here.database.reading() as session:
        owned = queries_totals.repository(session, f"{owner}/{name}")
        if owned is None:
            raise Problem(404, f"no repository {owner[:100]}/{name[:100]} has reported")
        page = queries.images(session, wanted)
        pulls = queries_pulls.pulls(session, repository=owned.name)
    weighed = [shown for shown in page.images if shown.image.size is not None]
    address = addresses.repository(owned.name)
    return render(
        "repository.html.j2",
        here="Repositories",
        owned=owned,
        page=page,
        pulls=pulls,
        columns=columns({}, None),
        largest=max((shown.image.size or 0 for shown in weighed), default=0),
        drawn=pictures.chart(here, owned.name, None, None, ChartKind.SIZE, private=owned.private)
        if 1 <= len(weighed) <= 8
        else None,
        forge=_forge(here),
        now=here.now(),
        address=linked(f"{API}/images", repository=owned.name),
        pulls_address=linked(f"{API}/pulls", repository=owned.name),
        next=linked(address, cursor=page.after) if page.after else None,
        first=address if cursor else None,
    )


@router.get("/images/{owner}/{repository}/{name:path}")
def image(
    here: Here,
    owner: str,
    repository: str,
    name: str,
    platform: Annotated[str | None, Query(max_length=200)] = None,
    chart: ChartKind = ChartKind.SIZE,
    rows: Annotated[int, Query(ge=1, le=_MOST_ROWS)] = _ROWS,
) -> HTMLResponse:
    """One image over time."""
    with here.database.reading() as session:
        shown = queries.image(session, f"{owner}/{repository}", name, platform)
        if shown is None:
            raise Problem(404, f"no image {name[:200]} of {owner[:100]}/{repository[:100]} has reported")
        records = queries.history(session, shown.image.id, _MOST_ROWS)
        platforms = queries.platforms(session, shown.image)
    row = shown.image
    snippet = pictures.snippet(here, shown, {ChartKind.SIZE: "image size", ChartKind.LAYERS: "image size by layer"})
    return render(
        "image.html.j2",
        here="Images",
        scripts=("charting.js", "history.js") if chart is ChartKind.SIZE else (),
        repository=shown.repository,
        image=row,
        platforms=platforms,
        records=records[:rows],
        newest=next((record for record in records if record.id == row.record_id), None),
        largest=max((record.size for record in records), default=0),
        more=addresses.image(shown.repository, row.name, row.platform, rows=_MOST_ROWS) if len(records) > rows else "",
        charts=CHARTS,
        chart=chart,
        drawn=pictures.chart(here, shown.repository, row.name, row.platform, chart, private=shown.private),
        points=_points(records, here) if chart is ChartKind.SIZE and records else "",
        badges=pictures.badges(here, shown),
        snippet=snippet,
        forge=_forge(here),
        now=here.now(),
        address=linked(f"{API}{addresses.image(shown.repository, row.name)}", platform=row.platform, limit=2_000),
    )


def _points(records: Any, here: Service) -> str:
    """What history.js draws, as JSON that may stand in a page; times in milliseconds as browsers count them."""
    ordered: list[Record] = list(reversed(records))
    points = [
        {
            "time": record.time * 1000,
            "size": record.size,
            "budget": record.max_size,
            "release": record.release,
            "commit": record.commit,
            "change": record.size - ordered[number - 1].size if number else None,
            "page": addresses.record(record.id),
        }
        for number, record in enumerate(ordered)
    ]
    text = json.dumps({"records": points, "until": int(here.now().timestamp() * 1000)}, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@router.get("/records/{number}")
def record(here: Here, number: int) -> HTMLResponse:
    """What was reported for a record: the parts of the report's own page."""
    kept = comparisons.kept_record(here, number)
    with here.database.reading() as session:
        before = queries_records.before(session, kept.record)
        others = _others(session, kept)
    report = stored.report_of(kept, here.store)
    address = f"{API}{addresses.record(number)}"
    if report is None or stored.image_of(report, kept.image) is None:
        remembered = stored.record_of(kept.record)
        return render("remembered.html.j2", here="Images", kept=kept, before=before, others=others,
                      record=remembered, forge=_forge(here), address=address)  # fmt: skip
    return render(
        "record.html.j2",
        here="Images",
        scripts=("tables.js", "treemap.js"),
        kept=kept,
        before=before,
        others=others,
        page=report_page(stored.alone(report, kept.image)),
        forge=_forge(here),
        address=f"{address}/report",
        tables=f"{address}/tables",
    )


def _others(session: Session, kept: Kept) -> list[tuple[str, list[tuple[int, str]]]]:
    """Records to compare one with, in groups: of its image, and the newest ones of the repository's other images."""
    mine = [
        (record.id, f"{moment(record.time):%Y-%m-%d} {record.release or record.commit[:7]} {format_size(record.size)}")
        for record in queries.history(session, kept.image.id, _CHOICES)
        if record.id != kept.record.id
    ]
    wanted = queries.Wanted(repository=kept.repository, order=queries.Order.NAME, limit=_CHOICES)
    images = [shown.image for shown in queries.images(session, wanted).images]
    theirs = [
        (image.record_id, f"{plain(image.name, 80)} {plain(image.platform, 40)} {format_size(image.size or 0)}")
        for image in images
        if image.record_id is not None and image.id != kept.image.id
    ]
    return [(name, group) for name, group in (("This image", mine), ("Other images, newest", theirs)) if group]


@router.get("/compare")
def compare(here: Here, base: Row, head: Row, path: Annotated[str, Query(max_length=4096)] = "") -> HTMLResponse:
    """Any two records beside each other."""
    found = comparisons.comparison(here, base, head, path)
    return render(
        "compare.html.j2",
        here="Images",
        scripts=("tables.js", "treemap.js"),
        base=found.base,
        head=found.head,
        page=report_page(found.report),
        note=found.note,
        trail=_trail(base, head, found.path),
        folders=[(each, linked("/compare", base=base, head=head, path=each.path)) for each in found.folders],
        address=f"{API}{linked('/compare', base=base, head=head, path=found.path)}",
        tables=f"{API}/compare/{base}/{head}",
        query=linked("", path=found.path).replace("?", "&", 1),
    )


def _trail(base: int, head: int, path: str) -> list[tuple[str, str]]:
    """The directories above a path and itself, with where each of them is compared; nothing for the root."""
    parts = path.split("/") if path else []
    steps = [("/", linked("/compare", base=base, head=head))] if parts else []
    for number, name in enumerate(parts, 1):
        steps.append((f"{name}/", linked("/compare", base=base, head=head, path="/".join(parts[:number]))))
    return steps


def _forge(here: Service) -> str:
    return str(here.configuration.github_url).rstrip("/")
