"""Upload tokens: shown once, kept as a digest, for a repository or an owner's, revocable."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, update

from weighbridge.errors import UsageError
from weighbridge.service.sender import Sender
from weighbridge.service.tables import UploadToken
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sqlalchemy import BindParameter, ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

PREFIX = "wbu_"
"""Tells secret scanners, and people, what it is."""
NAME_LENGTH = 200
SCOPE = re.compile(r"\*|[A-Za-z0-9_.-]{1,100}/(\*|[A-Za-z0-9_.-]{1,100})")
_USED_EVERY = 3600


def issue(
    session: Session,
    name: str,
    scope: str,
    now: datetime,
    *,
    private: bool | None = None,
    valid_for: timedelta | None = None,
) -> str:
    """A new token. `private` is what it says of its repositories.

    Raises UsageError for a scope or a name that makes no sense, or a name that is taken.
    """
    check_scope(scope)
    check_name(name)
    if session.scalar(select(UploadToken.id).filter_by(name=name)) is not None:
        raise UsageError(f"there is a token {name!r} already: revoke it, or choose another name")
    token = PREFIX + secrets.token_urlsafe(32)
    expires = None if valid_for is None else seconds(now + valid_for)
    session.add(
        UploadToken(
            name=name, digest=digest(token), scope=scope, private=private, created=seconds(now), expires=expires
        )
    )
    return token


def revoke(session: Session, name: str, now: datetime) -> None:
    """Ends a token. Raises UsageError where there is none."""
    found = session.scalars(select(UploadToken).filter_by(name=name)).one_or_none()
    if found is None:
        raise UsageError(f"no token {name[:NAME_LENGTH]!r}")
    found.revoked = found.revoked or seconds(now)


def every(session: Session) -> Sequence[UploadToken]:
    """All tokens, also those that were revoked, by name."""
    return session.scalars(select(UploadToken).order_by(UploadToken.name)).all()


def holder_of(session: Session, token: str, now: datetime) -> UploadToken | None:
    """The row of a token; None for one that there is not, or no longer."""
    if not token.startswith(PREFIX):
        return None
    # Looked up by its digest: how long that takes tells nothing about tokens that there are.
    return session.scalars(select(UploadToken).where(UploadToken.digest == digest(token), holds(now))).one_or_none()


def holds(now: datetime | BindParameter[int]) -> ColumnElement[bool]:
    """That an upload token was not revoked, and has not expired."""
    return and_(UploadToken.revoked.is_(None), unexpired(UploadToken.expires, now))


def sender_of(found: UploadToken) -> Sender:
    """Who holds a token."""
    return Sender(actor=f"token:{found.name}", scope=found.scope, private=found.private, token_id=found.id)


def is_use_unknown(found: UploadToken, now: datetime) -> bool:
    """Whether it is long ago that somebody noted that a token is used."""
    return found.used is None or found.used < seconds(now) - _USED_EVERY


def note_use(session: Session, token: str, now: datetime) -> None:
    """Notes that a token is used."""
    session.execute(update(UploadToken).where(UploadToken.digest == digest(token)).values(used=seconds(now)))


def unexpired(column: InstrumentedAttribute[int | None], now: datetime | BindParameter[int]) -> ColumnElement[bool]:
    """That a time has not come yet, or never comes. `now` may be told later, in seconds."""
    return or_(column.is_(None), column > (seconds(now) if isinstance(now, datetime) else now))


def check_scope(scope: str) -> None:
    """Raises UsageError for what is no scope."""
    if not SCOPE.fullmatch(scope):
        raise UsageError(f"scope must be owner/name, owner/* or *, not {scope[:100]!r}")


def check_name(name: str) -> None:
    """Raises UsageError for what is no name of a token."""
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise UsageError(f"the name of a token must have 1 to {NAME_LENGTH} printable characters")


def digest(token: str) -> str:
    """What is kept of a token: its SHA-256."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
