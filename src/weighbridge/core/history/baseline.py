"""A record in the place of a base that is not built again: which one, whether it is fair, and its layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.core.align import align
from weighbridge.core.essence import essence, understand
from weighbridge.core.history.make import created, short_id
from weighbridge.core.names import clipped, quoted
from weighbridge.dockerfile.lines import instructions_of
from weighbridge.dockerfile.stages import argument_values, stage_chain
from weighbridge.model.image import Layer, SourceLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.model.build import BuildSpec
    from weighbridge.model.dockerfile import Dockerfile, Instruction
    from weighbridge.model.image import Image
    from weighbridge.model.record import Record, RecordedLayer

_NAME = 80
_CUT = "…"


def usable(records: Iterable[Record], *, commit: str, image: str, recipe: str) -> tuple[Record, ...]:
    """The records of a commit's image that was built in the same way, one a platform."""
    return tuple(
        record
        for record in records
        if (record.commit, record.image, record.recipe) == (commit, image, recipe)
        and record.size == sum(layer.size for layer in record.layers)
    )


def layers_of(record: Record, dockerfile: Dockerfile | None, spec: BuildSpec) -> tuple[Layer, ...]:
    """The record's layers, oldest first, with what the base's Dockerfile tells of them: whole instructions and lines.

    Of a diff ID there are the first sixteen digits.
    """
    own = [position for position, layer in enumerate(record.layers) if not layer.from_base]
    found: dict[int, Instruction | None] = {}
    if dockerfile is not None:
        chain = stage_chain(dockerfile, spec.target, argument_values(dockerfile, spec.build_args, record.platform))
        texts = [record.layers[position].created_by.removesuffix(_CUT) for position in own]
        found = dict(zip(own, instructions_of(texts, chain), strict=True))
    return tuple(_layer(layer, found.get(position), dockerfile) for position, layer in enumerate(record.layers))


def _layer(recorded: RecordedLayer, instruction: Instruction | None, dockerfile: Dockerfile | None) -> Layer:
    line = None
    if instruction is not None and dockerfile is not None:
        line = SourceLine(file=dockerfile.path, start=instruction.start, end=instruction.end)
    return Layer(
        diff_id=f"sha256:{recorded.id}",
        size=recorded.size,
        packed=recorded.packed,
        created_by=_whole(recorded.created_by, instruction),
        line=line,
        from_base=recorded.from_base,
    )


def _whole(text: str, instruction: Instruction | None) -> str:
    """What was clipped, as the Dockerfile has it."""
    if instruction is None or instruction.heredocs or not text.endswith(_CUT):
        return text
    written = " ".join(f"{instruction.keyword} {instruction.text}".split())
    return written if written.startswith(text.removesuffix(_CUT).rstrip()) else text


def counterparts(layers: Sequence[Layer], head: Image) -> dict[int, int]:
    """Position of a recorded layer → that of the head's layer which is taken for the same.

    The same are those with one diff ID, and those that the same instruction left with as many bytes: a step that is run
    again seldom gives the same diff ID, since files have times. What FROM brings has to be the very same.
    """
    known = [_known_as(layer, head) for layer in layers]
    return {
        pair.base: pair.head
        for pair in align(known, head.layers)
        if pair.base is not None and pair.head is not None and _same(known[pair.base], head.layers[pair.head])
    }


def _known_as(layer: Layer, head: Image) -> Layer:
    """With the whole diff ID, where the head has a layer of it; alignment goes by that."""
    return next(
        (
            replace(layer, diff_id=own.diff_id)
            for own in head.layers
            if f"sha256:{short_id(own.diff_id)}" == layer.diff_id
        ),
        layer,
    )


def _same(layer: Layer, own: Layer) -> bool:
    if layer.diff_id == own.diff_id:
        return True
    return _unedited(layer, own) and layer.size == own.size and not (layer.from_base or own.from_base)


def _unedited(layer: Layer, own: Layer) -> bool:
    """Whether the same instruction made both, as far as the record tells it."""
    if layer.created_by.endswith(_CUT):
        return layer.created_by == created(own.created_by)
    return understand(layer.created_by) == understand(own.created_by)


def unfair(record: Record, layers: Sequence[Layer], head: Image) -> str:
    """Why the record would blame the head for what is not its doing, in words; empty where it would not."""
    brought = [layer.diff_id for layer in layers if layer.from_base]
    brings = [f"sha256:{short_id(layer.diff_id)}" for layer in head.layers if layer.from_base]
    if brought != brings:
        if record.base_name != head.base_name:
            return ""
        name = quoted(clipped(head.base_name, _NAME)) if head.base_name else "the base image"
        return f"{name} has moved since it was recorded"
    ours = [layer for layer in head.layers if not layer.from_base]
    for layer, own in zip((layer for layer in layers if not layer.from_base), ours, strict=False):
        if layer.diff_id == f"sha256:{short_id(own.diff_id)}":
            continue
        instruction = understand(own.created_by)
        # What a COPY brings is the author's, and all that comes after it may follow from that.
        if instruction.keyword != "RUN" or not _unedited(layer, own):
            return ""
        if layer.size != own.size:
            return f"{quoted(essence(instruction))} comes out at another size than was recorded"
    return ""
