"""`/api/v1/images`: what weighs how much now, and over time."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from weighbridge.core.wire.times import written
from weighbridge.model.budget import Status
from weighbridge.service import queries, queries_totals, tabular
from weighbridge.service.api.examples import IMAGE, RECORD
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here
from weighbridge.service.tables import Record
from weighbridge.service.values import moment

router = APIRouter(tags=["images"])

Cursor = Annotated[str | None, Query(max_length=4000, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Rows of a page.")]


class ImageV1(BaseModel):
    """An image with its newest weight on the default branch; all sizes are bytes, what is unknown is null."""

    model_config = ConfigDict(json_schema_extra={"example": IMAGE})

    repository: str
    name: str
    platform: str
    time: str | None
    size: int | None
    packed_size: int | None
    packed_size_estimated: bool | None
    wasted: int | None
    layers: int | None
    status: Status | None
    max_size: int | None
    saving: Annotated[int | None, Field(description="What the best proven fix would save.")]
    month_change: Annotated[int | None, Field(description="Against a month before the newest record.")]
    trend: Annotated[list[int], Field(description="The last sizes, the oldest first.")]
    record: Annotated[int | None, Field(description="Number of the newest record.")] = None


class ImagesV1(BaseModel):
    """A page of images."""

    images: list[ImageV1]
    next: Annotated[str | None, Field(description="The cursor of the next page, null on the last.")]


class RecordV1(BaseModel):
    """A weight at a commit. `pull_request` is null but for what a pull request would make of it."""

    model_config = ConfigDict(json_schema_extra={"example": RECORD})

    id: int
    commit: str
    time: str
    ref: str | None
    release: str | None
    pull_request: int | None
    size: int
    packed_size: int
    packed_size_estimated: bool
    wasted: int
    layers: int
    files: int
    base_size: int | None
    delta: int | None
    status: Status
    max_size: int | None
    saving: int | None


class HistoryV1(BaseModel):
    """Weights of an image, the newest first."""

    image: ImageV1
    records: list[RecordV1]


class TotalsV1(BaseModel):
    """Sums over all images that the reader may see; sizes are bytes."""

    images: int
    weighed: Annotated[int, Field(description="Images with a record on their default branch.")]
    size: int
    packed_size: int
    month_change: int
    over_budget: int
    saving: Annotated[int, Field(description="What the best proven fix of each image would save, in all.")]
    savings: Annotated[int, Field(description="Images with a proven saving.")]


def totals_of(totals: queries_totals.Totals) -> TotalsV1:
    """As the API has it."""
    return TotalsV1(
        images=totals.images,
        weighed=totals.weighed,
        size=totals.size,
        packed_size=totals.packed,
        month_change=totals.month_change,
        over_budget=totals.over_budget,
        saving=totals.saving,
        savings=totals.savings,
    )


@router.get("/totals", summary="Sums over all images")
def totals(here: Here) -> TotalsV1:
    """How many images there are, what they weigh, and what could be saved."""
    return totals_of(queries_totals.totals(here.database))


@router.get("/images", summary="All images", response_model=ImagesV1, responses=tabular.RESPONSES)
def images(
    here: Here,
    sort: queries.Order = queries.Order.SIZE,
    q: Annotated[str, Query(max_length=200, description="Part of a name.")] = "",
    status: Status | None = None,
    repository: Annotated[str | None, Query(max_length=201)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    format: tabular.As = tabular.Format.JSON,  # noqa: A002 - the parameter's name
) -> ImagesV1 | Response:
    """A page of images, the heaviest first."""

    def page(after: str | None, rows: int) -> ImagesV1:
        wanted = queries.Wanted(
            order=sort, text=q, status=status and status.value, repository=repository, after=after, limit=rows
        )
        with here.database.reading() as session:
            found = queries.images(session, wanted)
        return ImagesV1(images=[image_of(shown) for shown in found.images], next=found.after)

    if format is tabular.Format.JSON:
        return page(cursor, limit)
    return tabular.table("images", ImageV1, tabular.every(lambda at: _split(page(at, tabular.PAGE))))


def _split(page: ImagesV1) -> tuple[list[ImageV1], str | None]:
    return page.images, page.next


@router.get(
    "/images/{owner}/{repository}/{name:path}",
    summary="One image over time",
    response_model=HistoryV1,
    responses=tabular.RESPONSES,
)
def image(
    here: Here,
    owner: str,
    repository: str,
    name: str,
    platform: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
    format: tabular.As = tabular.Format.JSON,  # noqa: A002
) -> HistoryV1 | Response:
    """An image, with what it weighed on the default branch and in releases."""
    with here.database.reading() as session:
        shown = queries.image(session, f"{owner}/{repository}", name, platform)
        if shown is None:
            raise Problem(404, f"no image {name[:200]} of {owner[:100]}/{repository[:100]} has reported")
        records = [record_of(record) for record in queries.history(session, shown.image.id, limit)]
    if format is tabular.Format.CSV:
        return tabular.table(f"{repository}-{name}", RecordV1, records)
    return HistoryV1(image=image_of(shown), records=records)


def image_of(shown: queries.Shown) -> ImageV1:
    """As the API has it."""
    image = shown.image
    return ImageV1(
        repository=shown.repository,
        name=image.name,
        platform=image.platform,
        time=None if image.time is None else written(moment(image.time)),
        size=image.size,
        packed_size=image.packed,
        packed_size_estimated=image.packed_estimated,
        wasted=image.wasted,
        layers=image.layer_count,
        status=None if image.status is None else Status(image.status),
        max_size=image.max_size,
        saving=image.saving,
        month_change=image.month_change,
        trend=list(shown.trend),
        record=image.record_id,
    )


def record_of(record: Record) -> RecordV1:
    """As the API has it."""
    return RecordV1(
        id=record.id,
        commit=record.commit,
        time=written(moment(record.time)),
        ref=record.ref,
        release=record.release,
        pull_request=record.pull or None,
        size=record.size,
        packed_size=record.packed,
        packed_size_estimated=record.packed_estimated,
        wasted=record.wasted,
        layers=record.layer_count,
        files=record.file_count,
        base_size=record.base_size,
        delta=record.delta,
        status=Status(record.status),
        max_size=record.max_size,
        saving=record.saving,
    )
