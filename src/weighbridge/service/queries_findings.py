"""Findings over all images: which rule costs most bytes, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, tuple_

from weighbridge.service import cursors
from weighbridge.service.kept import kept
from weighbridge.service.tables import Finding, Image, Repository

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from weighbridge.service.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTotal:
    """What a rule found on the default branches: bytes of those findings alone that could be measured."""

    rule: str
    findings: int
    images: int
    waste: int
    unmeasured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding with its image."""

    finding: Finding
    image: Image
    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A page of them, the heaviest first; `after` is the cursor of the next one, None on the last."""

    found: tuple[Found, ...]
    after: str | None


def rules(database: Database) -> tuple[RuleTotal, ...]:
    """All rules that found something, the one that costs most bytes first."""

    def make() -> tuple[RuleTotal, ...]:
        waste = func.coalesce(func.sum(Finding.waste), 0)
        count = func.count(Finding.id)
        statement = (
            select(Finding.rule, count, func.count(Finding.image_id.distinct()), waste, func.count(Finding.waste))
            .group_by(Finding.rule)
            .order_by(waste.desc(), count.desc(), Finding.rule)
        )
        with database.reading() as session:
            return tuple(
                RuleTotal(rule=rule, findings=n, images=images, waste=int(total or 0), unmeasured=n - measured)
                for rule, n, images, total, measured in session.execute(statement)
            )

    return kept(database).get("rules", make)


def findings(session: Session, rule: str, *, after: str | None = None, limit: int = 50) -> FoundPage:
    """What a rule found, those without bytes last. Raises Problem for a cursor that is none."""
    statement = (
        select(Finding, Image, Repository.name)
        .join(Image, Image.id == Finding.image_id)
        .join(Repository, Repository.id == Image.repository_id)
        .where(Finding.rule == rule)
    )
    place = None if after is None else cursors.place(after)
    if place is not None and isinstance(place[0], str):
        raise cursors.unknown()
    measured = statement.where(Finding.waste.is_not(None)).order_by(Finding.waste.desc(), Finding.id.desc())
    others = statement.where(Finding.waste.is_(None)).order_by(Finding.id.desc())
    rows: list[Row[Finding, Image, str]] = []
    if place is None or place[0] is not None:
        if place is not None:
            measured = measured.where(tuple_(Finding.waste, Finding.id) < tuple_(*place))
        rows += session.execute(measured.limit(limit + 1)).all()
    if len(rows) <= limit:
        if place is not None and place[0] is None:
            others = others.where(Finding.id < place[1])
        rows += session.execute(others.limit(limit + 1 - len(rows))).all()
    shown = tuple(Found(finding=finding, image=image, repository=name) for finding, image, name in rows[:limit])
    last = shown[-1].finding if len(rows) > limit else None
    return FoundPage(found=shown, after=None if last is None else cursors.cursor((last.waste, last.id)))
