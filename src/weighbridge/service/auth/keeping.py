"""What admins do, and people for themselves: each with its entry in the audit log, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from weighbridge.errors import UsageError
from weighbridge.service import tokens
from weighbridge.service.auth import accounts, audit, read_tokens, sessions
from weighbridge.service.auth.tables import Account, ReadToken
from weighbridge.service.tables import Repository, UploadToken

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from weighbridge.service.auth.reader import Reader, Role
    from weighbridge.service.running import Service


class Kind(StrEnum):
    """What a token is for."""

    UPLOAD = "upload"
    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A token that is wanted; `days` that it lasts, None: until it is revoked."""

    name: str
    scope: str
    kind: Kind = Kind.UPLOAD
    private: bool | None = None
    days: int | None = None

    @property
    def valid_for(self) -> timedelta | None:
        """How long it lasts."""
        return None if self.days is None else timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A token as lists show it, whatever it is for. Times are seconds, None where there is none."""

    name: str
    kind: str
    scope: str | None
    private: bool | None
    created: int
    expires: int | None
    used: int | None
    revoked: int | None

    @classmethod
    def of(cls, row: UploadToken | ReadToken) -> Listed:
        """A row."""
        is_upload = isinstance(row, UploadToken)
        return cls(
            name=row.name, kind=(Kind.UPLOAD if is_upload else Kind.READ).value, scope=row.scope,
            private=row.private if isinstance(row, UploadToken) else None, created=row.created, expires=row.expires,
            used=row.used, revoked=row.revoked,
        )  # fmt: skip


class Keeper:
    """Does things in somebody's name. All raise UsageError for what there is not, or makes no sense."""

    def __init__(self, service: Service, reader: Reader) -> None:
        self._service = service
        self._reader = reader

    def issue(self, order: Order) -> str:
        """A new token of the service."""
        with self._service.database.writing() as session:
            token = ordered(session, order, self._service)
            detail = f"scope {order.scope}"
            self._note(session, f"token.issue.{order.kind.value}", order.name, detail)
        return token

    def revoke(self, kind: Kind, name: str) -> None:
        """Ends a token of the service."""
        now = self._service.now()
        with self._service.database.writing() as session:
            (tokens if kind is Kind.UPLOAD else read_tokens).revoke(session, name, now)
            self._note(session, f"token.revoke.{kind.value}", name)

    def issue_own(self, name: str, days: int | None) -> str:
        """A new token that reads as its owner does."""
        with self._service.database.writing() as session:
            token = read_tokens.issue(
                session, name, self._service.now(), account_id=self._reader.account_id,
                valid_for=None if days is None else timedelta(days=days),
            )  # fmt: skip
            self._note(session, "token.issue.own", name)
        return token

    def revoke_own(self, name: str) -> None:
        """Ends one of their own tokens."""
        with self._service.database.writing() as session:
            read_tokens.revoke(session, name, self._service.now(), self._reader.account_id)
            self._note(session, "token.revoke.own", name)

    def end_other_sessions(self) -> None:
        """Signs the reader out everywhere else."""
        with self._service.database.writing() as session:
            sessions.end_all(session, self._reader.account_id or 0, but=self._reader.session)
            self._note(session, "session.end.others", self._reader.login or "")

    def appoint(self, login: str, role: Role) -> None:
        """Makes somebody an admin, or no longer."""
        with self._service.database.writing() as session:
            accounts.appoint(session, login, role)
            self._note(session, "role.change", login, role.value)

    def sign_out(self, login: str) -> None:
        """Ends all sessions of somebody."""
        with self._service.database.writing() as session:
            found = session.scalars(select(Account.id).filter_by(login=login)).all()
            if not found:
                raise UsageError(f"{login[:100]!r} has never signed in here")
            for account_id in found:
                sessions.end_all(session, account_id)
            self._note(session, "session.end.all", login)

    def correct(self, name: str, private: bool | None, default_branch: str | None) -> None:
        """Says what is true of a repository, where what reported did not know."""
        with self._service.database.writing() as session:
            row = session.scalars(select(Repository).filter_by(name=name)).one_or_none()
            if row is None:
                raise UsageError(f"no repository {name[:201]!r} has reported")
            if private is not None:
                row.private = private
            if default_branch is not None:
                row.default_branch = default_branch
            told = {"private": private, "default_branch": default_branch}
            detail = ", ".join(f"{what} {value}" for what, value in told.items() if value is not None)
            self._note(session, "repository.correct", name, detail)

    def _note(self, session: Session, action: str, subject: str, detail: str = "") -> None:
        reader = self._reader
        audit.note(
            session, self._service.now(), reader.login or "", action, subject, address=reader.address, detail=detail
        )


def ordered(session: Session, order: Order, service: Service) -> str:
    """Makes a token, in a transaction."""
    if order.kind is Kind.READ:
        return read_tokens.issue(session, order.name, service.now(), scope=order.scope, valid_for=order.valid_for)
    return tokens.issue(
        session, order.name, order.scope, service.now(), private=order.private, valid_for=order.valid_for
    )


def all_tokens(session: Session) -> list[Listed]:
    """The tokens of the service, those that send first; not what people made for themselves."""
    return [
        *(Listed.of(row) for row in tokens.every(session)),
        *(Listed.of(row) for row in read_tokens.every(session)),
    ]
