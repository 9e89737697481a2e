"""Ctrl-C, SIGTERM and a closed terminal as one exception, raised only where nothing gets lost by it.

Python runs a signal's handler between any two instructions, also between the making of a worktree and the note that it
has to be removed, or in the middle of its removal. So what makes and removes things is shielded, and opens up again
where it only waits.

Signals belong to the process and their handlers run in its main thread: hence the one state of this module.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(KeyboardInterrupt):
    """A signal that asks to end; str() says which. Not an Exception, so that no library takes it for a failure."""


class _State:
    """`came` is the first signal, which `raised` tells to have been raised; the ones after it change nothing."""

    def __init__(self) -> None:
        self.open = True
        self.came: signal.Signals | None = None
        self.raised = False

    def note(self, number: int, _frame: FrameType | None) -> None:
        self.came = self.came or signal.Signals(number)
        self.check()

    def check(self) -> None:
        if self.open and self.came is not None and not self.raised:
            self.raised = True
            raise Stop(f"stopped by {self.came.name}")


_state = _State()


@contextmanager
def heeded() -> Iterator[None]:
    """Inside, the first of the signals raises Stop; for the main thread. A signal that is ignored stays ignored."""
    global _state  # noqa: PLW0603 - there is one set of signal handlers, too
    before, _state = _state, _State()
    handlers = {
        number: signal.signal(number, _state.note)
        for number in _SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        _state = before


@contextmanager
def shielded() -> Iterator[None]:
    """Inside, Stop waits: for the next `interruptible` part, or for the end."""
    with _set(open_=False):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """A part of what is shielded that may be ended at any point, because it cleans up by itself or has nothing to."""
    with _set(open_=True):
        yield


@contextmanager
def _set(*, open_: bool) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    state = _state
    before, state.open = state.open, open_
    try:
        state.check()
        yield
    finally:
        state.open = before
    state.check()
