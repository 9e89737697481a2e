"""Files as a layer holds them, and as the final file system shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping  # noqa: TC003 - pydantic reads the annotations when it runs
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a tar entry is. The values are single letters because indexes are stored with them."""

    FILE = "f"
    DIRECTORY = "d"
    SYMLINK = "l"
    HARDLINK = "h"
    CHARACTER_DEVICE = "c"
    BLOCK_DEVICE = "b"
    FIFO = "p"


class Entry(NamedTuple):
    """One entry of a layer.

    `path` is relative to the root, without a leading slash and without `.` or `..`; bytes that are not
    UTF-8 are kept by surrogateescape. `size` is bytes of content, zero for anything but a file.
    `link` is the target of a symlink as written, or the normalized path that a hard link names.
    `digest` is xxh3-128 of a file's content (16 bytes), empty otherwise.
    """

    path: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    link: str = ""
    digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerIndex:
    """What one layer holds, read once and kept by diff ID.

    `size` is the unpacked size: the sum of the sizes of the regular files, hard links counted once,
    as the engine's own `docker history` counts. `whiteouts` are deleted paths; `opaque` are the
    directories whose lower content is hidden. `contents` keeps the small files that
    name packages (path → bytes), bounded by the reader. `packed_size` is what the layer weighs as it is stored
    compressed, None where it was met
    plain; `packed_estimate` is what gzip would make of it (see reading.layer).
    """

    diff_id: str
    size: int
    packed_estimate: int
    entries: tuple[Entry, ...]
    whiteouts: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    packed_size: int | None = None


class Placed(NamedTuple):
    """An entry of the final file system and the index (oldest is 0) of the layer that it came from.

    `content_layer` and `content_path` say where its bytes live: the entry itself for a
    file, the link's target for a hard link. Entries that share both share one inode.
    """

    entry: Entry
    layer: int
    content_layer: int
    content_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTree:
    """The final file system: path → what is there, after whiteouts, opaque directories and replacements.

    `size` is bytes, an inode with several names counted once. Directories that no layer names but
    that some path needs are not in `nodes`. `linked` are the paths that some layer had as hard links: all
    whose content may have another path than their own.
    """

    nodes: Mapping[str, Placed]
    size: int
    contents: Mapping[str, bytes] = field(default_factory=dict)
    linked: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WastedPath:
    """Bytes of a layer that the final file system does not show. `layer` counts from the oldest, 0."""

    path: str
    layer: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """Exact waste: `total` bytes, by layer (one number a layer, oldest first), and the largest paths first."""

    total: int
    by_layer: tuple[int, ...]
    largest: tuple[WastedPath, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """The same content at several paths of the final file system: `size` bytes a copy."""

    size: int
    paths: tuple[str, ...]

    @property
    def redundant(self) -> int:
        """Bytes that one copy would save."""
        return self.size * (len(self.paths) - 1)
