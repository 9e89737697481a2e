"""Tokens that read through the API: somebody's own, or one with a scope. Shown once, kept as a digest, revocable."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from weighbridge.errors import UsageError
from weighbridge.service.auth.tables import Account, ReadToken
from weighbridge.service.tokens import check_name, check_scope, digest, unexpired
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

PREFIX = "wbr_"
_USED_EVERY = 3600
_MOST = 50


def issue(
    session: Session,
    name: str,
    now: datetime,
    *,
    account_id: int | None = None,
    scope: str | None = None,
    valid_for: timedelta | None = None,
) -> str:
    """A new token, of an account or for a scope. Raises UsageError for a name that is taken or makes no sense."""
    check_name(name)
    if account_id is None:
        check_scope(scope or "")
    names = session.scalars(select(ReadToken.name).where(_of(account_id), ReadToken.revoked.is_(None))).all()
    if account_id is not None and len(names) >= _MOST:
        raise UsageError(f"there are {_MOST} tokens already: revoke one first")
    if session.scalar(select(ReadToken.id).where(_of(account_id), ReadToken.name == name)) is not None:
        raise UsageError(f"there is a token {name!r} already: revoke it, or choose another name")
    token = PREFIX + secrets.token_urlsafe(32)
    expires = None if valid_for is None else seconds(now + valid_for)
    session.add(
        ReadToken(
            account_id=account_id, name=name, digest=digest(token), scope=None if account_id is not None else scope,
            created=seconds(now), expires=expires,
        )
    )  # fmt: skip
    return token


def revoke(session: Session, name: str, now: datetime, account_id: int | None = None) -> None:
    """Ends a token. Raises UsageError where there is none."""
    found = session.scalars(select(ReadToken).where(_of(account_id), ReadToken.name == name)).one_or_none()
    if found is None:
        raise UsageError(f"no token {name[:200]!r}")
    found.revoked = found.revoked or seconds(now)


def every(session: Session, account_id: int | None = None) -> Sequence[ReadToken]:
    """All tokens of an account, or those that are nobody's own; also those that were revoked."""
    return session.scalars(select(ReadToken).where(_of(account_id)).order_by(ReadToken.name)).all()


def holder_of(session: Session, token: str, now: datetime) -> tuple[ReadToken, Account | None] | None:
    """The token's row and whose it is; None for one that there is not, or no longer."""
    if not token.startswith(PREFIX):
        return None
    statement = (
        select(ReadToken, Account)
        .outerjoin(Account, Account.id == ReadToken.account_id)
        .where(ReadToken.digest == digest(token), ReadToken.revoked.is_(None), unexpired(ReadToken.expires, now))
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else (row[0], row[1])


def is_use_unknown(found: ReadToken, now: datetime) -> bool:
    """Whether it is long ago that somebody noted that it is used."""
    return found.used is None or found.used < seconds(now) - _USED_EVERY


def note_use(session: Session, token_id: int, now: datetime) -> None:
    """Notes that a token is used."""
    session.execute(update(ReadToken).where(ReadToken.id == token_id).values(used=seconds(now)))


def _of(account_id: int | None) -> ColumnElement[bool]:
    return ReadToken.account_id.is_(None) if account_id is None else ReadToken.account_id == account_id
