"""What the machine that builds has left: room on the engine's disk, and for processes. Read without privileges."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """At one moment: `free` bytes on the engine's disk, and `threads` on the whole machine, of at most `most`.

    None where it cannot be seen from here.
    """

    free: int | None = None
    threads: int | None = None
    most: int | None = None


class Machine(Protocol):
    """Where builds run."""

    def look(self) -> Room:
        """What it has left now. Never raises."""
        ...


class UnseenMachine:
    """Implements Machine: an engine elsewhere."""

    def look(self) -> Room:
        """See Machine."""
        return Room()


class LocalMachine:
    """Implements Machine for an engine on this very kernel, `folder` being on its disk; None for one elsewhere.

    A container sees all of it: the disk below its own file system is the engine's, and `/proc/loadavg` counts the
    threads of the whole machine whoever reads it.
    """

    def __init__(self, folder: Callable[[], Path | None], *, proc: Path = _PROC) -> None:
        self._find = folder
        self._folder: Path | None = None
        self._asked = False
        self._proc = proc

    def look(self) -> Room:
        """See Machine."""
        if not self._asked:
            self._folder, self._asked = self._find(), True
        if self._folder is None:
            return Room()
        return Room(free=_free(self._folder), threads=self._threads(), most=self._most())

    def _threads(self) -> int | None:
        # "0.20 0.18 0.12 1/80 11206": the fourth word is running and existing threads (proc_loadavg(5)).
        words = _text(self._proc / "loadavg").split()
        count = words[3].rpartition("/")[2] if len(words) > 3 else ""
        return int(count) if count.isdigit() else None

    def _most(self) -> int | None:
        limits = [_text(self._proc / "sys/kernel" / name).strip() for name in ("pid_max", "threads-max")]
        return min((int(each) for each in limits if each.isdigit()), default=None)


def _free(folder: Path) -> int | None:
    with contextlib.suppress(OSError, AttributeError):
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
