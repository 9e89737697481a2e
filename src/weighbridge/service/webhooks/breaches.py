"""What there is to tell: an image of the default branch that was within its budget and is over it now."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from weighbridge.core.wire.times import written
from weighbridge.model.budget import Status
from weighbridge.service.sender import Sender
from weighbridge.service.values import moment, seconds
from weighbridge.service.webhooks.tables import Delivery, Webhook

if TYPE_CHECKING:
    from weighbridge.model.record import Record

EXCEEDED = "budget.exceeded"
FRESH = 7 * 86_400
"""Seconds for which a weight is news: what is imported of the past is none."""


def tell_of_breach(session: Session, repository: str, before: str | None, record: Record, now: int) -> None:
    """Queues a message for each webhook that wants to know. In the transaction that writes the record down.

    `before` is the verdict on the image so far, None where there was none.
    """
    if record.verdict is not Status.FAIL or before in (None, Status.FAIL.value):
        return
    if now - seconds(record.recorded) > FRESH:
        return
    for webhook in session.scalars(select(Webhook).order_by(Webhook.id)):
        if Sender(actor="", scope=webhook.scope).may_write(repository):
            session.add(_delivery(webhook, repository, record, now))


def _delivery(webhook: Webhook, repository: str, record: Record, now: int) -> Delivery:
    data = {
        "repository": repository,
        "image": record.image,
        "platform": record.platform,
        "commit": record.commit,
        "ref": record.ref,
        "size": record.size,
        "max_size": record.max_size,
    }
    body = {"type": EXCEEDED, "timestamp": written(moment(now)), "data": data}
    return Delivery(
        webhook_id=webhook.id,
        uid=f"msg_{secrets.token_hex(16)}",
        kind=EXCEEDED,
        body=json.dumps(body),
        state="waiting",
        attempts=0,
        due=now,
        created=now,
    )
