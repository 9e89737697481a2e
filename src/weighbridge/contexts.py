"""Whether a build context is the one of another time, by the content of its files."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import xxhash

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.model.build import BuildSpec
    from weighbridge.model.subject import Context

_MAX_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20


def context_digest(tree: Path, spec: BuildSpec, context: Context | None) -> str | None:
    """A hex digest of the paths, modes and contents that BuildKit would be sent.

    None where it is not known (a context that is not in the tree), too large to be read for this, or changing.
    """
    if context is None or spec.build_contexts or sum(context.sizes.values()) > _MAX_BYTES:
        return None
    state = xxhash.xxh3_128()
    folder = tree / spec.context
    try:
        for path in sorted(context.sizes):
            state.update(path.encode("utf-8", "surrogateescape") + b"\0")
            _add(folder / path, state)
    except OSError:
        return None
    return state.hexdigest()


def _add(path: Path, state: xxhash.xxh3_128) -> None:
    found = path.lstat()
    state.update(f"{stat.filemode(found.st_mode)}\0".encode())
    if stat.S_ISLNK(found.st_mode):
        state.update(os.fsencode(path.readlink()) + b"\0")
    elif stat.S_ISREG(found.st_mode):
        with path.open("rb") as file:
            while data := file.read(_CHUNK_BYTES):
                state.update(data)
        state.update(b"\0")
