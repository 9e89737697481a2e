"""Two Dockerfiles and a script that carries files from one image to the other: merged into one Dockerfile."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.source import Edit, Source, apply
from weighbridge.errors import MalformedDockerfile
from weighbridge.model.fix import Candidate, Family, FileEdit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.core.rules.glue import Glue
    from weighbridge.model.dockerfile import Dockerfile, Instruction

_NAMED = re.compile(r"\s+[aA][sS]\s+\S+\s*\Z")
_STAGE = "build"


def merged(anatomy: Anatomy, glue: Glue) -> Candidate | None:
    """The one Dockerfile of both; None where one can't be read or nothing carried is copied in the second."""
    texts = {**anatomy.subject.neighbours, anatomy.subject.dockerfile.path: anatomy.subject.text}
    builder, target = texts.get(glue.builder), texts.get(glue.target)
    if builder is None or target is None:
        return None
    try:
        first, second = parse(builder, glue.builder), parse(target, glue.target)
    except MalformedDockerfile:
        return None
    copied = _copied(Source(target), second, glue)
    if not copied or len(second.stages) != 1:
        return None
    newline = Source(builder).newline
    head = _named(Source(builder), first)
    text = head.rstrip("\r\n") + newline * 2 + apply(target, copied).replace("\r\n", "\n").replace("\n", newline)
    path = (
        glue.target
        if glue.target.rpartition("/")[2] == "Dockerfile"
        else posixpath.join(posixpath.dirname(glue.target), "Dockerfile")
    )
    return Candidate(
        strategy="builder-pattern",
        family=Family.BUILDER_PATTERN,
        title=f"Merges {glue.builder} and {glue.target}, and what {glue.scripts[0]} does between them, "
        "into one Dockerfile",
        rules=("builder-pattern-glue",),
        dockerfile=path,
        dockerfile_text=text,
        edits=tuple(_edits(texts, glue, path, text)),
        may_change=anatomy.inherited(),
        costs=tuple(f"{name} still builds the two: take that out of it" for name in glue.scripts if not _goes(name)),
    )


def _edits(texts: Mapping[str, str], glue: Glue, path: str, text: str) -> list[FileEdit]:
    """The new file; the two old ones and the scripts that did nothing else go."""
    gone = [name for name in (glue.builder, glue.target, *filter(_goes, glue.scripts)) if name != path]
    return [
        FileEdit(path=path, before=texts.get(path), after=text),
        *(FileEdit(path=name, before=texts[name], after=None) for name in gone if name in texts),
    ]


def _goes(script: str) -> bool:
    """Whether a script is taken away: a makefile has other targets."""
    return script.endswith((".sh", ".bash"))


def _named(source: Source, dockerfile: Dockerfile) -> str:
    start, end = source.span(dockerfile.stages[-1].instructions[0])
    line = source.text[start:end]
    found = _NAMED.search(line)
    at = start + (found.start() if found else len(line.rstrip()))
    stop = start + len(line.rstrip())
    return apply(source.text, [Edit(start=at, end=stop, text=f" AS {_STAGE}")])


def _copied(source: Source, dockerfile: Dockerfile, glue: Glue) -> list[Edit]:
    """Turns each COPY of a carried file into one from the first stage."""
    by_context = {_in_context(inside, outside): inside for inside, outside in glue.copied}
    edits: list[Edit] = []
    for instruction in dockerfile.stages[0].instructions:
        if instruction.keyword not in ("COPY", "ADD") or len(instruction.values) != 2 or instruction.flags:
            continue
        carried = by_context.get(posixpath.normpath(instruction.values[0]))
        if carried is not None:
            start, end = source.span(instruction)
            ending = source.text[start:end][len(source.text[start:end].rstrip("\r\n")) :]
            text = f"COPY --from={_STAGE} {carried} {_destination(instruction, carried)}{ending}"
            edits.append(Edit(start=start, end=end, text=text))
    return edits


def _in_context(inside: str, outside: str) -> str:
    """Where `docker cp` puts what lies `inside`: a folder gets it under its own name."""
    if outside.endswith(("/", ".")):
        outside = posixpath.join(outside, posixpath.basename(inside))
    return posixpath.normpath(outside)


def _destination(instruction: Instruction, carried: str) -> str:
    """A folder gets the file under the name that it had in the context, which may be another one."""
    destination, name = instruction.values[1], posixpath.basename(posixpath.normpath(instruction.values[0]))
    if destination.endswith("/") and posixpath.basename(carried) != name:
        return destination + name
    return destination
