"""Who wants to be told: webhooks made and removed, and their secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from weighbridge.client.webhooks import PREFIX
from weighbridge.errors import UsageError
from weighbridge.service.auth import audit
from weighbridge.service.auth.reader import STRANGER, Reader
from weighbridge.service.tokens import check_scope
from weighbridge.service.values import seconds
from weighbridge.service.webhooks.tables import Delivery, Webhook
from weighbridge.service.webhooks.target import target_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.service.running import Service

_SHOWN = 100


def register(service: Service, name: str, url: str, scope: str, by: Reader = STRANGER) -> str:
    """A new webhook's secret, which is shown this once. Raises UsageError for an address, a scope or a name."""
    target_of(url)
    check_scope(scope)
    with service.database.writing() as session:
        if session.scalar(select(Webhook.id).filter_by(name=name)) is not None:
            raise UsageError(f"there is a webhook {name!r} already: remove it, or choose another name")
        made = Webhook(name=name, url=url, scope=scope, salt=secrets.token_hex(16), created=seconds(service.now()))
        session.add(made)
        _note(session, service, by, "webhook.add", name, f"{scope} {url}")
    return secret_of(service, made)


def remove(service: Service, name: str, by: Reader = STRANGER) -> None:
    """Ends a webhook, with all that was to be sent to it. Raises UsageError where there is none."""
    with service.database.writing() as session:
        found = session.scalars(select(Webhook).filter_by(name=name)).one_or_none()
        if found is None:
            raise UsageError(f"no webhook {name!r}")
        session.delete(found)
        _note(session, service, by, "webhook.remove", name)


def _note(session: Session, service: Service, by: Reader, action: str, name: str, detail: str = "") -> None:
    audit.note(session, service.now(), by.login or "command line", action, name, address=by.address, detail=detail)


def registered(session: Session) -> Sequence[Webhook]:
    """All of them, by name."""
    return session.scalars(select(Webhook).order_by(Webhook.name)).all()


def deliveries(session: Session, name: str) -> Sequence[Delivery]:
    """What was sent to a webhook or is to be, the newest first. Raises UsageError where there is none."""
    if session.scalar(select(Webhook.id).filter_by(name=name)) is None:
        raise UsageError(f"no webhook {name!r}")
    statement = select(Delivery).join(Webhook).where(Webhook.name == name).order_by(Delivery.id.desc()).limit(_SHOWN)
    return session.scalars(statement).all()


def recent(session: Session, limit: int) -> Sequence[tuple[Delivery, str]]:
    """Messages to all webhooks with these ones' names: what waits first, then the newest."""
    waits = case((Delivery.state == "waiting", 0), else_=1)
    statement = select(Delivery, Webhook.name).join(Webhook).order_by(waits, Delivery.id.desc()).limit(limit)
    return [(delivery, name) for delivery, name in session.execute(statement)]


def retry(service: Service, uid: str, webhook: str | None = None, *, by: Reader = STRANGER) -> None:
    """Sends a message now; one that was given up or cancelled from the first attempt on. One that arrived stays.

    Raises UsageError where there is none of that ID, or it is another webhook's.
    """
    now = seconds(service.now())
    with service.database.writing() as session:
        found, name = _message(session, uid, webhook)
        if found.state == "delivered":
            return
        if found.state != "waiting":
            found.attempts = 0
        found.state, found.due, found.finished = "waiting", now, None
        _note(session, service, by, "webhook.retry", name, uid)


def cancel(service: Service, uid: str, webhook: str | None = None, *, by: Reader = STRANGER) -> None:
    """Never sends a message that waits. Raises UsageError as `retry` does."""
    with service.database.writing() as session:
        found, name = _message(session, uid, webhook)
        if found.state != "waiting":
            return
        found.state, found.finished = "cancelled", seconds(service.now())
        _note(session, service, by, "webhook.cancel", name, uid)


def _message(session: Session, uid: str, webhook: str | None) -> tuple[Delivery, str]:
    statement = select(Delivery, Webhook.name).join(Webhook).where(Delivery.uid == uid)
    if webhook is not None:
        statement = statement.where(Webhook.name == webhook)
    row = session.execute(statement.with_for_update(of=Delivery)).one_or_none()
    if row is None:
        raise UsageError(f"no message {uid[:64]!r}")
    return row[0], row[1]


def secret_of(service: Service, webhook: Webhook) -> str:
    """What its messages are signed with."""
    key = hmac.digest(service.secret, f"webhook:{webhook.salt}".encode(), hashlib.sha256)
    return PREFIX + base64.b64encode(key).decode()
