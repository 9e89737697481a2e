"""Webhooks and what was or is to be sent to them. Times are whole seconds since 1970 in UTC."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from weighbridge.service.tables import Base, Key


class Webhook(Base):
    """Somebody who is told of budgets that are exceeded in repositories of a scope.

    `salt` is what its secret is derived from, together with the service's own: the secret itself is not kept.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    url: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(String(201))
    salt: Mapped[str] = mapped_column(String(64))
    created: Mapped[int]


class Delivery(Base):
    """A message to a webhook: `waiting` until `due`, `delivered`, `failed` for good, or `cancelled`.

    `status` is HTTP's of the last attempt, `error` one line where there was no good answer. `uid` is the same in every
    attempt, so that whoever gets it twice can tell.
    """

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "state", "due"), Index(None, "webhook_id", "id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    due: Mapped[int]
    created: Mapped[int]
    finished: Mapped[int | None]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
