"""What changed between two images."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.image import Layer, PackedSize, SourceLine
    from weighbridge.model.packages import Ecosystem
    from weighbridge.model.report import Unavailable


class Change(StrEnum):
    """The kind of a change."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


class Origin(StrEnum):
    """Whose doing a cause is."""

    CHANGE = "change"
    BASE_IMAGE = "base-image"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChange:
    """A pair of layers that the same instruction made, or one that stands alone. `delta` is unpacked bytes."""

    change: Change
    base: Layer | None
    head: Layer | None
    delta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file, or a directory rolled up to where a person would say "that's it".

    `delta` is bytes; `files` how many files it stands for. A rolled-up directory that is wholly new is ADDED,
    wholly gone REMOVED, otherwise CHANGED (and then it stands for what no smaller row names).
    """

    path: str
    change: Change
    delta: int
    files: int
    directory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """A package that came, went or moved. `delta` is bytes, None where a size is unknown."""

    ecosystem: Ecosystem
    name: str
    base_version: str | None
    head_version: str | None
    delta: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why the size changed: `delta` unpacked bytes; the causes of a diff add up to its size.

    `phrase` is plain text, one line, not escaped for any output; what stands between backticks is code. `line` is in
    the head's Dockerfile, or in the base's where the instruction is gone (`in_base`).
    """

    delta: int
    phrase: str
    line: SourceLine | None = None
    in_base: bool = False
    origin: Origin = Origin.CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDiff:
    """Head minus base. All sizes are bytes; lists run from the largest absolute change to the smallest.

    `packed` is estimated if either side is. `causes` add up to `size`, `layers` too; `files` add up to the
    difference of the two final file systems. `unread` says why files and packages could not be compared; None where
    they were.
    """

    size: int
    packed: PackedSize
    wasted: int
    causes: tuple[Cause, ...]
    layers: tuple[LayerChange, ...]
    files: tuple[FileChange, ...]
    packages: tuple[PackageChange, ...]
    unread: Unavailable | None = None
