"""Which repository a name means: GitHub's names change hands, its numbers do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from weighbridge.service.tables import Repository

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def settle(session: Session, name: str, github_id: int, now: int) -> None:
    """Makes the row of a name, if there is one, that of the repository with GitHub's number. `now` is seconds.

    A repository that was renamed keeps its row. One that had the name before, under another number, is put aside: what
    it reported is neither shown as, nor changed by, the one that has the name now.
    """
    statement = select(Repository).where(or_(Repository.name == name, Repository.github_id == github_id))
    rows = session.scalars(statement.order_by(Repository.id).with_for_update()).all()
    same = next((row for row in rows if row.github_id == github_id), None)
    for row in rows:
        if row is not same and row.name.lower() == name.lower():
            if same is None and row.github_id is None:
                row.github_id = github_id
                return
            aside(row, now)
    session.flush()
    if same is not None:
        same.name = name
        session.flush()


def aside(row: Repository, now: int) -> None:
    """Frees the name of a repository that is gone; its history is kept for those who may see everything."""
    row.name = f"{row.name[:170]}@{row.github_id or row.id}"
    row.private, row.gone = True, now
