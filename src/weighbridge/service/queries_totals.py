"""Sums over all images, by repository, and one repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, case, func, select, tuple_

from weighbridge.model.budget import Status
from weighbridge.service import cursors
from weighbridge.service.kept import kept
from weighbridge.service.tables import Image, Repository

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from weighbridge.service.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Bytes and counts; `saving` and `month_change` of those images alone of which they are known."""

    images: int
    weighed: int
    size: int
    packed: int
    over_budget: int
    saving: int
    savings: int
    month_change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A repository with the sums of its images."""

    id: int
    name: str
    default_branch: str | None
    private: bool
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """A page of them, by name; `after` is the cursor of the next one, None on the last."""

    repositories: tuple[Owned, ...]
    after: str | None


def _sums() -> tuple[ColumnElement[Any], ...]:
    saves = Image.saving > 0
    return (
        func.count(Image.id),
        func.count(Image.size),
        func.coalesce(func.sum(Image.size), 0),
        func.coalesce(func.sum(Image.packed), 0),
        func.count(case((Image.status == Status.FAIL.value, 1))),
        func.coalesce(func.sum(case((saves, Image.saving), else_=0)), 0),
        func.count(case((saves, 1))),
        func.coalesce(func.sum(Image.month_change), 0),
    )


def _totals(row: Row[Any]) -> Totals:
    # PostgreSQL sums bigints into numerics.
    numbers = [int(value) for value in row]
    names = ("images", "weighed", "size", "packed", "over_budget", "saving", "savings", "month_change")
    return Totals(**dict(zip(names, numbers[-len(names) :], strict=True)))


def totals(database: Database) -> Totals:
    """Of all images."""

    def make() -> Totals:
        with database.reading() as session:
            return _totals(session.execute(select(*_sums())).one())

    return kept(database).get("totals", make)


def repositories(session: Session, *, text: str = "", after: str | None = None, limit: int = 50) -> Repositories:
    """A page of repositories by name. Raises Problem for a cursor that is none."""
    statement = select(Repository).order_by(Repository.name, Repository.id).limit(limit + 1)
    if text:
        statement = statement.where(Repository.name.icontains(text, autoescape=True))
    if after is not None:
        place = cursors.place(after)
        if not isinstance(place[0], str):
            raise cursors.unknown()
        statement = statement.where(tuple_(Repository.name, Repository.id) > tuple_(*place))
    rows = session.scalars(statement).all()
    shown = rows[:limit]
    sums = select(Image.repository_id, *_sums()).where(Image.repository_id.in_([row.id for row in shown]))
    found = {row[0]: _totals(row) for row in session.execute(sums.group_by(Image.repository_id))}
    last = shown[-1] if len(rows) > limit else None
    return Repositories(
        repositories=tuple(_owned(row, found.get(row.id, _NOTHING)) for row in shown),
        after=None if last is None else cursors.cursor((last.name, last.id)),
    )


_NOTHING = Totals(images=0, weighed=0, size=0, packed=0, over_budget=0, saving=0, savings=0, month_change=0)


def _owned(row: Repository, sums: Totals) -> Owned:
    return Owned(id=row.id, name=row.name, default_branch=row.default_branch, private=row.private, totals=sums)


def repository(session: Session, name: str) -> Owned | None:
    """One repository, None where it is not known."""
    row = session.scalars(select(Repository).where(Repository.name == name)).one_or_none()
    if row is None:
        return None
    sums = session.execute(select(*_sums()).where(Image.repository_id == row.id)).one()
    return _owned(row, _totals(sums))
