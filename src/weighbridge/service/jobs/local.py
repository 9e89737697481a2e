"""Workers in threads, which look for jobs in the table: on SQLite, in `serve` and in `worker` alike."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from sqlalchemy import select

from weighbridge.service.jobs import delivery, house, queue, work
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from weighbridge.service.running import Service

_LOOK_EVERY = 2.0
"""Seconds: jobs that another process asked for."""
_KEEP_EVERY = 60.0
_log = logging.getLogger(__name__)


class Local:
    """Runs as long as its context; then leaves what is under way to others, or to the next start."""

    def __init__(self, service: Service, tasks: Mapping[str, work.Task], concurrency: int = 1) -> None:
        self._service = service
        self._tasks = tasks
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(concurrency)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._stop.set()
        delivery.awake.set()
        for thread in self._threads:
            thread.join()

    def wait(self, *, drain: bool = False) -> None:
        """Until it is told to stop; with `drain` until no job is open."""
        while not self._stop.wait(_LOOK_EVERY):
            with self._service.database.reading() as session:
                left = session.scalar(select(Job.id).where(Job.state.in_(queue.OPEN)).limit(1))
            if drain and left is None:
                return

    def stop(self) -> None:
        """From a signal's handler."""
        self._stop.set()
        delivery.awake.set()

    def _run(self, number: int) -> None:
        kept = -_KEEP_EVERY
        while not self._stop.is_set():
            try:
                if number == 0 and time.monotonic() - kept >= _KEEP_EVERY:
                    kept = time.monotonic()
                    house.keep(self._service)
                if self._look():
                    continue
            except Exception as error:  # the database may be back at the next look
                _log.warning("jobs cannot be looked for: %s", type(error).__name__)
            delivery.awake.wait(_LOOK_EVERY)
            delivery.awake.clear()

    def _look(self) -> bool:
        """Whether something was done."""
        with self._service.database.reading() as session:
            waiting = queue.open_jobs(session, seconds(self._service.now()))
        for job in waiting:
            if self._stop.is_set():
                return False
            if work.run(self._service, self._tasks, job, self._stop):
                return True
        return False
