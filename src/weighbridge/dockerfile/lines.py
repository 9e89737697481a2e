"""Which instruction made each layer: from the builder's provenance, or from the image's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.dockerfile.history import clean_created_by
from weighbridge.dockerfile.stages import argument_values, stage_chain
from weighbridge.model.image import Attribution, HistoryEntry, ImageDescription, SourceLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from weighbridge.model.build import Provenance
    from weighbridge.model.dockerfile import Dockerfile, Instruction, Stage

_LAYERS = ("RUN", "COPY", "ADD")
"""What always makes a layer; WORKDIR does where it makes a folder."""
_TOLD_BY = 40
"""Characters of a command that tell it from others."""


def attribute(
    description: ImageDescription,
    dockerfile: Dockerfile | None,
    provenance: Provenance | None,
    *,
    target: str | None = None,
    build_args: Sequence[str] = (),
    base_diff_ids: Sequence[str] | None = None,
) -> tuple[Attribution, ...]:
    """One attribution a layer, oldest first; exact where provenance describes this very image."""
    texts = _layer_texts(description)
    lines: Mapping[int, SourceLine] = {}
    if dockerfile is not None:
        chain = stage_chain(dockerfile, target, argument_values(dockerfile, build_args, description.platform))
        lines = _matched(description, dockerfile.path, chain)
    from_base = _base_layers(description, base_diff_ids, lines, known=dockerfile is not None)
    if provenance is not None and _describes(provenance, description):
        # Of steps that an external cache gave, and of FROM in a build without cache, BuildKit may tell no output;
        # history still does.
        own = next((number for number, layer in enumerate(provenance.layers) if layer.line is not None), from_base)
        brought = [layer.from_base or number < min(from_base, own) for number, layer in enumerate(provenance.layers)]
        return tuple(
            Attribution(
                created_by=text,
                line=layer.line or (None if brought[position] else lines.get(position)),
                exact=layer.line is not None,
                from_base=brought[position],
            )
            for position, (text, layer) in enumerate(zip(texts, provenance.layers, strict=True))
        )
    return tuple(
        Attribution(
            created_by=text,
            line=None if position < from_base else lines.get(position),
            exact=False,
            from_base=position < from_base,
        )
        for position, text in enumerate(texts)
    )


def instructions_of(texts: Sequence[str], chain: Sequence[Stage]) -> tuple[Instruction | None, ...]:
    """The instruction behind each of what the history calls some layers, oldest first, which may be clipped.

    They are matched from the newest backwards for as long as they agree.
    """
    found: list[Instruction | None] = [None] * len(texts)
    instructions = [instruction for stage in chain for instruction in stage.instructions]
    shells = {" ".join(instruction.values) for instruction in instructions if instruction.keyword == "SHELL"}
    position = len(texts) - 1
    for instruction in reversed(instructions):
        if position < 0:
            break
        if _agrees(HistoryEntry(created_by=texts[position], empty=False), instruction, shells):
            found[position] = instruction
            position -= 1
        elif instruction.keyword in _LAYERS:
            break
    return tuple(found)


def _describes(provenance: Provenance, description: ImageDescription) -> bool:
    """Under overlay2 the digests are diff IDs; the containerd store has packed ones, of which the number must do."""
    digests = tuple(layer.digest for layer in provenance.layers)
    if set(digests).isdisjoint(description.diff_ids):
        return len(digests) == len(description.diff_ids)
    return digests == description.diff_ids


def _layer_texts(description: ImageDescription) -> list[str]:
    made = [clean_created_by(entry.created_by) for entry in description.history if not entry.empty]
    # Squashed or imported images have less history than layers; the newest entries are the certain ones.
    missing = len(description.diff_ids) - len(made)
    return [""] * missing + made if missing >= 0 else made[-missing:]


def _matched(description: ImageDescription, path: str, chain: Sequence[Stage]) -> dict[int, SourceLine]:
    """Position of a layer → its line, matched from the newest instruction backwards for as long as they agree."""
    instructions = [
        instruction for stage in chain for instruction in stage.instructions if instruction.keyword != "FROM"
    ]
    shells = {" ".join(instruction.values) for instruction in instructions if instruction.keyword == "SHELL"}
    lines: dict[int, SourceLine] = {}
    history = list(_with_positions(description))
    for instruction in reversed(instructions):
        if instruction.keyword == "ONBUILD" and history and not _agrees(history[-1][1], instruction, shells):
            # The classic builder makes an entry of it, BuildKit doesn't.
            continue
        if not history or not _agrees(history[-1][1], instruction, shells):
            break
        position, _ = history.pop()
        if position is not None:
            lines[position] = SourceLine(file=path, start=instruction.start, end=instruction.end)
    return lines


def _with_positions(description: ImageDescription) -> Iterator[tuple[int | None, HistoryEntry]]:
    made = sum(not entry.empty for entry in description.history)
    position = len(description.diff_ids) - made
    for entry in description.history:
        if entry.empty:
            yield None, entry
        else:
            yield (position if position >= 0 else None), entry
            position += 1


def _agrees(entry: HistoryEntry, instruction: Instruction, shells: Collection[str]) -> bool:
    """Whether a history entry is that instruction's: the same keyword, and for RUN the same command.

    `shells` are those that SHELL names: not every one is told from the command.
    """
    text = clean_created_by(entry.created_by)
    if instruction.keyword == "RUN" and instruction.json:
        # The classic builder leaves nothing but the words, behind the build arguments.
        return text.endswith(" ".join(" ".join(instruction.values).split())[-_TOLD_BY:])
    if text.split(" ", 1)[0].upper() != instruction.keyword:
        return False
    if instruction.keyword != "RUN" or instruction.heredocs:
        return True
    written = " ".join(" ".join(instruction.values).split())[:_TOLD_BY]
    begins = text.removeprefix("RUN ")
    return begins.startswith(written) or any(f"{shell} {written}" in begins for shell in shells)


def _base_layers(
    description: ImageDescription, base_diff_ids: Sequence[str] | None, lines: Mapping[int, SourceLine], *, known: bool
) -> int:
    """How many of the oldest layers the base image brought."""
    if base_diff_ids is not None and tuple(base_diff_ids) == description.diff_ids[: len(base_diff_ids)]:
        return len(base_diff_ids)
    return min(lines, default=0) if known else 0
