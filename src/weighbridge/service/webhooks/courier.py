"""Telling it: messages that are due, sent by whichever process takes them first, until they arrived."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from weighbridge.client.webhooks import signed
from weighbridge.service import metrics
from weighbridge.service.values import seconds
from weighbridge.service.webhooks.registered import secret_of
from weighbridge.service.webhooks.tables import Delivery, Webhook
from weighbridge.service.webhooks.target import Undeliverable, networks, post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.service.running import Service

WAITS = (5, 30, 120, 600, 3_600, 10_800, 28_800, 43_200)
"""Seconds after each attempt that failed; after the last one it is given up, a day after the first."""
_AT_ONCE = 20
_LEASE = 300
"""Seconds after which another process takes a message that one took and did not finish."""
_EVERY = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that is ours to send. `attempts` counts this one."""

    id: int
    uid: str
    url: str
    secret: str
    body: bytes
    attempts: int


def deliver_due(service: Service) -> int:
    """Sends what is due; how many messages that were. At least once each: a process may die in between."""
    taken = list(_take(service))
    for message in taken:
        _deliver(service, message)
    return len(taken)


def _take(service: Service) -> Iterator[Taken]:
    now = seconds(service.now())
    with service.database.reading() as session:
        due = select(Delivery.id).where(Delivery.state == "waiting", Delivery.due <= now).limit(1)
        if session.scalar(due) is None:
            return
    with service.database.writing() as session:
        found = session.execute(
            select(Delivery, Webhook)
            .join(Webhook)
            .where(Delivery.state == "waiting", Delivery.due <= now)
            .order_by(Delivery.due)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True, of=Delivery)
        ).all()
        for delivery, _ in found:
            delivery.attempts += 1
            delivery.due = now + _LEASE
        session.flush()
        taken = [
            Taken(
                id=delivery.id,
                uid=delivery.uid,
                url=webhook.url,
                secret=secret_of(service, webhook),
                body=delivery.body.encode(),
                attempts=delivery.attempts,
            )
            for delivery, webhook in found
        ]
    yield from taken


def _deliver(service: Service, message: Taken) -> None:
    now = seconds(service.now())
    allowed = networks(service.configuration.webhook_networks)
    status, error = None, None
    try:
        status = post(message.url, message.body, signed(message.secret, message.uid, now, message.body), allowed)
    except Undeliverable as problem:
        status, error = problem.status, str(problem)
    metrics.DELIVERIES.labels("delivered" if error is None else "failed").inc()
    after = seconds(service.now())
    values: dict[str, object] = {"status": status, "error": error}
    known = [Delivery.id == message.id]
    if error is None:
        values |= {"state": "delivered", "finished": after}
    else:
        # Who cancelled it meanwhile did so for good.
        known.append(Delivery.state == "waiting")
        if message.attempts > len(WAITS):
            values |= {"state": "failed", "finished": after}
        else:
            values |= {"due": after + WAITS[message.attempts - 1]}
    with service.database.writing() as session:
        session.execute(update(Delivery).where(*known).values(**values))


def queue(service: Service) -> dict[str, int]:
    """Messages by state."""
    with service.database.reading() as session:
        rows = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all()
    return {
        "waiting": 0,
        "delivered": 0,
        "failed": 0,
        "cancelled": 0,
        **{str(state): int(count) for state, count in rows},
    }


class Courier:
    """A thread that sends what is due, every few seconds, for as long as it is open."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, after the messages that are under way."""
        self._end.set()
        self._thread.join(30)

    def _work(self) -> None:
        while not self._end.wait(_EVERY):
            # A database that is away comes back.
            with contextlib.suppress(SQLAlchemyError):
                if deliver_due(self._service):
                    _log.info("webhooks were sent")
