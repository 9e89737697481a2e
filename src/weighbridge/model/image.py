"""An image: configuration, layers, the lines that made them, and what is inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.files import Duplicate, FileTree, Waste
    from weighbridge.model.packages import Package


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """Lines of a Dockerfile, 1-based and inclusive. `file` is relative to the repository."""

    file: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.file}:{self.start}" if self.start == self.end else f"{self.file}:{self.start}-{self.end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedSize:
    """Compressed bytes: what a pull moves. `estimated` where no manifest told it."""

    size: int
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One entry of an image's history, oldest first. `empty` entries made no layer."""

    created_by: str
    empty: bool
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """The part of an image's configuration that decides how a container behaves, or an image that is built on it.

    `on_build` are Dockerfile instructions, as the engine keeps them; OCI has no word for them.
    """

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    exposed_ports: tuple[str, ...] = ()
    user: str = ""
    working_directory: str = ""
    volumes: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    stop_signal: str = ""
    health_check: tuple[str, ...] = ()
    on_build: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDescription:
    """An image before its layers are read, as a daemon, an archive or a manifest describes it.

    `id` is the digest of the configuration. `diff_ids`, `packed_sizes` (None where no
    manifest tells it) run from the oldest layer to the newest and have the same length. `compressions` are how layers
    are stored (`gzip`, `zstd`), each empty where nothing tells it or it is stored as it is.
    """

    reference: str
    id: str
    platform: str
    config: ImageConfig
    diff_ids: tuple[str, ...]
    history: tuple[HistoryEntry, ...]
    packed_sizes: tuple[int | None, ...]
    compressions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.packed_sizes) != len(self.diff_ids):
            raise ValueError("as many packed sizes as layers are needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What made one layer; the fields mean what they mean in Layer."""

    created_by: str
    line: SourceLine | None
    exact: bool
    from_base: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer. `size` is unpacked bytes (see LayerIndex), `packed` compressed ones.

    `created_by` is the instruction, cleaned of the builder's decoration. `line` is where it stands;
    None for a layer of the base image or where nothing tells it. `line_exact` is true where the
    builder's provenance told it, false where the history was matched. `from_base` marks
    the layers that the base image (FROM) brought. `compression` is how it is stored (`gzip`, `zstd`), empty where
    it is stored as it is, or that is not known.
    """

    diff_id: str
    size: int
    packed: PackedSize
    created_by: str
    line: SourceLine | None = None
    line_exact: bool = False
    from_base: bool = False
    compression: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that was read whole. Layers run from the oldest to the newest.

    `base_name` and `base_digest` are those of the image that FROM named, where they are known.
    """

    reference: str
    id: str
    platform: str
    config: ImageConfig
    layers: tuple[Layer, ...]
    tree: FileTree
    waste: Waste
    duplicates: tuple[Duplicate, ...]
    packages: tuple[Package, ...]
    base_name: str | None = None
    base_digest: str | None = None

    @property
    def size(self) -> int:
        """Unpacked bytes, summed over the layers: what the disk holds."""
        return sum(layer.size for layer in self.layers)

    @property
    def packed(self) -> PackedSize:
        """Packed bytes, summed over the layers; an estimate if one layer's is."""
        return PackedSize(
            size=sum(layer.packed.size for layer in self.layers),
            estimated=any(layer.packed.estimated for layer in self.layers),
        )
