"""`/api/v1/images`: what weighs how much now, and over time."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from weighbridge.core.wire.times import written
from weighbridge.model.budget import Status
from weighbridge.service import queries
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here
from weighbridge.service.tables import Record
from weighbridge.service.values import moment
from weighbridge.service.visible import Seen

router = APIRouter(tags=["images"])


class ImageV1(BaseModel):
    """An image with its newest weight on the default branch; all sizes are bytes, what is unknown is null."""

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


class ImagesV1(BaseModel):
    """A page of images."""

    images: list[ImageV1]
    next: Annotated[str | None, Field(description="The cursor of the next page, null on the last.")]


class RecordV1(BaseModel):
    """A weight at a commit."""

    commit: str
    time: str
    ref: str | None
    release: str | None
    size: int
    packed_size: int
    packed_size_estimated: bool
    wasted: int
    layers: int
    files: int
    delta: int | None
    status: Status
    max_size: int | None
    saving: int | None


class HistoryV1(BaseModel):
    """Weights of an image, the newest first."""

    image: ImageV1
    records: list[RecordV1]


@router.get("/images", summary="All images")
def images(
    here: Here,
    seen: Seen,
    sort: queries.Order = queries.Order.SIZE,
    q: Annotated[str, Query(max_length=200, description="Part of a name.")] = "",
    status: Status | None = None,
    repository: Annotated[str | None, Query(max_length=201)] = None,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ImagesV1:
    """A page of images, the heaviest first."""
    wanted = queries.Wanted(
        order=sort, text=q, status=status and status.value, repository=repository, after=cursor, limit=limit
    )
    with here.database.reading() as session:
        page = queries.images(session, wanted, seen)
    return ImagesV1(images=[image_of(shown) for shown in page.images], next=page.after)


@router.get("/images/{owner}/{repository}/{name:path}", summary="One image over time")
def image(
    here: Here,
    seen: Seen,
    owner: str,
    repository: str,
    name: str,
    platform: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
) -> HistoryV1:
    """An image, with what it weighed on the default branch and in releases."""
    with here.database.reading() as session:
        shown = queries.image(session, f"{owner}/{repository}", name, platform, seen)
        if shown is None:
            raise Problem(404, f"no image {name[:200]} of {owner}/{repository} has reported")
        records = queries.history(session, shown.image.id, limit)
    return HistoryV1(image=image_of(shown), records=[record_of(record) for record in records])


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
    )


def record_of(record: Record) -> RecordV1:
    """As the API has it."""
    return RecordV1(
        commit=record.commit,
        time=written(moment(record.time)),
        ref=record.ref,
        release=record.release,
        size=record.size,
        packed_size=record.packed,
        packed_size_estimated=record.packed_estimated,
        wasted=record.wasted,
        layers=record.layer_count,
        files=record.file_count,
        delta=record.delta,
        status=Status(record.status),
        max_size=record.max_size,
        saving=record.saving,
    )
