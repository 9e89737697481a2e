"""A build is ended when its time is up or the machine cannot bear more, and says so in one line."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from weighbridge.adapters.machine import LocalMachine, Room, UnseenMachine
from weighbridge.adapters.overseer import Bounds, Overseer

GB = 1_000_000_000


@dataclass
class Told:
    """Implements Machine: one room after the other, the last one from then on."""

    rooms: list[Room] = field(default_factory=list)

    def look(self) -> Room:
        """See the port."""
        return self.rooms.pop(0) if len(self.rooms) > 1 else self.rooms[0]


def watched(*rooms: Room, seconds: float = 60.0, builds: float = 5.0) -> str:
    """Why the build was ended that would take some seconds; empty if it was not."""
    ended = threading.Event()
    with Overseer(Told(list(rooms)), Bounds(), seconds, ended.set) as overseer:
        ended.wait(builds)
    assert bool(overseer.reason) == ended.is_set()
    return overseer.reason


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (Room(free=30 * GB), Room(free=GB - 1),
         "the build was ended with 1.00 GB left on the engine's disk: it writes without end, or needs a larger one"),
        (Room(free=GB), Room(free=GB // 3),
         "the build was ended with 333.3 MB left on the engine's disk: it writes without end, or needs a larger one"),
        (Room(threads=200, most=192_000), Room(threads=10_200, most=192_000),
         "the build was ended with 10000 more processes than before it: a RUN forks without end"),
        (Room(threads=200, most=4_200), Room(threads=2_300, most=4_200),
         "the build was ended with 2100 more processes than before it: a RUN forks without end"),
    ],
)  # fmt: skip
def test_what_the_machine_cannot_bear_ends_it(before: Room, now: Room, said: str) -> None:
    assert said == watched(before, now)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Room(free=30 * GB, threads=200, most=32_768), Room(free=GB + 1, threads=9_000, most=32_768)),
        # One that had little before.
        (Room(free=GB), Room(free=GB * 2 // 3)),
        (Room(), Room()),
        (Room(free=GB, threads=1), Room()),
    ],
)
def test_what_it_can_bear_does_not(before: Room, now: Room) -> None:
    assert "" == watched(before, now, builds=0.6)


def test_time_is_up_even_where_nothing_can_be_seen() -> None:
    assert "the build took longer than 0.1 s and was ended; raise `timeout` if it needs more" == watched(
        UnseenMachine().look(), seconds=0.1
    )


def test_a_build_that_ends_is_not_waited_for() -> None:
    started = time.monotonic()
    with Overseer(UnseenMachine(), Bounds(), 3600, lambda: None):
        pass
    assert time.monotonic() - started < 2


def test_this_machine_is_seen_without_privileges(tmp_path: Path) -> None:
    room = LocalMachine(lambda: tmp_path).look()
    assert None not in (room.free, room.threads, room.most)
    assert Room() == LocalMachine(lambda: None).look()


@pytest.mark.parametrize("text", ["", "0.2 0.1", "0.20 0.18 0.12 none 1", "\xff"])
def test_what_is_no_load_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "loadavg").write_bytes(text.encode("latin-1"))
    room = LocalMachine(lambda: Path("/no/such/folder"), proc=tmp_path).look()
    assert Room() == room
