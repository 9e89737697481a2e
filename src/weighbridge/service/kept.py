"""Sums over everything, kept in the process: they are made anew when reports came in, never twice at once.

What is quick to make is always of now; what is slow is given as it was while it is made anew behind the reader's back.
"""

from __future__ import annotations

import contextvars
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import func, select

from weighbridge.service.tables import Report

if TYPE_CHECKING:
    from weighbridge.service.database import Database

Value = TypeVar("Value")

_QUICK_SECONDS = 0.05
_SECONDS = 60
_LAST_SECONDS = 30
_MOST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    value: Any
    generation: int
    made: float
    took: float


class Kept:
    """Answers by key, for one database."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = weakref.ref(database)
        self._clock = clock
        self._answers: dict[Hashable, _Answer] = {}
        self._making: dict[Hashable, threading.Thread] = {}
        self._lock = threading.Lock()

    def get(self, name: Hashable, make: Callable[[], Value]) -> Value:
        """What `make` gives. It has to open a session of its own: it may run in another thread.

        What sessions are told of who reads is a part of the key: nobody is given what was made for another reader.
        """
        generation, reader = self._now()
        key = (name, reader)
        known = self._answers.get(key)
        if known is not None and self._is_good(known, generation):
            return cast("Value", known.value)
        if known is None or known.took <= _QUICK_SECONDS:
            return self._made(key, make, generation)
        with self._lock:
            if key not in self._making:
                # Threads know nothing of who reads, unless they are told.
                run = contextvars.copy_context().run
                thread = threading.Thread(target=run, args=(self._behind, key, make, generation), daemon=True)
                self._making[key] = thread
                thread.start()
        return cast("Value", known.value)

    def settle(self) -> None:
        """Waits for what is being made."""
        with self._lock:
            threads = list(self._making.values())
        for thread in threads:
            thread.join(_LAST_SECONDS)

    def _is_good(self, answer: _Answer, generation: int) -> bool:
        return answer.generation == generation and self._clock() - answer.made < _SECONDS

    def _behind(self, key: Hashable, make: Callable[[], Any], generation: int) -> None:
        try:
            self._made(key, make, generation)
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _made(self, key: Hashable, make: Callable[[], Value], generation: int) -> Value:
        began = self._clock()
        value = make()
        now = self._clock()
        with self._lock:
            while len(self._answers) >= _MOST:
                self._answers.pop(next(iter(self._answers)))
            self._answers[key] = _Answer(value=value, generation=generation, made=now, took=now - began)
        return value

    def _now(self) -> tuple[int, Hashable]:
        """A number that grows with every report, and what sessions know of their reader."""
        database = self._database()
        if database is None:
            return 0, ()
        with database.reading() as session:
            reader = tuple((id(name), value) for name, value in session.info.items())
            return session.scalar(select(func.max(Report.id))) or 0, reader


_all: weakref.WeakKeyDictionary[Database, Kept] = weakref.WeakKeyDictionary()


def kept(database: Database) -> Kept:
    """What is kept for a database."""
    return _all.setdefault(database, Kept(database))
