"""Layer indexes in a folder, one file a diff ID. Whatever goes wrong with it, the layer is read again."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.reading.codec import VERSION, decode, encode

if TYPE_CHECKING:
    from weighbridge.model.files import LayerIndex

_MAX_TOTAL_BYTES = 1 << 30
_DIFF_ID = re.compile(r"sha256:([0-9a-f]{64})")
_SUFFIX = f".layer{VERSION}"


class DirectoryLayerCache:
    """Implements ports.LayerCache. The files that were not used for longest go when all of them pass 1 GiB."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, diff_id: str) -> LayerIndex | None:
        """See ports.LayerCache."""
        path = self._path(diff_id)
        if path is None:
            return None
        try:
            index = decode(path.read_bytes())
        except (OSError, ValueError):
            return None
        if index.diff_id != diff_id:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return index

    def put(self, index: LayerIndex) -> None:
        """See ports.LayerCache."""
        path = self._path(index.diff_id)
        if path is None:
            return
        with contextlib.suppress(OSError):
            self._root.mkdir(parents=True, exist_ok=True)
            # Written beside and renamed, so that another process never sees half of it.
            descriptor, temporary = tempfile.mkstemp(dir=self._root, prefix=".new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(encode(index))
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._evict()

    def _path(self, diff_id: str) -> Path | None:
        found = _DIFF_ID.fullmatch(diff_id)
        return self._root / f"{found[1]}{_SUFFIX}" if found else None

    def _evict(self) -> None:
        files = [(status.st_mtime, status.st_size, path) for path, status in self._files()]
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= _MAX_TOTAL_BYTES:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        with os.scandir(self._root) as entries:
            return [(Path(entry.path), entry.stat()) for entry in entries if entry.is_file(follow_symlinks=False)]
