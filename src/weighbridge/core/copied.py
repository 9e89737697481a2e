"""Which files of the build context a Dockerfile takes: an over-estimate, never less."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.dockerfile.ignore import Ignore, read_ignore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.dockerfile import Dockerfile, Instruction

_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://|git@|<<", re.IGNORECASE)
_UNCLEAR = re.compile(r"[$\\\"'!#]")
_WILD = re.compile(r"[*?\[]")
_ALL = (".", "./", "/", "*", "")


def copied(dockerfile: Dockerfile) -> Ignore | None:
    """Patterns that hold of every file which a COPY, ADD or mount may read; None where that may be any file."""
    sources: list[str] = []
    for stage in dockerfile.stages:
        if "onbuild" in stage.base:
            return None
        for instruction in stage.instructions:
            taken = list(_taken(instruction))
            if any(source in _ALL or _UNCLEAR.search(source) for source in taken):
                return None
            sources += taken
    patterns = read_ignore("\n".join(sources))
    # What is too wild to be matched may be anything.
    return patterns if len(patterns.patterns) == len(sources) else None


def literal_sources(dockerfile: Dockerfile) -> tuple[str, ...]:
    """The paths of the context that a COPY or ADD names in full: without variables and wildcards."""
    every = (source for stage in dockerfile.stages for each in stage.instructions for source in _taken(each))
    return tuple(
        source
        for source in every
        if source not in _ALL and not _UNCLEAR.search(source) and not _WILD.search(source) and ".." not in source
    )


def _taken(instruction: Instruction) -> Iterator[str]:
    if instruction.keyword == "ONBUILD":
        # What it says is for other builds, but its own parts are not taken apart here.
        yield "." if re.search(r"\b(?:COPY|ADD|bind)\b", instruction.text, re.IGNORECASE) else "none"
        return
    if instruction.keyword == "RUN":
        mounts = [flag for flag in instruction.flags if flag.startswith("--mount=")]
        yield from ("." for mount in mounts if "from=" not in mount and ("type=" not in mount or "type=bind" in mount))
    if instruction.keyword in ("COPY", "ADD") and not any(flag.startswith("--from=") for flag in instruction.flags):
        for source in instruction.values[:-1]:
            if not _ELSEWHERE.match(source):
                yield source.lstrip("/") if len(source) > 1 else source
