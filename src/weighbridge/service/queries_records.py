"""Single records, with the image and the report that they are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.orm import defer

from weighbridge.service.tables import ASIDE, Image, Record, Report, Repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record with its names. `digest` is its report's in the store, `bytes` that one's; None where it is gone."""

    record: Record
    image: Image
    repository: str
    digest: str | None
    bytes: int | None


def record(session: Session, number: int) -> Kept | None:
    """A record by its number, None where there is none."""
    statement = (
        select(Record, Image, Repository.name, Report.digest, Report.bytes)
        .join(Image, Image.id == Record.image_id)
        .join(Repository, Repository.id == Image.repository_id)
        .outerjoin(Report, Report.id == Record.report_id)
        .where(Record.id == number)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else Kept(record=row[0], image=row[1], repository=row[2], digest=row[3], bytes=row[4])


def before(session: Session, of: Record) -> Record | None:
    """The record of the default branch that came before another one."""
    statement = (
        select(Record)
        .where(Record.image_id == of.image_id, Record.trunk, Record.time <= of.time, Record.id != of.id)
        .order_by(Record.time.desc())
        .limit(1)
    )
    return session.scalars(statement.options(defer(Record.line, raiseload=True))).one_or_none()


def at(session: Session, image_id: int, ref: str, default_branch: str | None, *, limit: int) -> Sequence[Record]:
    """The newest records of a branch or of a tag, the newest first, with their lines."""
    of_image = (Record.image_id == image_id, Record.pull == 0)
    if ref == (default_branch or "main"):
        on_trunk = select(Record).where(*of_image, Record.trunk).order_by(Record.time.desc())
        return session.scalars(on_trunk.limit(limit)).all()
    released = select(Record).where(*of_image, Record.release == ref).order_by(Record.time.desc())
    if found := session.scalars(released.limit(1)).all():
        return found
    aside = select(Record).where(Record.image_id == image_id, Record.ref == ref, text(ASIDE))
    return session.scalars(aside.order_by(Record.time.desc()).limit(limit)).all()
