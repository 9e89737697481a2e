"""A candidate whose file system does not close, made anew with what it lacks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.core.fixes.anatomy import Anatomy, cased
from weighbridge.core.fixes.provisions import Provisions, Unmendable
from weighbridge.core.fixes.stowage import apt_install
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
_MAX_PATHS = 16
_MAX_NAMED = 3
_ALONG = "; brings along "

# As stowage.apt_install() writes it.
_APT_INSTALL = re.compile(
    r"RUN (?:mkdir -p /usr/share/man/man1 && )?"
    r"apt-get update && apt-get install -y --no-install-recommends \\\r?\n((?:      \S+ \\\r?\n)+)"
    r"    && rm -rf /var/lib/apt/lists/\*",
    re.IGNORECASE,
)

_NAMES = {
    GapKind.CERTIFICATES: "certificates",
    GapKind.TIME_ZONES: "time zones",
    GapKind.LOCALE: "locales",
    GapKind.USER: "users",
    GapKind.TEMPORARY: "/tmp",  # noqa: S108 - a path of an image
}


def mended(subject: Subject, candidate: Candidate, gaps: Sequence[Gap], built: Side) -> Candidate | None:
    """Brings along what `built`, the candidate as it was built, lacks; None where that cannot be had.

    What a package of the same distribution brings is installed; the rest is copied from the stage that is the
    original's own, where the candidate has one.
    """
    image, programs = subject.image, subject.programs
    if candidate.family not in (Family.MULTI_STAGE, Family.SLIMMER_BASE) or image is None or programs is None:
        return None
    provisions = Provisions(FileSystem(programs, image.config), FileSystem(built.programs, built.config))
    packages = provisions.packages(gaps, image)
    rest = [gap for gap in gaps if gap not in packages]
    try:
        copies, commands = provisions.copies(rest), provisions.commands(rest)
        dockerfile = parse(candidate.dockerfile_text, candidate.dockerfile)
    except (Unmendable, MalformedDockerfile):
        return None
    first, second = _stages(subject, candidate, dockerfile)
    if (copies and first is None) or sum(len(copy.sources) for copy in copies) > _MAX_PATHS:
        return None
    source = Source(candidate.dockerfile_text)
    like = source.of(second.instructions[0])
    lines = [*commands, *(copy.text(first.name or str(first.index)) for copy in copies if first is not None)]
    lines = [line for line in (cased(line, like) for line in lines) if line not in source.text.splitlines()]
    text = _rewritten(source, second, lines, sorted(set(packages.values())))
    return None if text == source.text else _named(candidate, gaps, text)


def _stages(subject: Subject, candidate: Candidate, dockerfile: Dockerfile) -> tuple[Stage | None, Stage]:
    """The stage that is the original's, where it is apart from the one that is shipped, and that one."""
    index = Anatomy(subject).stage.index
    both = dockerfile.stages[index : index + 2]
    if candidate.family is Family.MULTI_STAGE and len(both) == 2:
        return both[0], both[1]
    return None, both[0] if both else dockerfile.stages[-1]


def _rewritten(source: Source, stage: Stage, lines: Sequence[str], packages: Sequence[str]) -> str:
    """The text with the lines, and with the packages among those that are installed already where it can be."""
    edits = []
    lines = list(lines)
    if packages:
        start, _ = source.span(stage.instructions[0])
        found = _APT_INSTALL.search(source.text, start)
        names = {*packages, *(found[1].replace("\\", " ").split() if found else ())}
        install = apt_install(sorted(names))
        if found is None:
            lines.insert(0, cased(install, source.of(stage.instructions[0])))
        else:
            text = source.ended(cased(install, found[0])).rstrip("\r\n")
            edits.append(Edit(start=found.start(), end=found.end(), text=text))
    if lines:
        edits.append(_insertion(source, stage, lines))
    return apply(source.text, edits)


def _insertion(source: Source, stage: Stage, lines: Sequence[str]) -> Edit:
    """Before the first folder, file or user of the stage: what comes later may lie in it, or run with it."""
    text = source.ended("\n".join(lines))
    for each in stage.instructions[1:]:
        if each.keyword in ("WORKDIR", "COPY", "ADD", "USER"):
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
