"""Telling workers that there is something to do: at once where that can be, within a minute in any case."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    import procrastinate

    from weighbridge.service.database import Database

TASK, HOUSEKEEPING, QUEUE = "weighbridge.work", "weighbridge.keep_house", "weighbridge"
awake = threading.Event()
"""Wakes the workers of this process, on SQLite."""
_log = logging.getLogger(__name__)


def address(database: Database) -> str:
    """The database's as PostgreSQL's own library has it."""
    return make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)


def deliver(database: Database, numbers: Sequence[int]) -> None:
    """Hands out jobs that are in the table. Where that fails, they are found there a minute later."""
    if not numbers:
        return
    if database.sqlite:
        awake.set()
        return
    import procrastinate

    app = procrastinate.App(
        connector=procrastinate.SyncPsycopgConnector(conninfo=address(database), min_size=1, max_size=1)
    )
    try:
        with app.open():
            for number in numbers:
                _defer(app, number)
    except procrastinate.exceptions.ProcrastinateException as error:
        _log.warning("jobs are handed out later: %s", type(error).__name__)


def _defer(app: procrastinate.App, number: int) -> None:
    from procrastinate.exceptions import AlreadyEnqueued

    with contextlib.suppress(AlreadyEnqueued):
        app.configure_task(TASK, queue=QUEUE, queueing_lock=f"{QUEUE}:{number}").defer(number=number)
