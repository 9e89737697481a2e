"""The instructions that make the final image, in order, each with the values, folder and user that it meets."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping  # noqa: TC003 - fields of values that are made from it
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.core.rules.calls import Reader, absolute, replaced
from weighbridge.dockerfile.runs import run_script
from weighbridge.dockerfile.source import Source
from weighbridge.dockerfile.stages import argument_values, stage_chain
from weighbridge.dockerfile.words import resolved
from weighbridge.model.image import SourceLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rules.calls import Call
    from weighbridge.dockerfile.shell import Script
    from weighbridge.model.dockerfile import Instruction, Stage
    from weighbridge.model.subject import Subject

_POSIX_SHELLS = re.compile(r"(?:ba|da|a|z|k|mk)?sh")
WINDOWS = re.compile(r"windows|nanoserver|dotnet-framework|dotnet/framework", re.IGNORECASE)
"""What names a Windows image."""

_REMOTE = re.compile(r"https?://|git@|[a-z]+://", re.IGNORECASE)
_MAX_STEPS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a COPY or ADD brings. `target` is absolute; `folder` tells that it is one, into which the sources go.

    `sources` are as written, variables replaced; `source` names the stage or image of `--from`.
    """

    sources: tuple[str, ...]
    target: str
    folder: bool
    source: str | None = None
    add: bool = False
    owner: bool = False
    mode: bool = False

    @property
    def remote(self) -> tuple[str, ...]:
        """The sources that ADD fetches."""
        return tuple(source for source in self.sources if self.add and _REMOTE.match(source))

    @property
    def whole_context(self) -> bool:
        """Whether it copies all of the build context."""
        return self.source is None and any(_relative(source) == "" for source in self.sources)

    def lands(self, source: str) -> str:
        """Where one of the sources, or a file below it, comes to lie, if it is a file."""
        name = posixpath.basename(source.rstrip("/"))
        return posixpath.join(self.target, name) if self.folder and name else self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instruction. `calls` are a RUN's commands; none where no POSIX shell reads it. `folder` is the WORKDIR."""

    number: int
    stage: Stage
    instruction: Instruction
    line: SourceLine
    folder: str
    user: str
    environment: Mapping[str, str]
    calls: tuple[Call, ...] = ()
    script: Script | None = None
    copy: Copy | None = None

    @property
    def mounts(self) -> tuple[str, ...]:
        """The targets of its cache, bind and tmpfs mounts: what is written there is not in the layer."""
        options = [flag.removeprefix("--mount=").split(",") for flag in self.instruction.flags]
        found = []
        for option in options:
            pairs = dict(part.partition("=")[::2] for part in option)
            kind = pairs.get("type", "bind")
            target = pairs.get("target") or pairs.get("dst") or pairs.get("destination")
            if target and kind in ("cache", "bind", "tmpfs"):
                found.append(replaced(target, self.environment))
        return tuple(found)


def final_chain(subject: Subject) -> list[Stage]:
    """The stages whose layers the image has, the oldest first."""
    dockerfile, spec = subject.dockerfile, subject.spec
    if not dockerfile.stages:
        return []
    return stage_chain(dockerfile, spec.target, _arguments(subject))


def base_name(subject: Subject) -> str:
    """What the image is FROM in the end, build arguments replaced; empty where there is no Dockerfile."""
    chain = final_chain(subject)
    return _unquoted(replaced(chain[0].base, _arguments(subject))) if chain else ""


def replay(subject: Subject) -> tuple[Step, ...]:
    """The steps of the final image, the FROMs of its stages left out."""
    state = _State(subject=subject, source=Source(subject.text), arguments=_arguments(subject))
    return tuple(step for stage in final_chain(subject) for step in state.stage(stage))


def _arguments(subject: Subject) -> dict[str, str]:
    platform = subject.spec.platform or (subject.image.platform if subject.image is not None else "")
    return argument_values(subject.dockerfile, subject.spec.build_args, platform)


