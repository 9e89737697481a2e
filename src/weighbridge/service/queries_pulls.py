"""Pull requests that are open, and what each would add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, select, tuple_
from sqlalchemy.orm import defer

from weighbridge.service import cursors
from weighbridge.service.tables import Image, Pull, Record, Repository

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An image as a pull request would make it."""

    image: Image
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPull:
    """A pull request with the images of its newest commit, those that it adds most to first."""

    pull: Pull
    repository: str
    images: tuple[Changed, ...]

    @property
    def delta(self) -> int | None:
        """Bytes that it adds in all, None where nothing was compared."""
        known = [each.record.delta for each in self.images if each.record.delta is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulls:
    """A page of them, the newest first; `after` is the cursor of the next one, None on the last."""

    pulls: tuple[ShownPull, ...]
    after: str | None


def pulls(
    session: Session,
    *,
    repository: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Pulls:
    """Raises Problem for a cursor that is none."""
    statement = (
        select(Pull, Repository.name)
        .join(Repository, Repository.id == Pull.repository_id)
        .where(Pull.open)
        .order_by(Pull.updated.desc(), Pull.id.desc())
        .limit(limit + 1)
    )
    if repository is not None:
        statement = statement.where(Repository.name == repository)
    if after is not None:
        place = cursors.place(after)
        if not isinstance(place[0], int):
            raise cursors.unknown()
        statement = statement.where(tuple_(Pull.updated, Pull.id) < tuple_(*place))
    rows = session.execute(statement).all()
    images = _images(session, [pull.id for pull, _ in rows[:limit]])
    shown = tuple(
        ShownPull(pull=pull, repository=name, images=tuple(images.get(pull.id, ()))) for pull, name in rows[:limit]
    )
    last = shown[-1].pull if len(rows) > limit else None
    return Pulls(pulls=shown, after=None if last is None else cursors.cursor((last.updated, last.id)))


def _images(session: Session, numbers: list[int]) -> dict[int, list[Changed]]:
    is_its = and_(Record.image_id == Image.id, Record.commit == Pull.commit, Record.pull == Pull.number)
    statement = (
        select(Pull.id, Image, Record)
        .join(Image, Image.repository_id == Pull.repository_id)
        .join(Record, is_its)
        .where(Pull.id.in_(numbers))
        .options(defer(Record.line, raiseload=True))
    )
    found: dict[int, list[Changed]] = {}
    for number, image, record in session.execute(statement):
        found.setdefault(number, []).append(Changed(image=image, record=record))
    for changed in found.values():
        changed.sort(key=lambda each: (-(each.record.delta or 0), each.image.name, each.image.platform))
    return found
