"""Bytes by name in a folder that stays within a bound. Whatever goes wrong with it, there is nothing by that name."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from weighbridge.interruption import shielded


class BoundedFolder:
    """The files that were not used for longest go when all of them pass `max_bytes`. No method raises.

    Names are file names; who calls this has made sure that they are no paths.
    """

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes

    def get(self, name: str) -> bytes | None:
        """The bytes, or None."""
        path = self._root / name
        try:
            data = path.read_bytes()
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def names(self, beginning: str) -> tuple[str, ...]:
        """The names that begin so."""
        try:
            with os.scandir(self._root) as entries:
                return tuple(sorted(entry.name for entry in entries if entry.name.startswith(beginning)))
        except OSError:
            return ()

    def put(self, name: str, data: bytes) -> None:
        """Keeps the bytes, if that can be done."""
        with shielded(), contextlib.suppress(OSError):
            self._root.mkdir(parents=True, exist_ok=True)
            # Written beside and renamed, so that another process never sees half of it; readable as the umask says,
            # for who carries it to another machine is another user than a container's.
            temporary = self._root / f".new-{secrets.token_hex(6)}"
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                temporary.replace(self._root / name)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            self._evict()

    def _evict(self) -> None:
        with os.scandir(self._root) as entries:
            found = [(entry.stat(), Path(entry.path)) for entry in entries if entry.is_file(follow_symlinks=False)]
        total = sum(status.st_size for status, _ in found)
        for status, path in sorted(found, key=lambda each: each[0].st_mtime):
            if total <= self._max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= status.st_size
