"""Two Dockerfiles and a script that carries files from one image to the other: merged into one Dockerfile.

The most ambitious candidate ships on a smaller image, too; the last one merges and nothing else.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.core.fixes.anatomy import Anatomy
from weighbridge.core.fixes.compiled import can_be_static, carries, go_edits
from weighbridge.core.fixes.finals import BASE, CC, STATIC
from weighbridge.core.fixes.needs import needs
from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.source import Edit, Source, apply
from weighbridge.errors import MalformedDockerfile
from weighbridge.model.fix import Candidate, Family, FileEdit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.core.fixes.finals import Ground
    from weighbridge.core.fixes.needs import Needs
    from weighbridge.core.rules.glue import Glue
    from weighbridge.model.dockerfile import Dockerfile, Instruction
    from weighbridge.model.programs import Elf
    from weighbridge.model.subject import Subject

_NAMED = re.compile(r"\s+[aA][sS]\s+\S+\s*\Z")
_STAGE = "build"
NO_MODES: Mapping[str, int] = {}
STATIC_GO = "Go resolves names itself: no nsswitch, so neither mDNS nor LDAP"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Both files, parsed."""

    anatomy: Anatomy
    glue: Glue
    texts: Mapping[str, str]
    first: Dockerfile
    second: Dockerfile

    @property
    def builder(self) -> str:
        return self.texts[self.glue.builder]

    @property
    def target(self) -> str:
        return self.texts[self.glue.target]


def plans(anatomy: Anatomy, glue: Glue) -> Iterator[Candidate]:
    """Candidates, the most ambitious first; none where a file can't be read, or nothing carried is copied."""
    pair = _pair(anatomy, glue)
    if pair is None or glue.builder_context != posixpath.normpath(anatomy.subject.spec.context):
        return
    copied = _copied(Source(pair.target), pair.second, glue, _STAGE)
    if not copied:
        return
    yield from _smaller(pair)
    yield _candidate(pair, [], copied)


def carried_from(subject: Subject, glue: Glue, image: str) -> str | None:
    """The second Dockerfile with what the script carries taken from `image`, which the first was built to.

    None where nothing carried is copied, or all of it lies in the context anyway.
    """
    pair = _pair(Anatomy(subject), glue)
    if pair is None:
        return None
    there = subject.context.sizes if subject.context is not None else {}
    edits = _copied(Source(pair.target), pair.second, glue, image)
    names = {_in_context(inside, outside) for inside, outside in glue.copied}
    if not edits or all(any(f"{path}/".startswith(f"{name}/") for path in there) for name in names):
        return None
    return apply(pair.target, edits)


def _pair(anatomy: Anatomy, glue: Glue) -> _Pair | None:
    texts = {**anatomy.subject.neighbours, anatomy.subject.dockerfile.path: anatomy.subject.text}
    if glue.builder not in texts or glue.target not in texts:
        return None
    try:
        first, second = parse(texts[glue.builder], glue.builder), parse(texts[glue.target], glue.target)
    except MalformedDockerfile:
        return None
    if len(second.stages) != 1:
        return None
    return _Pair(anatomy=anatomy, glue=glue, texts=texts, first=first, second=second)


def _candidate(
    pair: _Pair,
    building: list[Edit],
    shipping: list[Edit],
    *,
    ground: Ground | None = None,
    costs: tuple[str, ...] = (),
) -> Candidate:
    glue, anatomy = pair.glue, pair.anatomy
    newline = Source(pair.builder).newline
    head = apply(pair.builder, [*building, _naming(Source(pair.builder), pair.first)])
    text = head.rstrip("\r\n") + newline * 2 + apply(pair.target, shipping).replace("\r\n", "\n").replace("\n", newline)
    path = (
        glue.target
        if glue.target.rpartition("/")[2] == "Dockerfile"
        else posixpath.join(posixpath.dirname(glue.target), "Dockerfile")
    )
    variables = frozenset({"environment.PATH", "environment.SSL_CERT_FILE"} if ground is not None else ())
    return Candidate(
        strategy="builder-pattern" + (f"/{ground.title}" if ground is not None else ""),
        family=Family.BUILDER_PATTERN,
        title=f"Merges {glue.builder} and {glue.target}, and what {glue.scripts[0]} does between them, "
        "into one Dockerfile" + (f", and ships on {ground.title}" if ground is not None else ""),
        rules=("builder-pattern-glue",),
        dockerfile=path,
        dockerfile_text=text,
        edits=tuple(_edits(pair.texts, glue, path, text)),
        may_change=anatomy.inherited() | variables,
        costs=(
            *costs,
            *(f"{each} still builds the two: take that out of it" for each in glue.scripts if not _goes(each)),
            *([f"what names {glue.target}, as `file` may, is to name {path}"] if path != glue.target else []),
        ),
    )


