"""A candidate whose file system does not close, made anew with what it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.core.fixes.anatomy import Anatomy, cased
from weighbridge.core.fixes.provisions import Provisions, Unmendable
from weighbridge.core.names import clipped
from weighbridge.core.proof.filesystem import FileSystem
from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.source import Edit, Source, apply
from weighbridge.errors import MalformedDockerfile
from weighbridge.model.fix import Family, GapKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.core.proof.closure import Side
    from weighbridge.model.dockerfile import Dockerfile, Stage
    from weighbridge.model.fix import Candidate, Gap
    from weighbridge.model.subject import Subject

# More than this is no second stage any more, but the first one again.
_MAX_PATHS = 32
_MAX_NAMED = 3
_ALONG = "; brings along "

_NAMES = {
    GapKind.CERTIFICATES: "certificates",
    GapKind.TIME_ZONES: "time zones",
    GapKind.LOCALE: "locales",
    GapKind.USER: "users",
    GapKind.TEMPORARY: "/tmp",  # noqa: S108 - a path of an image
}


def mended(subject: Subject, candidate: Candidate, gaps: Sequence[Gap], built: Side) -> Candidate | None:
    """Brings along what `built`, the candidate as it was built, lacks; None where that cannot be had by copying.

    What is copied comes from the stage that is the original's own, so this is for candidates that have one.
    """
    image, programs = subject.image, subject.programs
    if candidate.family is not Family.MULTI_STAGE or image is None or programs is None:
        return None
    provisions = Provisions(FileSystem(programs, image.config), FileSystem(built.programs, built.config))
    try:
        copies = provisions.copies(gaps)
        commands = provisions.commands(gaps)
        dockerfile = parse(candidate.dockerfile_text, candidate.dockerfile)
    except (Unmendable, MalformedDockerfile):
        return None
    stages = _stages(subject, dockerfile)
    if stages is None or sum(len(copy.sources) for copy in copies) > _MAX_PATHS:
        return None
    first, second = stages
    source = Source(candidate.dockerfile_text)
    present = {line.strip() for line in source.lines}
    like = source.of(second.instructions[0])
    lines = [*commands, *(copy.text(first.name or str(first.index)) for copy in copies)]
    lines = [line for line in (cased(line, like) for line in lines) if line not in present]
    if not lines:
        return None
    text = apply(candidate.dockerfile_text, [_insertion(source, second, lines)])
    return _named(candidate, gaps, text)


def _stages(subject: Subject, dockerfile: Dockerfile) -> tuple[Stage, Stage] | None:
    """The stage that is the original's and the one that is shipped, as the split left them."""
    index = Anatomy(subject).stage.index
    both = dockerfile.stages[index : index + 2]
    return (both[0], both[1]) if len(both) == 2 else None


def _insertion(source: Source, stage: Stage, lines: Sequence[str]) -> Edit:
    """Before the first folder or file of the stage: what comes later may lie in it, or run with it."""
    text = source.ended("\n".join(lines))
    for each in stage.instructions[1:]:
        if each.keyword in ("WORKDIR", "COPY", "ADD"):
            start = source.start_of(each.start)
            return Edit(start=start, end=start, text=text)
    return source.lines_behind(stage.instructions[0], text)


def _named(candidate: Candidate, gaps: Iterable[Gap], text: str) -> Candidate:
    path = candidate.dockerfile
    names = dict.fromkeys(_NAMES.get(gap.kind) or clipped(gap.wanted, 40) for gap in gaps)
    listed = ", ".join(list(names)[:_MAX_NAMED]) + (f" and {len(names) - _MAX_NAMED} more" if len(names) > 3 else "")
    return replace(
        candidate,
        title=f"{candidate.title}{', ' if _ALONG in candidate.title else _ALONG}{listed}",
        dockerfile_text=text,
        edits=tuple(replace(edit, after=text) if edit.path == path else edit for edit in candidate.edits),
    )
