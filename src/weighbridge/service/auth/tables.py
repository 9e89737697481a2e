"""What the database holds of people, their tokens and sessions, and of what was done. Times are seconds since 1970."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from weighbridge.service.tables import Base, Key


class Account(Base):
    """Somebody who signed in. `github_id` is GitHub's number, `login` the name at the last sign-in.

    `admitted` tells whether they may read where reading takes a sign-in. `access` is GitHub's token, encrypted with the
    service's secret; None where it was taken back. GitHub was last asked what they may read at `rights_asked`, and last
    answered at `rights_known`.
    """

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    github_id: Mapped[int] = mapped_column(unique=True)
    login: Mapped[str] = mapped_column(String(100), index=True)
    role: Mapped[str] = mapped_column(String(16), default="reader")
    admitted: Mapped[bool] = mapped_column(default=False)
    access: Mapped[bytes | None] = mapped_column(LargeBinary)
    rights_asked: Mapped[int] = mapped_column(default=0)
    rights_known: Mapped[int] = mapped_column(default=0)
    created: Mapped[int]
    seen: Mapped[int]


class BrowserSession(Base):
    """Somebody signed in with a browser: `digest` is the SHA-256 of what its cookie carries."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created: Mapped[int]
    used: Mapped[int]
    expires: Mapped[int] = mapped_column(index=True)
    browser: Mapped[str] = mapped_column(String(255), default="")


class ReadToken(Base):
    """A token that reads through the API: as an account does, or, without one, what is in `scope`."""

    __tablename__ = "read_tokens"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str | None] = mapped_column(String(201))
    created: Mapped[int]
    expires: Mapped[int | None]
    used: Mapped[int | None]
    revoked: Mapped[int | None]


class RepositoryRight(Base):
    """That an account may read a private repository, as GitHub told when it was last asked."""

    __tablename__ = "repository_rights"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True)


class AuditEntry(Base):
    """Something that was done: `actor` did `action` to `subject`, from `address`; `detail` is for people."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "time", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    time: Mapped[int]
    actor: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(500))
    address: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
