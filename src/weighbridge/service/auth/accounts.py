"""Accounts of those who signed in, and their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from weighbridge.errors import UsageError
from weighbridge.service.auth.reader import Role
from weighbridge.service.auth.tables import Account
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from weighbridge.service.auth.github import User
    from weighbridge.service.auth.settings import AccessSettings


def signed_in(session: Session, user: User, access: bytes, now: datetime, *, admitted: bool) -> Account:
    """The account of somebody who signed in, made where there is none."""
    account = session.scalars(select(Account).filter_by(github_id=user.id)).one_or_none()
    if account is None:
        account = Account(github_id=user.id, role=Role.READER.value, created=seconds(now), login=user.login)
        session.add(account)
    account.login, account.access, account.seen, account.admitted = user.login, access, seconds(now), admitted
    session.flush()
    return account


def role_of(account: Account, settings: AccessSettings) -> Role:
    """What the configuration or another admin made of them."""
    return Role.ADMIN if settings.is_admin(account.login) else Role(account.role)


def every(session: Session, limit: int = 1000) -> Sequence[Account]:
    """Accounts by name."""
    return session.scalars(select(Account).order_by(Account.login, Account.id).limit(limit)).all()


def appoint(session: Session, login: str, role: Role) -> None:
    """Gives a role. Raises UsageError for somebody who never signed in."""
    statement = select(Account).filter_by(login=login).order_by(Account.seen.desc()).limit(1)
    account = session.scalars(statement).one_or_none()
    if account is None:
        raise UsageError(f"{login[:100]!r} has never signed in here")
    account.role = role.value
