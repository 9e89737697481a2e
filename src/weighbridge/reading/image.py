"""A description, its layers' indexes and the lines that made them, put together to an Image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.model.image import Attribution, Image, ImageDescription, Layer, PackedSize
from weighbridge.reading.merge import merge
from weighbridge.reading.packages import find_packages
from weighbridge.reading.waste import duplicates, waste

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weighbridge.model.files import FileTree, LayerIndex


def assemble(
    description: ImageDescription,
    indexes: Mapping[str, LayerIndex],
    attributions: Sequence[Attribution],
    *,
    tree: FileTree | None = None,
    base_name: str | None = None,
    base_digest: str | None = None,
) -> Image:
    """The whole image. `indexes` holds every diff ID of the description, `attributions` one value a layer.

    `tree` is what merge() makes of the layers, where that is at hand.
    """
    ordered = [indexes[diff_id] for diff_id in description.diff_ids]
    tree = tree or merge(ordered)
    compressions = description.compressions or ("",) * len(ordered)
    layers = tuple(
        Layer(
            diff_id=index.diff_id,
            size=index.size,
            packed=_packed(packed_size, index),
            created_by=made.created_by,
            line=made.line,
            line_exact=made.exact,
            from_base=made.from_base,
            compression=compression,
        )
        for index, packed_size, made, compression in zip(
            ordered, description.packed_sizes, attributions, compressions, strict=True
        )
    )
    return Image(
        reference=description.reference,
        id=description.id,
        platform=description.platform,
        config=description.config,
        layers=layers,
        tree=tree,
        waste=waste(ordered, tree),
        duplicates=duplicates(tree),
        packages=find_packages(tree),
        base_name=base_name,
        base_digest=base_digest,
    )


def _packed(from_manifest: int | None, index: LayerIndex) -> PackedSize:
    """A manifest's word, then that of a store that keeps layers compressed, then the estimate."""
    known = from_manifest if from_manifest is not None else index.packed_size
    if known is not None:
        return PackedSize(size=known, estimated=False)
    return PackedSize(size=index.packed_estimate, estimated=True)
