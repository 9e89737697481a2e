"""What was read of layers and images, in folders of the user's cache."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.adapters.folder import BoundedFolder
from weighbridge.reading import codec, programs_codec

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.model.files import LayerIndex
    from weighbridge.model.programs import Programs

_MAX_LAYERS_BYTES = 1 << 30
_MAX_PROGRAMS_BYTES = 1 << 28
_DIGITS = re.compile(r"[0-9a-f]{16,64}")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class DirectoryLayerCache:
    """Implements ports.LayerCache, one file a diff ID."""

    def __init__(self, root: Path) -> None:
        self._folder = BoundedFolder(root, max_bytes=_MAX_LAYERS_BYTES)

    def get(self, diff_id: str) -> LayerIndex | None:
        """See ports.LayerCache."""
        name = _name(diff_id, f"layer{codec.VERSION}")
        data = name and self._folder.get(name)
        if not data:
            return None
        try:
            index = codec.decode(data)
        except ValueError:
            return None
        return index if index.diff_id == diff_id else None

    def find(self, digits: str) -> LayerIndex | None:
        """See ports.LayerCache."""
        if not _DIGITS.fullmatch(digits):
            return None
        ending = f".layer{codec.VERSION}"
        names = (name for name in self._folder.names(digits) if name.endswith(ending))
        return next((index for name in names if (index := self.get(f"sha256:{name.removesuffix(ending)}"))), None)

    def put(self, index: LayerIndex) -> None:
        """See ports.LayerCache."""
        if name := _name(index.diff_id, f"layer{codec.VERSION}"):
            self._folder.put(name, codec.encode(index))


class DirectoryProgramsCache:
    """Implements ports.ProgramsCache, one file an image ID."""

    def __init__(self, root: Path) -> None:
        self._folder = BoundedFolder(root, max_bytes=_MAX_PROGRAMS_BYTES)

    def get(self, image_id: str) -> Programs | None:
        """See ports.ProgramsCache."""
        name = _name(image_id, f"programs{programs_codec.VERSION}")
        data = name and self._folder.get(name)
        if not data:
            return None
        try:
            return programs_codec.decode(data)
        except ValueError:
            return None

    def put(self, image_id: str, programs: Programs) -> None:
        """See ports.ProgramsCache."""
        if name := _name(image_id, f"programs{programs_codec.VERSION}"):
            self._folder.put(name, programs_codec.encode(programs))


def _name(digest: str, ending: str) -> str | None:
    found = _DIGEST.fullmatch(digest)
    return f"{found[1]}.{ending}" if found else None
