"""What pages and API ask of the database. A page of a list costs the same however long the list is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, or_, select

from weighbridge.service import cursors
from weighbridge.service.tables import Image, Record, Repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import InstrumentedAttribute, Session


class Order(StrEnum):
    """What a list of images is sorted by, always from the heaviest, newest or worst."""

    SIZE = "size"
    CHANGE = "change"
    SAVING = "saving"
    TIME = "time"
    STATUS = "status"


_COLUMNS: dict[Order, InstrumentedAttribute[int | None] | InstrumentedAttribute[str | None]] = {
    Order.SIZE: Image.size,
    Order.CHANGE: Image.month_change,
    Order.SAVING: Image.saving,
    Order.TIME: Image.time,
    Order.STATUS: Image.status,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A page of the list of images. `text` is looked for in names; `status` is a budget's; `after` a cursor."""

    order: Order = Order.SIZE
    text: str = ""
    status: str | None = None
    repository: str | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An image as lists show it. Sizes are bytes; `trend` runs from the oldest."""

    image: Image
    repository: str
    trend: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list; `after` is the cursor of the next one, None on the last."""

    images: tuple[Shown, ...]
    after: str | None


def images(session: Session, wanted: Wanted) -> Page:
    """Raises Problem for a cursor that is none."""
    column = _COLUMNS[wanted.order]
    statement = select(Image, Repository.name).join(Repository, Repository.id == Image.repository_id)
    for condition in _conditions(wanted, column):
        statement = statement.where(condition)
    statement = statement.order_by(column.is_(None), column.desc(), Image.id.desc()).limit(wanted.limit + 1)
    rows = session.execute(statement).all()
    shown = [_shown(image, name) for image, name in rows[: wanted.limit]]
    more = len(rows) > wanted.limit
    last = shown[-1].image if more else None
    after = None if last is None else cursors.cursor((getattr(last, column.key), last.id))
    return Page(images=tuple(shown), after=after)


def _conditions(
    wanted: Wanted, column: InstrumentedAttribute[int | None] | InstrumentedAttribute[str | None]
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.text:
        found.append(or_(Image.name.icontains(wanted.text, autoescape=True),
                         Repository.name.icontains(wanted.text, autoescape=True)))  # fmt: skip
    if wanted.status is not None:
        found.append(Image.status == wanted.status)
    if wanted.repository is not None:
        found.append(Repository.name == wanted.repository)
    if wanted.after is not None:
        found.append(_beyond(column, cursors.place(wanted.after)))
    return found


def _beyond(
    column: InstrumentedAttribute[int | None] | InstrumentedAttribute[str | None], place: cursors.Place
) -> ColumnElement[bool]:
    value, row = place
    if value is None:
        return and_(column.is_(None), Image.id < row)
    return or_(column.is_(None), column < value, and_(column == value, Image.id < row))


def _shown(image: Image, repository: str) -> Shown:
    return Shown(image=image, repository=repository, trend=tuple(json.loads(image.trend)))


def image(session: Session, repository: str, name: str, platform: str | None = None) -> Shown | None:
    """One image by its names; of several platforms the first by name, where none is named."""
    statement = (
        select(Image, Repository.name)
        .join(Repository, Repository.id == Image.repository_id)
        .where(Repository.name == repository, Image.name == name)
        .order_by(Image.platform)
    )
    if platform is not None:
        statement = statement.where(Image.platform == platform)
    row = session.execute(statement.limit(1)).one_or_none()
    return None if row is None else _shown(row[0], row[1])


def history(session: Session, image_id: int, limit: int = 500) -> Sequence[Record]:
    """The newest records of the default branch and of releases, the newest first."""
    statement = (
        select(Record)
        .where(Record.image_id == image_id, Record.pull == 0, or_(Record.trunk, Record.release.is_not(None)))
        .order_by(Record.time.desc(), Record.id.desc())
        .limit(limit)
    )
    return session.scalars(statement).all()
