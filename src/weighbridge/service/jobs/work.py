"""One job, done: seen alive while it is worked on, and ended for others to see, whatever comes of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from weighbridge.errors import WeighbridgeError
from weighbridge.service.database import unavailable
from weighbridge.service.jobs import queue
from weighbridge.service.jobs.queue import State, Taken
from weighbridge.service.store import StoreUnavailable
from weighbridge.service.values import plain, seconds

if TYPE_CHECKING:
    from weighbridge.service.running import Service

_log = logging.getLogger(__name__)
_BEAT = 10
"""Seconds between signs of life."""
_WRITE_EVERY = 1.0
_LONGEST_REST = 0.05


class Cancelled(Exception):
    """The work is to end: somebody cancelled it, or another one does it."""


@dataclass(slots=True)
class Progress:
    """How a task tells how far it is. Raises Cancelled where it is not to go on."""

    service: Service
    taken: Taken
    stop: threading.Event
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _written: float = 0.0
    _resumed: float = field(default_factory=time.monotonic)
    _go_on: bool = True

    def step(self, done: int, total: int | None, message: str) -> None:
        """Notes it, at most once a second. Half the time is others': those who wait for a page come first."""
        self.stop.wait(min(time.monotonic() - self._resumed, _LONGEST_REST))
        self._resumed = time.monotonic()
        if time.monotonic() - self._written >= _WRITE_EVERY:
            self._written = time.monotonic()
            self._tell(done=done, total=total, message=plain(message, 1000))
        self.check()

    def last(self, done: int, total: int | None, message: str) -> None:
        """Notes it in any case."""
        self._written = 0.0
        self.step(done, total, message)

    def check(self) -> None:
        """Raises Cancelled where it is not to go on."""
        if self.stop.is_set() or not self._go_on:
            raise Cancelled

    def beat(self) -> None:
        """A sign of life."""
        self._tell()

    def _tell(self, **values: object) -> None:
        with self._lock, self.service.database.writing() as session:
            self._go_on = self._go_on and queue.tell(session, self.taken, seconds(self.service.now()), **values)


Task = Callable[["Service", Mapping[str, object], Progress], str]
"""What is to be done for jobs of a kind; gives what to say of it at last.

Doing it again, from its beginning, does no harm. Raises WeighbridgeError in one line, and what the database raises.
"""


def run(service: Service, tasks: Mapping[str, Task], number: int, stop: threading.Event) -> bool:
    """Does a job, if it is to be done; True where this one did it. `stop`: to be left to others, soon."""
    with service.database.writing() as session:
        taken = queue.take(session, number, seconds(service.now()))
        if taken is not None and taken.attempt > queue.ATTEMPTS:
            told = f"given up: it ended {queue.ATTEMPTS} workers"
            queue.finish(session, taken, State.FAILED, told, seconds(service.now()))
            taken = None
    if taken is None:
        return False
    progress = Progress(service, taken, stop)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(progress, ended), daemon=True)
    beating.start()
    try:
        state, message = _done(service, tasks, taken, progress)
    finally:
        ended.set()
        beating.join()
    with service.database.writing() as session:
        if state is State.CANCELLED and stop.is_set():
            queue.put_back(session, taken)
        elif state is not None:
            queue.finish(session, taken, state, message, seconds(service.now()))
    return True


def _done(
    service: Service, tasks: Mapping[str, Task], taken: Taken, progress: Progress
) -> tuple[State | None, str | None]:
    """How it ended; None where it is to be tried again, once it is seen to be stale."""
    try:
        task = tasks.get(taken.kind)
        if task is None:
            return State.FAILED, f"nobody here knows how to do {taken.kind}"
        return State.DONE, task(service, taken.arguments, progress)
    except Cancelled:
        return State.CANCELLED, None
    except StoreUnavailable as error:
        return None, str(error)
    except WeighbridgeError as error:
        return State.FAILED, str(error)
    except Exception as error:  # whatever it is, it is said, and no other job suffers
        if isinstance(error, DBAPIError) and unavailable(error):
            return None, None
        _log.exception("job %d (%s) failed", taken.number, taken.kind)
        return State.FAILED, f"it failed: {type(error).__name__}; the log says more"


def _beat(progress: Progress, ended: threading.Event) -> None:
    while not ended.wait(_BEAT):
        try:
            progress.beat()
        except Exception as error:  # the database may be back for the next one
            _log.warning("a job could not be seen alive: %s", type(error).__name__)
