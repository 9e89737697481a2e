"""Badges and charts drawn of what the database holds."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from weighbridge.core.badges.choices import Kind
from weighbridge.core.badges.kinds import badge
from weighbridge.core.badges.layout import Badge, Color, endpoint, svg
from weighbridge.core.charts.choices import ChartKind
from weighbridge.core.charts.lines import MOST_LINES, line_chart
from weighbridge.core.charts.picture import picture
from weighbridge.core.charts.remembered import chart as stacked_chart
from weighbridge.core.charts.series import Line, Weight
from weighbridge.core.history.look import Series
from weighbridge.service import queries, queries_records, stored
from weighbridge.service.pictures import figures
from weighbridge.service.pictures.addresses import is_open, is_token
from weighbridge.service.tables import Image, Record, Repository
from weighbridge.service.values import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from weighbridge.core.badges.figures import Figures
    from weighbridge.core.charts.shapes import Chart
    from weighbridge.service.pictures.asked import Asked
    from weighbridge.service.running import Service

SVG, JSON = "image/svg+xml; charset=utf-8", "application/json"
_POINTS, _WHOLE = 500, 120
"""Records that a line, and a stack of layers, is drawn of: those of a stack have to be read whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture; `found` tells whether there was anything to draw, `images` which rows it depends on."""

    body: bytes
    media_type: str
    found: bool
    public: bool
    images: tuple[int, ...]


def drawn(here: Service, wanted: Asked) -> Drawn:
    """A badge or a chart. Who may not see it is told the same as of what there is not."""
    with here.database.reading() as session:
        repository = session.scalars(select(Repository).where(Repository.name == wanted.repository)).one_or_none()
        if repository is None or not _may_see(here, wanted, repository):
            return _missing(wanted)
        images = _images(session, repository, wanted)
        if not images:
            return _missing(wanted)
        public = is_open(here, private=repository.private)
        if isinstance(wanted.kind, Kind):
            text, media_type = _badge(session, repository, images, wanted.kind, wanted)
        else:
            made = _chart(session, repository, images, wanted.kind, wanted)
            if made is None:
                return _missing(wanted)
            text, media_type = made, SVG
    return Drawn(
        body=text.encode(),
        media_type=media_type,
        found=True,
        public=public,
        images=tuple(image.id for image in images),
    )


def _may_see(here: Service, wanted: Asked, repository: Repository) -> bool:
    return is_open(here, private=repository.private) or is_token(here.secret, repository.name, wanted.token)


def _missing(wanted: Asked) -> Drawn:
    grey = Badge(label=wanted.label or "image", message="not found", color=Color.LIGHTGREY)
    text, media_type = (json.dumps(endpoint(grey)), JSON) if wanted.ending == "json" else (svg(grey), SVG)
    return Drawn(body=text.encode(), media_type=media_type, found=False, public=True, images=())


def _images(session: Session, repository: Repository, wanted: Asked) -> list[Image]:
    """One of each name: on the platform that is asked for, or on the one that pages show first."""
    statement = select(Image).where(Image.repository_id == repository.id).order_by(Image.name, *queries.PREFERRED)
    if wanted.image is not None:
        statement = statement.where(Image.name == wanted.image)
    if wanted.platform is not None:
        statement = statement.where(Image.platform == wanted.platform)
    found: dict[str, Image] = {}
    for image in session.scalars(statement):
        found.setdefault(image.name, image)
    return list(found.values())


def _badge(
    session: Session, repository: Repository, images: Sequence[Image], kind: Kind, wanted: Asked
) -> tuple[str, str]:
    told = figures.together([_figures(session, repository, image, kind, wanted) for image in images])
    made = badge(kind, told, wanted.label)
    if wanted.ending == "json":
        return json.dumps(endpoint(made), ensure_ascii=False), JSON
    return svg(made, wanted.style), SVG


def _figures(session: Session, repository: Repository, image: Image, kind: Kind, wanted: Asked) -> Figures:
    if wanted.ref is None or wanted.ref == repository.default_branch:
        told, number, release = figures.of_image(image), image.record_id, None
        if kind is Kind.CHANGE and number is not None:
            release = session.scalar(select(Record.release).where(Record.id == number))
    else:
        records = queries_records.at(session, image.id, wanted.ref, repository.default_branch, limit=1)
        if not records:
            return figures.NOTHING
        told, number, release = figures.of_record(records[0]), records[0].id, records[0].release
    if kind is not Kind.CHANGE:
        return told
    before = figures.release_before(session, image.id, number, release)
    return replace(told, before=before[1], since=before[0]) if before else replace(told, since="last release")


def _chart(
    session: Session, repository: Repository, images: Sequence[Image], kind: ChartKind, wanted: Asked
) -> str | None:
    series = [
        (image, _records(session, repository, image, wanted, _POINTS if _is_line(kind) else _WHOLE))
        for image in images[:MOST_LINES]
    ]
    series = [(image, records) for image, records in series if records]
    if not series:
        return None
    if _is_line(kind):
        return picture(_lines(repository.name, series, kind), wanted.theme)
    image, records = series[0]
    whole = tuple(stored.record_of(record) for record in records)
    return picture(
        stacked_chart(kind, [Series(image=image.name, platform=image.platform, records=whole)]), wanted.theme
    )


def _is_line(kind: ChartKind) -> bool:
    return kind in (ChartKind.SIZE, ChartKind.PACKED)


def _records(session: Session, repository: Repository, image: Image, wanted: Asked, limit: int) -> Sequence[Record]:
    """From the oldest."""
    whole = not _is_line(ChartKind(wanted.kind.value))
    if wanted.ref is None or wanted.ref == repository.default_branch:
        found = queries.history(session, image.id, limit, whole=whole)
    else:
        found = queries_records.at(session, image.id, wanted.ref, repository.default_branch, limit=limit)
    return list(reversed(found))


def _lines(name: str, series: Sequence[tuple[Image, Sequence[Record]]], kind: ChartKind) -> Chart:
    packed = kind is ChartKind.PACKED
    lines = [
        Line(
            name=image.name,
            weights=tuple(
                Weight(
                    time=moment(record.time),
                    size=record.packed if packed else record.size,
                    release=record.release,
                    budget=None if packed else record.max_size,
                )
                for record in records
            ),
        )
        for image, records in series
    ]
    estimated = packed and any(record.packed_estimated for _, records in series for record in records)
    what = f"pull size{' (estimated)' if estimated else ''}" if packed else "image size"
    return line_chart(lines[0].name if len(lines) == 1 else name, what, lines)
