"""The audit log: who did what, when, and from where. Entries are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from weighbridge.service import cursors
from weighbridge.service.auth.tables import AuditEntry
from weighbridge.service.values import plain, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


def note(
    session: Session, now: datetime, actor: str, action: str, subject: str, *, address: str = "", detail: str = ""
) -> None:
    """Adds an entry, in the transaction of what it tells of."""
    session.add(
        AuditEntry(
            time=seconds(now),
            actor=plain(actor),
            action=action,
            subject=plain(subject, 500),
            address=address[:64],
            detail=plain(detail, 2000),
        )
    )


def page(session: Session, after: str | None = None, limit: int = 50) -> tuple[Sequence[AuditEntry], str | None]:
    """Entries, the newest first, and the cursor of the next page. Raises Problem for a cursor that is none."""
    statement = select(AuditEntry).order_by(AuditEntry.time.desc(), AuditEntry.id.desc()).limit(limit + 1)
    if after is not None:
        time, row = cursors.place(after)
        if not isinstance(time, int):
            time = 0
        before = and_(AuditEntry.time == time, AuditEntry.id < row)
        statement = statement.where(or_(AuditEntry.time < time, before))
    entries = session.scalars(statement).all()
    more = len(entries) > limit
    shown = entries[:limit]
    return shown, cursors.cursor((shown[-1].time, shown[-1].id)) if more else None
