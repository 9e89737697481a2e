"""The one frozen value that everything people see is rendered from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from weighbridge.model.change import Change

if TYPE_CHECKING:
    from weighbridge.model.budget import Budget, Verdict
    from weighbridge.model.change import ImageDiff
    from weighbridge.model.files import Duplicate, WastedPath
    from weighbridge.model.finding import Finding
    from weighbridge.model.fix import Fix
    from weighbridge.model.image import ImageConfig, Layer, PackedSize
    from weighbridge.model.packages import Package
    from weighbridge.model.record import Occasion


class Stage(StrEnum):
    """Where a measurement stopped."""

    DOCKERFILE = "dockerfile"
    CHECKOUT = "checkout"
    BUILD = "build"
    READ = "read"
    RECORD = "record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """What could not be measured: never zero.

    `reason` is one line of plain text, code between backticks; `line` the Dockerfile line (1-based) at fault, where
    known; `log_tail` the last lines of the build log, as written, not escaped. `expected` marks what is no fault
    at all: a base without a Dockerfile ("new image"), a comparison nobody asked for.
    """

    stage: Stage
    reason: str
    line: int | None = None
    log_tail: tuple[str, ...] = ()
    expected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeFile:
    """A file of the final file system; `layer` counts from the oldest, 0."""

    path: str
    size: int
    layer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """A node of the treemap of the head: a directory or file with its unpacked bytes, bounded in number.

    `delta` is bytes against the base (zero where unchanged or where there is no base). A directory's small children
    that were cut are one child named `…`. Children run from the largest to the smallest.
    """

    name: str
    size: int
    delta: int
    change: Change
    children: tuple[TreeNode, ...] = ()


NO_TREE = TreeNode(name="", size=0, delta=0, change=Change.SAME)
"""Stands where no tree is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedImage:
    """One side of a comparison, measured: what the report keeps of an Image, bounded.

    Sizes are bytes. `build_seconds` is None where the image was not built here; `base_digest` (`sha256:…`) where the
    builder did not tell it. `recorded` marks a base that was not built again, because its weight is recorded; its `id`
    and `config` are empty where it is not the same as the head. With `weights_only` its files and packages are not
    known either: what lists them is empty.
    """

    reference: str
    id: str
    size: int
    packed: PackedSize
    wasted: int
    layers: tuple[Layer, ...]
    config: ImageConfig
    packages: tuple[Package, ...]
    largest_files: tuple[LargeFile, ...]
    wasted_paths: tuple[WastedPath, ...]
    duplicates: tuple[Duplicate, ...]
    tree: TreeNode
    file_count: int
    build_seconds: float | None = None
    base_name: str | None = None
    base_digest: str | None = None
    recorded: bool = False
    weights_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReport:
    """One image on one platform. `diff` is None unless both sides were weighed. `fixes` run from the best.

    `base` is None where there is nothing to compare with and nobody asked (inspect). `findings` are the head's, the
    heaviest first. `unfixed` is one line of plain text: why no fix was tried although they were asked for; empty where
    they were tried, or where nobody asked.

    `unsplit` is one line: why no stage is split off, where fixes were asked for; empty where that is tried.
    """

    name: str
    platform: str
    dockerfile: str | None
    base: WeighedImage | Unavailable | None
    head: WeighedImage | Unavailable
    diff: ImageDiff | None
    budget: Budget
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    unsplit: str = ""
    fixes: tuple[Fix, ...] = ()
    unfixed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """`commit` is the full object ID; None for an image that no commit made. `label` is what a person calls it."""

    commit: str | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found out, in the order of the configuration.

    `verdict` is the worst of the images', its reasons prefixed by their names where there are several.
    `server_url` and `repository` (owner/name) give links; None outside GitHub. `occasion` is what the head was weighed
    for, None where that is not known or no commit made it.
    """

    tool_version: str
    repository: str | None
    server_url: str | None
    pull_request: int | None
    base: Revision | None
    head: Revision
    images: tuple[ImageReport, ...]
    verdict: Verdict
    minimum_change: int = 0
    occasion: Occasion | None = None
