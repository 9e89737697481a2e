"""Which instruction made each layer: from the builder's provenance, or from the image's history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.model.image import Attribution, HistoryEntry, ImageDescription, SourceLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from weighbridge.model.build import Provenance
    from weighbridge.model.dockerfile import Dockerfile, Instruction, Stage

# `/bin/sh -c #(nop)  CMD ["bash"]` (classic builder).
_NOP = re.compile(r"^(?:\S+ -c )?#\(nop\)\s+")
# `RUN |1 A=b /bin/sh -c …` (BuildKit), `|1 A=b /bin/sh -c …` (classic): the build arguments' values stand between.
_SHELL = re.compile(r"^(?:RUN )?(?:\|\d{1,4} .*?)?(?:/bin/(?:ba|a|da)?sh|/usr/bin/(?:ba|a|da)?sh) (?:-\w+ )+")
_BUILDKIT = re.compile(r"\s+# buildkit$")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?([-+])([^}]*))?\})")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_MAX_TEXT = 4000
_MAX_STAGES = 200


def attribute(
    description: ImageDescription,
    dockerfile: Dockerfile | None,
    provenance: Provenance | None,
    *,
    target: str | None = None,
    base_diff_ids: Sequence[str] | None = None,
) -> tuple[Attribution, ...]:
    """One attribution a layer, oldest first; exact where provenance describes this very image."""
    texts = _layer_texts(description)
    if provenance is not None and len(provenance.layers) == len(description.diff_ids):
        return tuple(
            Attribution(created_by=text, line=layer.line, exact=layer.line is not None, from_base=layer.from_base)
            for text, layer in zip(texts, provenance.layers, strict=True)
        )
    lines = _matched(description, dockerfile, target) if dockerfile is not None else {}
    from_base = _base_layers(description, base_diff_ids, lines, known=dockerfile is not None)
    return tuple(
        Attribution(
            created_by=text,
            line=None if position < from_base else lines.get(position),
            exact=False,
            from_base=position < from_base,
        )
        for position, text in enumerate(texts)
    )


def clean_created_by(text: str) -> str:
    """A history entry as an instruction in one line: `RUN apt-get install -y gcc`."""
    text = _BUILDKIT.sub("", _UNPRINTABLE.sub(" ", text).strip())
    instruction = _NOP.sub("", text)
    if instruction == text:
        shell = _SHELL.match(text)
        if shell:
            instruction = f"RUN {text[shell.end() :]}"
    return " ".join(instruction.split())[:_MAX_TEXT]


def base_reference(dockerfile: Dockerfile, target: str | None, build_args: Sequence[str]) -> str | None:
    """The image that the final stage is FROM in the end, build arguments expanded; None for scratch."""
    chain = _stage_chain(dockerfile, target)
    if not chain:
        return None
    values = _argument_values(dockerfile, build_args)
    name = expand(chain[0].base, values)
    return None if name in ("", "scratch") else name


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`, as FROM does."""

    def replaced(match: re.Match[str]) -> str:
        value = values.get(match[1] or match[2], "")
        if match[3] == "-":
            return value or match[4]
        if match[3] == "+":
            return match[4] if value else ""
        return value

    return _VARIABLE.sub(replaced, text)


def _argument_values(dockerfile: Dockerfile, build_args: Sequence[str]) -> dict[str, str]:
    given = dict(argument.partition("=")[::2] for argument in build_args)
    values: dict[str, str] = {}
    for argument in dockerfile.arguments:
        name, _, default = argument.text.partition("=")
        values[name] = given.get(name, expand(default.strip("\"'"), values))
    return values


def _stage_chain(dockerfile: Dockerfile, target: str | None) -> list[Stage]:
    """The final stage and the stages that it is FROM, the oldest first."""
    stage = _find(dockerfile.stages, target) if target else dockerfile.stages[-1]
    chain: list[Stage] = []
    while stage is not None and len(chain) < _MAX_STAGES:
        chain.insert(0, stage)
        stage = _find(dockerfile.stages[: stage.index], stage.base)
    return chain


def _find(stages: Sequence[Stage], name: str) -> Stage | None:
    """The stage by that name (case does not matter) or number; the last one where a name is taken twice."""
    wanted = name.lower()
    for stage in reversed(stages):
        if (stage.name is not None and stage.name.lower() == wanted) or str(stage.index) == name:
            return stage
    return None


def _layer_texts(description: ImageDescription) -> list[str]:
    made = [clean_created_by(entry.created_by) for entry in description.history if not entry.empty]
    # Squashed or imported images have less history than layers; the newest entries are the certain ones.
    missing = len(description.diff_ids) - len(made)
    return [""] * missing + made if missing >= 0 else made[-len(description.diff_ids) :]


def _matched(description: ImageDescription, dockerfile: Dockerfile, target: str | None) -> dict[int, SourceLine]:
    """Position of a layer → its line, matched from the newest instruction backwards for as long as they agree."""
    instructions = [
        instruction
        for stage in _stage_chain(dockerfile, target)
        for instruction in stage.instructions
        if instruction.keyword != "FROM"
    ]
    lines: dict[int, SourceLine] = {}
    history = list(_with_positions(description))
    for instruction in reversed(instructions):
        if not history or not _agrees(history[-1][1], instruction):
            break
        position, _ = history.pop()
        if position is not None:
            lines[position] = SourceLine(file=dockerfile.path, start=instruction.start, end=instruction.end)
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


def _agrees(entry: HistoryEntry, instruction: Instruction) -> bool:
    """Whether a history entry is that instruction's: the same keyword, and for RUN the same beginning."""
    text = clean_created_by(entry.created_by)
    if text.split(" ", 1)[0].upper() != instruction.keyword:
        return False
    if instruction.keyword != "RUN" or instruction.heredocs or instruction.text.startswith("["):
        return True
    written = " ".join(instruction.text.split())
    for flag in instruction.flags:
        written = written.replace(flag, "", 1).strip()
    return text.removeprefix("RUN ")[:40] == written[:40]


def _base_layers(
    description: ImageDescription, base_diff_ids: Sequence[str] | None, lines: Mapping[int, SourceLine], *, known: bool
) -> int:
    """How many of the oldest layers the base image brought."""
    if base_diff_ids is not None and tuple(base_diff_ids) == description.diff_ids[: len(base_diff_ids)]:
        return len(base_diff_ids)
    return min(lines, default=0) if known else 0
