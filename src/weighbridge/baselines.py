"""The base of a comparison from its record: as much of the image as record, head and cache tell together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.core.history.baseline import counterparts, layers_of, unfair
from weighbridge.errors import MalformedDockerfile
from weighbridge.model.files import LayerIndex
from weighbridge.model.image import Attribution, ImageConfig, ImageDescription
from weighbridge.model.report import NO_TREE, Stage, Unavailable
from weighbridge.reading.image import assemble
from weighbridge.subjects import read_dockerfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from weighbridge.model.build import BuildSpec
    from weighbridge.model.dockerfile import Dockerfile
    from weighbridge.model.image import Image, Layer
    from weighbridge.model.record import Record
    from weighbridge.model.report import WeighedImage
    from weighbridge.ports import LayerCache

UNREAD = Unavailable(
    stage=Stage.RECORD,
    reason="a record holds weights, not files, so only layers are compared; `recorded-base: false` compares all",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """The base as recorded. Of the layers that are `unread` (positions) only the weight is known."""

    image: Image
    record: Record
    unread: frozenset[int]


def stand_in(record: Record, head: Image, tree: Path, spec: BuildSpec, cache: LayerCache) -> StandIn | str:
    """What stands for the base beside the head, or in words why the record would not be a fair one.

    `tree` is the base's, checked out.
    """
    layers = layers_of(record, _dockerfile(tree, spec), spec)
    why = unfair(record, layers, head)
    if why:
        return why
    same = counterparts(layers, head)
    if len(same) == len(layers) == len(head.layers) and head.waste.total == record.wasted:
        return StandIn(image=head, record=record, unread=frozenset())
    layers = tuple(
        replace(head.layers[same[position]], packed=layer.packed) if position in same else layer
        for position, layer in enumerate(layers)
    )
    indexes = dict(_indexes(layers, cache))
    image = _image(record, layers, indexes)
    if len(indexes) == len(layers) and image.waste.total != record.wasted:
        # Something that was taken for the same is not: what is certain is what the diff ID says.
        certain = {position for position, layer in enumerate(record.layers) if _is(layers[position], layer.id)}
        indexes = {position: index for position, index in indexes.items() if position in certain}
        image = _image(record, layers, indexes)
    waste = replace(image.waste, total=record.wasted)
    return StandIn(
        image=replace(image, waste=waste),
        record=record,
        unread=frozenset(range(len(layers))) - indexes.keys(),
    )


def _dockerfile(tree: Path, spec: BuildSpec) -> Dockerfile | None:
    try:
        return read_dockerfile(tree, spec.dockerfile)
    except MalformedDockerfile:
        return None


def _is(layer: Layer, digits: str) -> bool:
    return layer.diff_id.startswith(f"sha256:{digits}")


def _indexes(layers: Sequence[Layer], cache: LayerCache) -> Iterator[tuple[int, LayerIndex]]:
    """What the layers hold, by position, as far as it is at hand."""
    for position, layer in enumerate(layers):
        index = cache.get(layer.diff_id) or cache.find(layer.diff_id.removeprefix("sha256:"))
        if index is not None and index.size == layer.size:
            yield position, index


def _image(record: Record, layers: Sequence[Layer], indexes: Mapping[int, LayerIndex]) -> Image:
    held = [
        indexes.get(position)
        or LayerIndex(diff_id=layer.diff_id, size=layer.size, packed_estimate=layer.packed.size, entries=())
        for position, layer in enumerate(layers)
    ]
    description = ImageDescription(
        reference="",
        id="",
        platform=record.platform,
        config=ImageConfig(),
        diff_ids=tuple(index.diff_id for index in held),
        history=(),
        packed_sizes=(None,) * len(held),
    )
    made = [
        Attribution(created_by=layer.created_by, line=layer.line, exact=layer.line_exact, from_base=layer.from_base)
        for layer in layers
    ]
    image = assemble(
        description,
        {index.diff_id: index for index in held},
        made,
        base_name=record.base_name,
        base_digest=record.base_digest,
    )
    weighed = tuple(
        replace(layer, packed=known.packed, compression=known.compression)
        for layer, known in zip(image.layers, layers, strict=True)
    )
    return replace(image, layers=weighed)


def as_recorded(side: WeighedImage, base: StandIn) -> WeighedImage:
    """The side of a report for it; what nobody knows is left out, and it says so."""
    side = replace(side, build_seconds=base.record.build_seconds, recorded=True)
    if not base.unread:
        return side
    return replace(
        side,
        packages=(),
        largest_files=(),
        wasted_paths=(),
        duplicates=(),
        tree=NO_TREE,
        file_count=base.record.file_count,
        weights_only=True,
    )