@dataclass(slots=True, kw_only=True)
class _State:
    """What one instruction leaves to the next."""

    subject: Subject
    source: Source
    arguments: Mapping[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = ""
    posix: bool = True
    count: int = 0
    copies: list[Copy] = field(default_factory=list)

    def stage(self, stage: Stage) -> Iterator[Step]:
        # ARG is the stage's own, ENV comes along with FROM.
        arguments: dict[str, str] = {}
        if WINDOWS.search(stage.base):
            self.posix = False
        for instruction in stage.instructions[1:]:
            if self.count >= _MAX_STEPS:
                return
            values = arguments | self.environment
            self._before(instruction, values, arguments)
            yield self._step(stage, instruction, arguments | self.environment)
            self.count += 1

    def _before(self, instruction: Instruction, values: Mapping[str, str], arguments: dict[str, str]) -> None:
        keyword = instruction.keyword
        if keyword == "ENV":
            names, texts = instruction.values[::2], instruction.values[1::2]
            self.environment |= {
                name: replaced(_unquoted(text), values) for name, text in zip(names, texts, strict=False)
            }
        elif keyword == "ARG":
            given = dict(argument.partition("=")[::2] for argument in self.subject.spec.build_args)
            for word in instruction.values:
                name, equals, default = word.partition("=")
                value = given.get(name, replaced(_unquoted(default), values) if equals else self.arguments.get(name))
                if value is not None:
                    arguments[name] = value
        elif keyword == "WORKDIR" and instruction.values:
            target = replaced(_unquoted(instruction.values[0]), values)
            self.folder = absolute(target, self.folder, {}) or self.folder
        elif keyword == "USER" and instruction.values:
            self.user = replaced(_unquoted(instruction.values[0]), values)
        elif keyword == "SHELL" and instruction.values:
            program = re.split(r"[\\/]", instruction.values[0])[-1]
            self.posix = _POSIX_SHELLS.fullmatch(program) is not None

    def _step(self, stage: Stage, instruction: Instruction, values: Mapping[str, str]) -> Step:
        script = run_script(instruction, self.source) if instruction.keyword == "RUN" else None
        calls: tuple[Call, ...] = ()
        if script is not None and (self.posix or instruction.json):
            reader = Reader(environment=values, folder=self.folder, script_text=self._script_text)
            calls = tuple(reader.calls(script.commands))
        copy = self._copy(instruction, values) if instruction.keyword in ("COPY", "ADD") else None
        if copy is not None:
            self.copies.append(copy)
        return Step(
            number=self.count,
            stage=stage,
            instruction=instruction,
            line=SourceLine(file=self.subject.dockerfile.path, start=instruction.start, end=instruction.end),
            folder=self.folder,
            user=self.user,
            environment=values,
            calls=calls,
            script=script,
            copy=copy,
        )

    def _copy(self, instruction: Instruction, values: Mapping[str, str]) -> Copy | None:
        words = instruction.values if instruction.json else _rejoined(instruction.values)
        # Where a backtick escapes, a backslash is one: a separator of paths.
        plain = instruction.json or self.source.escape != "\\"
        words = tuple(replaced(word if plain else _unquoted(word), values) for word in words)
        if len(words) < 2:
            return None
        *sources, target = words
        flags = dict(flag.removeprefix("--").partition("=")[::2] for flag in instruction.flags)
        place = target if "\\" in target else absolute(target, self.folder, {}) or "/"
        known_folder = target.endswith(("/", "/.")) or target == "." or len(sources) > 1 or place == self.folder
        return Copy(
            sources=tuple(sources),
            target=place,
            folder=known_folder,
            source=replaced(_unquoted(flags["from"]), values) if "from" in flags else None,
            add=instruction.keyword == "ADD",
            owner="chown" in flags,
            mode="chmod" in flags,
        )

    def _script_text(self, path: str) -> str | None:
        context = self.subject.context
        origin = context_path(path, self.copies, self.subject) if context is not None else None
        return context.texts.get(origin) if context is not None and origin is not None else None


def context_path(path: str, copies: list[Copy], subject: Subject) -> str | None:
    """The file of the build context that lies at an absolute path of the image; None where none does."""
    sizes = subject.context.sizes if subject.context is not None else {}
    for copy in reversed(copies):
        if copy.source is not None:
            continue
        for source in copy.sources:
            origin = _relative(source)
            if origin in sizes:
                if copy.lands(origin) == path:
                    return origin
            elif path.startswith(copy.target.rstrip("/") + "/"):
                below = posixpath.join(origin, path[len(copy.target.rstrip("/")) + 1 :])
                if below in sizes:
                    return below
    return None


def _relative(source: str) -> str:
    """A COPY's source as a path of the context; the context itself is the empty string."""
    path = posixpath.normpath("/" + source.lstrip("/")).lstrip("/")
    return path if path != "." else ""


def _rejoined(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words that BuildKit's splitter cut inside quotes put together again."""
    found: list[str] = []
    quote = ""
    for word in words:
        if quote:
            found[-1] += " " + word
            quote = "" if word.endswith(quote) else quote
        else:
            found.append(word)
            if word[:1] in ("'", '"') and (len(word) == 1 or word[-1] != word[0]):
                quote = word[0]
    return tuple(found)


def _unquoted(text: str) -> str:
    return resolved(text, 0, len(text), range(len(text))).text if any(letter in text for letter in "\"'\\") else text
