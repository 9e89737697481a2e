"""What a report keeps of an image that was read whole: bounded, with paths as people write them."""

from __future__ import annotations

import heapq
from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.core.footprint import footprint
from weighbridge.core.names import shown_path
from weighbridge.core.treemap import treemap
from weighbridge.model.report import LargeFile, WeighedImage

if TYPE_CHECKING:
    from weighbridge.core.filediff import TreeDiff
    from weighbridge.core.footprint import Footprint
    from weighbridge.model.files import Duplicate, WastedPath
    from weighbridge.model.image import Image, Layer
    from weighbridge.model.packages import Package

_LISTED = 50
_PACKAGES = 5_000
_COPIES = 1_000
_INSTRUCTION = 4_000


def summarize(
    image: Image, *, against: TreeDiff | None, build_seconds: float | None, weights: Footprint | None = None
) -> WeighedImage:
    """One side of a comparison. `against` is how the head's tree differs from its base's: it colours the treemap.

    `weights` is the tree's footprint, where that is at hand.
    """
    weights = against.head if against else weights or footprint(image.tree)
    return WeighedImage(
        reference=image.reference,
        id=image.id,
        size=image.size,
        packed=image.packed,
        wasted=image.waste.total,
        layers=tuple(_bounded_layer(layer) for layer in image.layers),
        config=image.config,
        packages=_packages(image.packages),
        largest_files=_largest_files(image, weights.sizes),
        wasted_paths=_wasted_paths(image.waste.largest),
        duplicates=_duplicates(image.duplicates),
        tree=treemap(weights, against),
        file_count=len(weights.sizes),
        build_seconds=build_seconds,
        base_name=image.base_name,
        base_digest=image.base_digest,
    )


def _bounded_layer(layer: Layer) -> Layer:
    if len(layer.created_by) <= _INSTRUCTION:
        return layer
    return replace(layer, created_by=layer.created_by[: _INSTRUCTION - 1] + "…")


def _packages(packages: tuple[Package, ...]) -> tuple[Package, ...]:
    """The largest, those of unknown size last."""
    ranked = sorted(
        packages,
        key=lambda package: (
            -1 if package.size is None else -package.size - 1,
            package.name,
            package.ecosystem,
            package.version,
            package.path,
        ),
    )
    return tuple(replace(package, path=shown_path(package.path)) for package in ranked[:_PACKAGES])


def _largest_files(image: Image, sizes: dict[str, int]) -> tuple[LargeFile, ...]:
    # Numbers alone are ranked in a third of the time.
    least = min(heapq.nlargest(_LISTED, sizes.values()), default=0)
    candidates = [item for item in sizes.items() if item[1] >= least]
    largest = heapq.nsmallest(_LISTED, candidates, key=lambda item: (-item[1], item[0]))
    return tuple(
        LargeFile(path=shown_path(path), size=size, layer=image.tree.nodes[path].content_layer)
        for path, size in largest
        if size
    )


def _wasted_paths(wasted: tuple[WastedPath, ...]) -> tuple[WastedPath, ...]:
    ranked = heapq.nsmallest(_LISTED, wasted, key=lambda path: (-path.size, path.path, path.layer))
    return tuple(replace(path, path=shown_path(path.path)) for path in ranked)


def _duplicates(duplicates: tuple[Duplicate, ...]) -> tuple[Duplicate, ...]:
    ranked = heapq.nsmallest(_LISTED, duplicates, key=lambda duplicate: (-duplicate.redundant, duplicate.paths))
    return tuple(
        replace(duplicate, paths=tuple(shown_path(path) for path in duplicate.paths[:_COPIES])) for duplicate in ranked
    )
