"""Single records: what they say, the reports that they came with, and any two of them compared."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from weighbridge.core import wire
from weighbridge.core.rendering.page import page as report_page
from weighbridge.core.rendering.tables import Table
from weighbridge.core.wire.records import record_value
from weighbridge.model.report import Report
from weighbridge.service import comparisons, stored, tabular
from weighbridge.service.api.images import RecordV1, record_of
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here

router = APIRouter(tags=["records"])

Number = Annotated[int, Path(ge=1, lt=1 << 62, description="A record's number.")]
Asked = Annotated[int, Query(ge=1, lt=1 << 62, description="A record's number.")]
Slug = Annotated[str, Path(pattern="^[a-z-]{1,60}$", description="A table's name, as the pages link it.")]
Directory = Annotated[str, Query(max_length=4096, description="Files of this directory alone.")]
REPORT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object", "title": "weighbridge.report/1"}}}}
}


class WholeRecordV1(BaseModel):
    """A record with its names, and `content`: layers, largest packages and directories, as the history keeps them."""

    repository: str
    image: str
    platform: str
    record: RecordV1
    content: dict[str, Any]


class RowsV1(BaseModel):
    """A table of a report's page; sizes are bytes, what is unknown is null."""

    title: str
    rows: list[dict[str, str | int | None]]


@router.get("/records/{number}", summary="One record")
def record(here: Here, number: Number) -> WholeRecordV1:
    """What is remembered of an image at a commit."""
    kept = comparisons.kept_record(here, number)
    return WholeRecordV1(
        repository=kept.repository,
        image=kept.image.name,
        platform=kept.image.platform,
        record=record_of(kept.record),
        content=record_value(stored.record_of(kept.record)),
    )


@router.get("/records/{number}/report", summary="The report of a record", responses=REPORT)
def report(here: Here, number: Number) -> Response:
    """The report as it was received, all of its images included."""
    kept = comparisons.kept_record(here, number)
    text = stored.text_of(kept, here.store)
    if text is None:
        raise Problem(404, f"the report of record {number} is not kept any more")
    return Response(text, media_type="application/json")


@router.get(
    "/records/{number}/tables/{table}",
    summary="A table of a record's report",
    response_model=RowsV1,
    responses=tabular.RESPONSES,
)
def record_table(
    here: Here,
    number: Number,
    table: Slug,
    format: tabular.As = tabular.Format.JSON,  # noqa: A002
) -> RowsV1 | Response:
    """One of the tables that the record's page shows."""
    kept = comparisons.kept_record(here, number)
    found = stored.report_of(kept, here.store)
    if found is None:
        raise Problem(404, f"the report of record {number} is not kept any more")
    return _table(stored.alone(found, kept.image), table, format, f"record-{number}")


@router.get("/compare", summary="Two records compared", responses=REPORT)
def compare(here: Here, base: Asked, head: Asked, path: Directory = "") -> Response:
    """The difference as a report (`weighbridge.report/1`): file by file where the files of both were sent."""
    found = comparisons.comparison(here, base, head, path)
    return JSONResponse(json.loads(wire.dump(found.report)))


@router.get(
    "/compare/{base}/{head}/{table}",
    summary="A table of a comparison",
    response_model=RowsV1,
    responses=tabular.RESPONSES,
)
def compare_table(
    here: Here,
    base: Number,
    head: Number,
    table: Slug,
    path: Directory = "",
    format: tabular.As = tabular.Format.JSON,  # noqa: A002
) -> RowsV1 | Response:
    """One of the tables that the page of a comparison shows."""
    found = comparisons.comparison(here, base, head, path)
    return _table(found.report, table, format, f"compare-{base}-{head}")


def _table(report: Report, slug: str, form: tabular.Format, name: str) -> RowsV1 | Response:
    part = report_page(report).images[0]
    every: list[Table] = [*part.differences, *part.contents]
    every += [part.why] if part.why else []
    every += part.fix.tables if part.fix else ()
    found = next((each for each in every if each.slug == slug), None)
    if found is None:
        raise Problem(404, f"no table {slug}; there are {', '.join(each.slug for each in every)}"[:300])
    if form is tabular.Format.CSV:
        return tabular.shown(f"{name}-{slug}", found)
    return RowsV1(title=found.title, rows=tabular.values(found))
