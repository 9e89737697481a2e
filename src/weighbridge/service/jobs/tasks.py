"""The tasks: each may be done again from its beginning, and ends early where it is cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from weighbridge.service import renewal, retention, tables
from weighbridge.service.jobs.backfill import Backfill, Weigh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.service.jobs.weigher import Weigher
    from weighbridge.service.jobs.work import Progress, Task
    from weighbridge.service.running import Service

_BATCH = 200


def tasks(weigher: Weigher | None = None) -> Mapping[str, Task]:
    """By kind. Without a weigher, those that need none."""
    known: dict[str, Task] = {"retention": _retain, "refresh": _refresh}
    if weigher is not None:
        known |= {"backfill": Backfill(weigher), "weigh": Weigh(weigher)}
    return known


def _retain(service: Service, _arguments: Mapping[str, object], progress: Progress) -> str:
    done: dict[str, int] = {}

    def told(what: str, count: int) -> None:
        done[what] = count
        progress.step(sum(done.values()), None, _listed(done))

    retention.run(service, told)
    return _listed(done)


def _listed(done: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in done.items() if count) or "nothing"


def _refresh(service: Service, _arguments: Mapping[str, object], progress: Progress) -> str:
    with service.database.reading() as session:
        total = session.scalar(select(func.count()).select_from(tables.Image)) or 0
    done, last = 0, -1
    while True:
        with service.database.reading() as session:
            numbers = session.scalars(
                select(tables.Image.id).where(tables.Image.id > last).order_by(tables.Image.id).limit(_BATCH)
            ).all()
        if not numbers:
            return f"{done:,} images"
        for number in numbers:
            renewal.renew(service.database, service.store, number)
            done += 1
            progress.step(done, max(total, done), f"{done:,} images")
        last = numbers[-1]