def _smaller(pair: _Pair) -> Iterator[Candidate]:
    """On images that have what the program needs and nothing else, where no instruction needs a shell there."""
    anatomy, source = pair.anatomy, Source(pair.target)
    image, programs = anatomy.subject.image, anatomy.subject.programs
    if image is None or programs is None or anatomy.uses_shell:
        return
    runs = [each for each in anatomy.body if each.keyword == "RUN"]
    own = {path: placed.entry for path, placed in image.tree.nodes.items() if not image.layers[placed.layer].from_base}
    needed = needs(anatomy, own)
    if needed is None or needed.shell or needed.words or not all(_only_modes(anatomy, each) for each in runs):
        return
    elves = [programs.elves[path] for path in own if path in programs.elves]
    if not any(elf.executable for elf in elves) or any(
        (own[elf.path].uid, own[elf.path].gid) != (0, 0) for elf in elves
    ):
        return
    start, end = source.span(anatomy.start)
    at = source.text.find(anatomy.stage.base, start, end)
    if at < 0:
        return
    # What a later instruction made of a file's mode, the COPY does.
    modes = {path: entry.mode for path, entry in own.items() if path in programs.elves} if runs else {}
    edits = [*_copied(source, pair.second, pair.glue, _STAGE, modes), *(_without(source, each) for each in runs)]
    for ground in _grounds(pair, needed, elves):
        based = Edit(start=at, end=at + len(anatomy.stage.base), text=ground.name)
        static = ground is STATIC and not all(elf.static for elf in elves if elf.executable)
        building = list(go_edits(_building(pair), static=True)) if static else []
        if not static or building:
            costs = (STATIC_GO,) if static else ()
            yield _candidate(pair, building, [based, *edits], ground=ground, costs=costs)


def _grounds(pair: _Pair, needed: Needs, elves: list[Elf]) -> Iterator[Ground]:
    if all(elf.static for elf in elves if elf.executable) or (
        can_be_static(pair.anatomy, elves) and can_be_static(_building(pair), elves)
    ):
        yield STATIC
    for ground in (BASE, CC):
        if all(name in ground.libraries for name in needed.libraries) and carries(ground, needed, elves):
            yield ground


def _building(pair: _Pair) -> Anatomy:
    """The first file on its own."""
    subject = pair.anatomy.subject
    spec = replace(subject.spec, target=None, file=pair.glue.builder)
    return Anatomy(replace(subject, spec=spec, dockerfile=pair.first, text=pair.builder, image=None, programs=None))


def _only_modes(anatomy: Anatomy, run: Instruction) -> bool:
    commands = anatomy.commands(run)
    return bool(commands) and all(command[0] == "chmod" for command in commands)


def _without(source: Source, instruction: Instruction) -> Edit:
    start, end = source.with_comment(instruction)
    return Edit(start=start, end=end, text="")


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


def _naming(source: Source, dockerfile: Dockerfile) -> Edit:
    """Gives the last stage its name."""
    start, end = source.span(dockerfile.stages[-1].instructions[0])
    line = source.text[start:end]
    found = _NAMED.search(line)
    at = start + (found.start() if found else len(line.rstrip()))
    return Edit(start=at, end=start + len(line.rstrip()), text=f" AS {_STAGE}")


def _copied(
    source: Source, dockerfile: Dockerfile, glue: Glue, origin: str, modes: Mapping[str, int] = NO_MODES
) -> list[Edit]:
    """Turns each COPY of a carried file into one from a stage or an image; `modes` are what files end up with."""
    by_context = {_in_context(inside, outside): inside for inside, outside in glue.copied}
    edits: list[Edit] = []
    for instruction in dockerfile.stages[0].instructions:
        if instruction.keyword not in ("COPY", "ADD") or len(instruction.values) != 2 or instruction.flags:
            continue
        carried = by_context.get(posixpath.normpath(instruction.values[0]))
        if carried is not None:
            start, end = source.span(instruction)
            ending = source.text[start:end][len(source.text[start:end].rstrip("\r\n")) :]
            destination = _destination(instruction, carried)
            mode = modes.get(destination.lstrip("/"))
            flags = f"--from={origin}" + (f" --chmod={mode & 0o7777:o}" if mode is not None else "")
            edits.append(Edit(start=start, end=end, text=f"COPY {flags} {carried} {destination}{ending}"))
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
