"""Who wants to be told: webhooks made and removed, and their secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select
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


def secret_of(service: Service, webhook: Webhook) -> str:
    """What its messages are signed with."""
    key = hmac.digest(service.secret, f"webhook:{webhook.salt}".encode(), hashlib.sha256)
    return PREFIX + base64.b64encode(key).decode()
