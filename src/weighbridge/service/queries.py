"""What pages and API ask of the database. A page of a list costs the same however long the list is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.orm import defer

from weighbridge.model.budget import Status
from weighbridge.service import cursors
from weighbridge.service.tables import Image, Record, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import InstrumentedAttribute, Session

_RELEASES = 1_000
PREFERRED = (Image.platform != "linux/amd64", Image.platform)
"""Platforms in the order in which one of them is shown."""


class Order(StrEnum):
    """What a list of images is sorted by: the heaviest, newest or worst first, names from A."""

    SIZE = "size"
    CHANGE = "change"
    SAVING = "saving"
    TIME = "time"
    STATUS = "status"
    NAME = "name"


_NUMBERS: dict[Order, InstrumentedAttribute[int | None]] = {
    Order.SIZE: Image.size,
    Order.CHANGE: Image.month_change,
    Order.SAVING: Image.saving,
    Order.TIME: Image.time,
}
_WORST_FIRST = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)
_NAMES = (Repository.name, Image.name, Image.platform, Image.id)
_BETWEEN = "\x1f"


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
    """An image as lists show it. Sizes are bytes; `trend` runs from the oldest; `private` is the repository's."""

    image: Image
    repository: str
    private: bool
    trend: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list; `after` is the cursor of the next one, None on the last."""

    images: tuple[Shown, ...]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A part of a sorted list that an index gives in its order. `beyond` tells what comes after a place in it."""

    conditions: tuple[ColumnElement[bool], ...]
    order: tuple[Any, ...]
    beyond: Callable[[cursors.Place], ColumnElement[bool]]


def images(session: Session, wanted: Wanted) -> Page:
    """Raises Problem for a cursor that is none."""
    statement = (
        select(Image, Repository.name, Repository.private)
        .join(Repository, Repository.id == Image.repository_id)
        .where(*_conditions(wanted))
    )
    place = None if wanted.after is None else cursors.place(wanted.after)
    rows: list[Row[Image, str, bool]] = []
    for number, run in enumerate(_runs(wanted.order)):
        if len(rows) > wanted.limit or (place is not None and number < _run_of(wanted.order, place)):
            continue
        one = statement.where(*run.conditions).order_by(*run.order).limit(wanted.limit + 1 - len(rows))
        if place is not None and number == _run_of(wanted.order, place):
            one = one.where(run.beyond(place))
        rows += session.execute(one).all()
    shown = [_shown(*row) for row in rows[: wanted.limit]]
    after = cursors.cursor(_place(wanted.order, shown[-1])) if len(rows) > wanted.limit else None
    return Page(images=tuple(shown), after=after)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.text:
        found.append(or_(Image.name.icontains(wanted.text, autoescape=True),
                         Repository.name.icontains(wanted.text, autoescape=True)))  # fmt: skip
    if wanted.status is not None:
        found.append(Image.status == wanted.status)
    if wanted.repository is not None:
        found.append(Repository.name == wanted.repository)
    return found


def _runs(order: Order) -> tuple[_Run, ...]:
    """What is unknown comes last, whatever the database thinks of it."""

    def by_number(place: cursors.Place) -> ColumnElement[bool]:
        return Image.id < place[1]

    newest = (Image.id.desc(),)
    if order is Order.NAME:
        return (_Run(conditions=(), order=_NAMES, beyond=_beyond_name),)
    if order is Order.STATUS:
        known = [Image.status == status.value for status in _WORST_FIRST]
        return tuple(
            _Run(conditions=(condition,), order=newest, beyond=by_number)
            for condition in (*known, Image.status.is_(None))
        )
    column = _NUMBERS[order]
    return (
        _Run(
            conditions=(column.is_not(None),),
            order=(column.desc(), Image.id.desc()),
            beyond=lambda place: tuple_(column, Image.id) < tuple_(*place),
        ),
        _Run(conditions=(column.is_(None),), order=newest, beyond=by_number),
    )


def _run_of(order: Order, place: cursors.Place) -> int:
    """Which of the runs a place is in. Raises Problem for a place of a list that is sorted otherwise."""
    value = place[0]
    if order is Order.NAME:
        fits, number = isinstance(value, str) and value.count(_BETWEEN) == 2, 0
    elif order is Order.STATUS:
        fits = value is None or value in _WORST_FIRST
        number = _WORST_FIRST.index(Status(value)) if value in _WORST_FIRST else len(_WORST_FIRST)
    else:
        fits, number = not isinstance(value, str), int(value is None)
    if not fits:
        raise cursors.unknown()
    return number


def _beyond_name(place: cursors.Place) -> ColumnElement[bool]:
    return tuple_(*_NAMES) > tuple_(*str(place[0]).split(_BETWEEN), place[1])


def _place(order: Order, shown: Shown) -> cursors.Place:
    image = shown.image
    if order is Order.NAME:
        return _BETWEEN.join((shown.repository, image.name, image.platform)), image.id
    return (image.status if order is Order.STATUS else getattr(image, _NUMBERS[order].key)), image.id


def _shown(image: Image, repository: str, private: bool) -> Shown:
    return Shown(image=image, repository=repository, private=private, trend=tuple(json.loads(image.trend)))


def image(session: Session, repository: str, name: str, platform: str | None = None) -> Shown | None:
    """One image by its names; of several platforms the first of `PREFERRED`, where none is named."""
    statement = (
        select(Image, Repository.name, Repository.private)
        .join(Repository, Repository.id == Image.repository_id)
        .where(Repository.name == repository, Image.name == name)
        .order_by(*PREFERRED)
    )
    if platform is not None:
        statement = statement.where(Image.platform == platform)
    row = session.execute(statement.limit(1)).one_or_none()
    return None if row is None else _shown(*row)


def platforms(session: Session, image: Image) -> Sequence[str]:
    """All that an image has reported for."""
    statement = select(Image.platform).where(Image.repository_id == image.repository_id, Image.name == image.name)
    return session.scalars(statement.order_by(Image.platform)).all()


def history(session: Session, image_id: int, limit: int = 500, *, whole: bool = False) -> Sequence[Record]:
    """The newest records of the default branch and of releases, the newest first; their `line` where `whole` is asked.

    Each of the two is read off its index: what else there is of an image costs nothing.
    """
    options = () if whole else (defer(Record.line, raiseload=True),)
    trunk = select(Record).where(Record.image_id == image_id, Record.trunk).order_by(Record.time.desc()).limit(limit)
    # A range, which an index is used for; an empty name is none.
    released = select(Record).where(Record.image_id == image_id, Record.release > "", Record.pull == 0).limit(_RELEASES)
    found = {one.id: one for statement in (trunk, released) for one in session.scalars(statement.options(*options))}
    return sorted(found.values(), key=lambda one: (one.time, one.id), reverse=True)[:limit]
