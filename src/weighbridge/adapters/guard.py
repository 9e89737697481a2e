"""Watches one container from the side, and ends it when it takes more than it may."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import docker.errors
import requests

from weighbridge.errors import WeighbridgeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from weighbridge.model.behaviour import Limit

_EVERY_SECONDS = 0.5
_PATIENCE_SECONDS = 5.0
_FAULTS = (docker.errors.DockerException, requests.RequestException, WeighbridgeError)


class Guard:
    """Asks `find` again and again for a limit that is exceeded; once there is one, calls `end`.

    Memory is the kernel's to guard; nobody guards a disk, and a program that can start no more processes lives on.
    """

    def __init__(self, find: Callable[[], Limit | None], end: Callable[[], None]) -> None:
        self._find = find
        self._end = end
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)
        self.exceeded: Limit | None = None

    def start(self) -> None:
        """Watches until close()."""
        self._thread.start()

    def close(self) -> None:
        """Watches no more."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(_PATIENCE_SECONDS)

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            # What the engine fails to answer now, it may answer the next time.
            with contextlib.suppress(*_FAULTS):
                self.exceeded = self._find()
                if self.exceeded is not None:
                    self._end()
                    return
