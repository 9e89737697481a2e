"""Links inside of one layer: where a path below a symlink leads, and which names a file has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_HOPS = 40
"""Linux follows no more symlinks for one path (path_resolution(7))."""
MAX_STEPS = 20_000_000
"""Names that are looked at to follow symlinks, in a whole layer."""
MAX_TAKEN = 2_000_000
"""Hard links that get another file to point to, in a whole layer."""


class Links:
    """What a layer has brought so far, while it is read.

    What a layer names below one of its own symlinks is extracted to where that leads; below a symlink of an older
    layer it is not, since each layer is extracted on its own (see reading.merge).
    """

    def __init__(self) -> None:
        self._symlinks: dict[str, str] = {}
        self._hard: dict[str, list[str]] = {}
        self._folder = self._real_folder = ""
        self._steps = 0
        self._taken = 0

    def add(self, path: str, target: str) -> None:
        """A symlink."""
        self._symlinks[path] = target
        self._folder = self._real_folder = ""

    def remove(self, path: str) -> None:
        """Something else than a symlink takes its place."""
        if self._symlinks.pop(path, None) is not None:
            self._folder = self._real_folder = ""

    def add_hard(self, path: str, target: str) -> None:
        """A hard link."""
        self._hard.setdefault(target, []).append(path)

    def take_hard(self, target: str) -> list[str]:
        """Every hard link to the target, forgotten from now on. Raises MalformedImage where that never ends."""
        taken = self._hard.pop(target, [])
        self._taken += len(taken)
        if self._taken > MAX_TAKEN:
            raise MalformedImage("a layer names files with hard links again and again")
        return taken

    def followed(self) -> Callable[[str], str] | None:
        """What follows symlinks, as long as no more are added; None where there is none to follow."""
        return self.real if self._symlinks else None

    def real(self, path: str) -> str:
        """The path with the symlinks above it followed, not the last name itself. Raises MalformedImage for a loop."""
        if not self._symlinks:
            return path
        folder, _, name = path.rpartition("/")
        # Entries of one folder stand together.
        if folder != self._folder:
            self._folder, self._real_folder = folder, self._followed(folder)
        if self._real_folder == folder:
            return path
        return f"{self._real_folder}/{name}" if self._real_folder else name

    def _followed(self, folder: str) -> str:
        done = ""
        parts = folder.split("/")[::-1]
        hops = 0
        while parts:
            part = parts.pop()
            self._steps += 1
            if part == "..":
                done = done.rpartition("/")[0]
            elif part not in ("", "."):
                done = f"{done}/{part}" if done else part
                target = self._symlinks.get(done)
                if target is not None:
                    hops += 1
                    done = "" if target.startswith("/") else done.rpartition("/")[0]
                    parts.extend(reversed(target.split("/")))
            if hops > MAX_HOPS or self._steps > MAX_STEPS:
                raise MalformedImage(f"a layer's symlinks above {folder[:200]!r} loop, or lead on and on")
        return done
