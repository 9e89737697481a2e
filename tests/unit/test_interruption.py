"""A signal ends the work, but never between making a thing and noting that it must be removed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from weighbridge.interruption import Stop, heeded, interruptible, shielded

if TYPE_CHECKING:
    from collections.abc import Iterator


def send(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_work_and_is_named(number: signal.Signals) -> None:
    with pytest.raises(Stop, match=f"^stopped by {number.name}$"), heeded():
        send(number)
        pytest.fail("went on")


def test_a_shielded_part_is_finished_first() -> None:
    done = []
    with pytest.raises(Stop), heeded():
        with shielded():
            send()
            done.append("the part")
        done.append("what follows")

    assert ["the part"] == done


def test_inside_a_shield_what_only_waits_can_be_ended() -> None:
    done = []
    with pytest.raises(Stop), heeded(), shielded():
        send()
        done.append("made")
        with interruptible():
            done.append("waited")

    assert ["made"] == done


def test_a_second_signal_does_not_disturb_the_clean_up() -> None:
    done = []
    with pytest.raises(Stop, match="SIGTERM"), heeded():
        try:
            send(signal.SIGTERM)
        finally:
            send(signal.SIGINT)
            with interruptible():
                done.append("cleaned up")

    assert ["cleaned up"] == done


def test_whatever_is_made_in_a_shield_is_removed_however_early_the_signal_comes() -> None:
    """The signal comes at every place where Python could run its handler, one after the other."""
    made: list[str] = []

    @contextmanager
    def thing() -> Iterator[None]:
        made.append("thing")
        try:
            with interruptible():
                made.append("filled")
            yield
        finally:
            made.clear()

    ended = []
    for moment in range(1, 1000):
        try:
            with heeded(), countdown(moment), shielded(), ExitStack() as stack:
                stack.enter_context(thing())
                with interruptible():
                    pass
        except Stop:
            ended.append(moment)
        else:
            break  # everything was over before its moment came

        assert [] == made

    assert len(ended) > 100


@contextmanager
def countdown(moment: int) -> Iterator[None]:
    """Sends a signal after that many lines and calls of the code under test."""
    left = moment

    def trace(*_: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            signal.raise_signal(signal.SIGTERM)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.settrace(before)


def test_no_library_takes_it_for_a_failure_of_its_own() -> None:
    with pytest.raises(Stop), heeded():
        try:
            send()
        except Exception:
            pytest.fail("swallowed")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeded():
            send(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_are_what_they_were_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with heeded():
        pass

    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]


def test_the_shield_of_another_thread_holds_nothing_back() -> None:
    entered, leave = threading.Event(), threading.Event()

    def elsewhere() -> None:
        with shielded():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    entered.wait(10)
    try:
        with pytest.raises(Stop), heeded():
            send()
    finally:
        leave.set()
        thread.join()
