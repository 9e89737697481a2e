"""Files that people asked for: whole, or as they were."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from weighbridge.interruption import shielded

if TYPE_CHECKING:
    from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 with plain line feeds. A regular file is replaced when the new one is complete. Raises OSError."""
    data = text.encode("utf-8", "replace")
    target = path.resolve()
    if target.exists() and not target.is_file():
        # A pipe, a terminal or another device.
        target.write_bytes(data)
        return
    with shielded():
        _replace(target, data)


def _replace(target: Path, data: bytes) -> None:
    beside = target.with_name(f".weighbridge-{secrets.token_hex(6)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except PermissionError:
        # A folder that takes no new files may hold one that can be written.
        target.write_bytes(data)
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        beside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
