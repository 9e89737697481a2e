"""Two Dockerfiles and a script that carries files from one image to the other: merged into one Dockerfile."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.shell import split_commands
from weighbridge.dockerfile.source import Edit, Source, apply
from weighbridge.errors import MalformedDockerfile
from weighbridge.model.fix import Candidate, Family, FileEdit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.model.dockerfile import Dockerfile, Instruction

_NAMED = re.compile(r"\s+[aA][sS]\s+\S+\s*\Z")
_STAGE = "build"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glue:
    """What a script does: `builder` is the Dockerfile that it builds first, `target` the one that it builds from it.

    `carried` are the files that it takes out of the first image: path in the image → path in the context.
    """

    script: str
    builder: str
    target: str
    carried: Mapping[str, str]


def find_glue(anatomy: Anatomy) -> Glue | None:
    """The script that feeds the Dockerfile of this subject; None if there is none."""
    own = anatomy.subject.dockerfile.path
    for path, text in sorted(anatomy.subject.neighbours.items()):
        if "docker" not in text or path == own or "cp" not in text:
            continue
        glue = _read_glue(path, text)
        if (
            glue is not None
            and own in (glue.target, glue.builder)
            and glue.builder in (*anatomy.subject.neighbours, own)
        ):
            return glue
    return None


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
        title=f"Merges {glue.builder} and {glue.target}, and what {glue.script} does between them, into one Dockerfile",
        rules=("builder-pattern-glue",),
        dockerfile=path,
        dockerfile_text=text,
        edits=tuple(_edits(texts, glue, path, text)),
        may_change=anatomy.inherited(),
    )


def _edits(texts: Mapping[str, str], glue: Glue, path: str, text: str) -> list[FileEdit]:
    """The new file; the two old ones and the script go."""
    gone = [name for name in (glue.builder, glue.target, glue.script) if name != path]
    return [
        FileEdit(path=path, before=texts.get(path), after=text),
        *(FileEdit(path=name, before=texts[name], after=None) for name in gone if name in texts),
    ]


def _named(source: Source, dockerfile: Dockerfile) -> str:
    start, end = source.span(dockerfile.stages[-1].instructions[0])
    line = source.text[start:end]
    found = _NAMED.search(line)
    at = start + (found.start() if found else len(line.rstrip()))
    stop = start + len(line.rstrip())
    return apply(source.text, [Edit(start=at, end=stop, text=f" AS {_STAGE}")])


def _copied(source: Source, dockerfile: Dockerfile, glue: Glue) -> list[Edit]:
    """Turns each COPY of a carried file into one from the first stage."""
    by_context = {posixpath.normpath(name): path for path, name in glue.carried.items()}
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


def _destination(instruction: Instruction, carried: str) -> str:
    """A folder gets the file under the name that it had in the context, which may be another one."""
    destination, name = instruction.values[1], posixpath.basename(posixpath.normpath(instruction.values[0]))
    if destination.endswith("/") and posixpath.basename(carried) != name:
        return destination + name
    return destination


def _read_glue(path: str, text: str) -> Glue | None:
    folder = posixpath.dirname(path)
    builds: list[str] = []
    carried: dict[str, str] = {}
    for command in split_commands(text):
        if command[0] not in ("docker", "podman") or len(command) < 3:
            continue
        if command[1] in ("build", "buildx"):
            file = _option(command, ("-f", "--file")) or "Dockerfile"
            builds.append(posixpath.normpath(posixpath.join(folder, file)))
        elif command[1] == "cp" and ":" in command[2] and len(command) > 3:
            inside = command[2].partition(":")[2]
            name = (
                command[3]
                if not command[3].endswith(("/", "."))
                else posixpath.join(command[3], posixpath.basename(inside))
            )
            carried[inside] = name
    if len(builds) < 2 or not carried or builds[0] == builds[-1]:
        return None
    return Glue(script=path, builder=builds[0], target=builds[-1], carried=carried)


def _option(command: Sequence[str], names: Sequence[str]) -> str | None:
    for number, word in enumerate(command):
        if word in names and number + 1 < len(command):
            return command[number + 1]
        for name in names:
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
    return None
