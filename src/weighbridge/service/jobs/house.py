"""Once a minute: what is done daily is asked for, and what a lost worker left is handed out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from weighbridge.service.jobs import delivery, queue
from weighbridge.service.jobs.queue import Asked
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import seconds
from weighbridge.service.webhooks.tables import Delivery

if TYPE_CHECKING:
    from weighbridge.service.running import Service

_DAILY = ("retention",)
_KEPT = 30 * 86_400
"""Seconds that jobs, and messages to webhooks, are shown after they ended."""


def keep(service: Service) -> None:
    """Any number may do it at once."""
    now = seconds(service.now())
    with service.database.writing() as session:
        for kind in _DAILY:
            queue.ask(session, Asked(kind=kind, arguments={}, actor="daily", name=f"{kind}:{now // 86_400}"), now)
        session.execute(delete(Job).where(Job.finished < now - _KEPT, Job.state.not_in(queue.OPEN)))
        session.execute(delete(Delivery).where(Delivery.finished < now - _KEPT, Delivery.state != "waiting"))
    with service.database.reading() as session:
        waiting = queue.open_jobs(session, now, limit=1000)
    delivery.deliver(service.database, waiting)
