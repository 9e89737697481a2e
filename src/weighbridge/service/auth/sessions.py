"""Browsers that somebody signed in with. A session ends when it is revoked, when it is old, or when it is not used."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update

from weighbridge.service.auth.tables import Account, BrowserSession
from weighbridge.service.tokens import digest
from weighbridge.service.values import plain, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

SECONDS = 14 * 86_400
"""How long a session lasts at most."""
IDLE = 3 * 86_400
"""How long it lasts without being used."""
_USED_EVERY = 600
_MOST = 20


def start(session: Session, account_id: int, browser: str, now: datetime) -> str:
    """A new session; what its cookie carries. The oldest ones of the account end where there are too many."""
    _sweep(session, now)
    value = secrets.token_urlsafe(32)
    time = seconds(now)
    session.add(
        BrowserSession(
            digest=digest(value), account_id=account_id, created=time, used=time, expires=time + SECONDS,
            browser=plain(browser),
        )
    )  # fmt: skip
    session.flush()
    older = select(BrowserSession.id).filter_by(account_id=account_id).order_by(BrowserSession.id.desc()).offset(_MOST)
    session.execute(delete(BrowserSession).where(BrowserSession.id.in_(older.limit(1000).scalar_subquery())))
    return value


def account_of(session: Session, value: str, now: datetime) -> tuple[Account, BrowserSession] | None:
    """Who has the session that a cookie carries."""
    time = seconds(now)
    row = session.execute(
        select(Account, BrowserSession)
        .join(BrowserSession, BrowserSession.account_id == Account.id)
        .where(BrowserSession.digest == digest(value), BrowserSession.expires > time, BrowserSession.used > time - IDLE)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def is_use_unknown(found: BrowserSession, now: datetime) -> bool:
    """Whether it is long ago that somebody noted that it is used."""
    return found.used < seconds(now) - _USED_EVERY


def note_use(session: Session, session_id: int, now: datetime) -> None:
    """Notes that a session is used."""
    session.execute(update(BrowserSession).where(BrowserSession.id == session_id).values(used=seconds(now)))


def end(session: Session, digest: str) -> None:
    """Ends a session."""
    session.execute(delete(BrowserSession).where(BrowserSession.digest == digest))


def end_all(session: Session, account_id: int, but: str | None = None) -> None:
    """Ends all sessions of an account, except that of a digest."""
    statement = delete(BrowserSession).where(BrowserSession.account_id == account_id)
    session.execute(statement if but is None else statement.where(BrowserSession.digest != but))


def every(session: Session, account_id: int, now: datetime) -> Sequence[BrowserSession]:
    """The sessions of an account, the newest first."""
    statement = select(BrowserSession).filter_by(account_id=account_id).where(BrowserSession.expires > seconds(now))
    return session.scalars(statement.order_by(BrowserSession.created.desc(), BrowserSession.id.desc())).all()


def _sweep(session: Session, now: datetime) -> None:
    over = or_(BrowserSession.expires <= seconds(now), BrowserSession.used <= seconds(now) - IDLE)
    session.execute(delete(BrowserSession).where(over))
