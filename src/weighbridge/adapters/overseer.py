"""Watches one build from the side, and ends it when its time is up or the machine cannot bear more of it.

BuildKit bounds neither the disk nor the processes of a RUN. Its `--ulimit` and `--cgroup-parent` would bound processes,
but each step's key in the cache holds them: nothing that others built would be found again.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from weighbridge.core.rendering.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from weighbridge.adapters.machine import Machine, Room

_EVERY_SECONDS = 0.25
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`disk`: bytes that stay free on the engine's disk; `processes`: how many more may run than before the build.

    A machine that has little of either is left half of it.
    """

    disk: int = 1_000_000_000
    processes: int = 10_000


USUAL_BOUNDS = Bounds()


class Overseer:
    """Calls `end`, once, when the build has run for `seconds` or goes beyond the bounds; `reason` says why."""

    def __init__(self, machine: Machine, bounds: Bounds, seconds: float, end: Callable[[], None]) -> None:
        self._machine = machine
        self._bounds = bounds
        self._seconds = seconds
        self._end = end
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="overseer", daemon=True)
        self.reason = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(_PATIENCE_SECONDS)

    def _watch(self) -> None:
        deadline = time.monotonic() + self._seconds
        before = self._machine.look()
        while (left := deadline - time.monotonic()) > 0 and not self.reason:
            if self._over.wait(min(left, _EVERY_SECONDS)):
                return
            self.reason = _excess(before, self._machine.look(), self._bounds)
        self.reason = self.reason or (
            f"the build took longer than {self._seconds:g} s and was ended; raise `timeout` if it needs more"
        )
        self._end()


def _excess(before: Room, now: Room, bounds: Bounds) -> str:
    """What the machine cannot bear, in one line; empty if there is nothing."""
    if before.free is not None and now.free is not None and now.free < min(bounds.disk, before.free // 2):
        left = format_size(now.free)
        return (
            f"the build was ended with {left} left on the engine's disk: it writes without end, or needs a larger one"
        )
    if before.threads is not None and now.threads is not None:
        room = (before.most - before.threads) // 2 if before.most is not None else bounds.processes
        more = now.threads - before.threads
        if more >= min(bounds.processes, max(room, 1)):
            return f"the build was ended with {more} more processes than before it: a RUN forks without end"
    return ""
