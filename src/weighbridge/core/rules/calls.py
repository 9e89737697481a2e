"""The commands of a RUN with their variables replaced and their folder known, those of scripts that it starts too."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.dockerfile.shell import Place, read_script

if TYPE_CHECKING:
    from weighbridge.dockerfile.shell import Command
    from weighbridge.dockerfile.words import Word

_REFERENCE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?)([-+])([^{}]*))?\})")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "source", "."})
_MAX_CALLS = 4_000
_MAX_DEPTH = 3
_MAX_WORD = 8_000

ScriptText = Callable[[str], str | None]
"""The text of a file of the image by its absolute path, where the build context brought it; None where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command as it is run, as far as the Dockerfile tells.

    `argv` are its words; those variables that nothing tells stand in them as written. `written` is the command without
    any value of a variable, fit to be shown. `folder` is absolute, None where a `cd` leads where nobody knows.
    `environment` has what the command is given. `command` is where it stands in the Dockerfile, None for a command of a
    script, whose path in the image is `script`.
    """

    argv: tuple[str, ...]
    written: str
    place: Place
    folder: str | None
    environment: Mapping[str, str]
    command: Command | None = None
    script: str | None = None
    redirects: tuple[tuple[str, str], ...] = ()

    @property
    def program(self) -> str:
        """The first word without its directory."""
        return self.argv[0].rpartition("/")[2] if self.argv else ""

    def has(self, *words: str) -> bool:
        """Whether one of the words is an argument."""
        return not set(words).isdisjoint(self.argv[1:])

    def path(self, argument: str) -> str | None:
        """An argument as an absolute path, None where the folder is unknown."""
        return absolute(argument, self.folder, self.environment)


def absolute(path: str, folder: str | None, environment: Mapping[str, str]) -> str | None:
    """A path as seen from a folder; None where it cannot be told."""
    if path == "~" or path.startswith("~/"):
        path = environment.get("HOME", "/root") + path[1:]
    if not path.startswith("/"):
        if folder is None:
            return None
        path = f"{folder}/{path}"
    return "/" + posixpath.normpath(path).lstrip("/")


def replaced(text: str, values: Mapping[str, str]) -> str:
    """Variables replaced by what they are known to be; unknown ones stay as written."""

    def value(match: re.Match[str]) -> str:
        name, colon, operator, other = match[1] or match[2], match[3], match[4], match[5]
        known = values.get(name)
        there = bool(known) if colon else known is not None
        if operator == "-":
            return (known or "") if there else other
        if operator == "+":
            return other if there else ""
        return match[0] if known is None else known

    return _REFERENCE.sub(value, text)[:_MAX_WORD] if "$" in text else text


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads the commands of one RUN in order, keeping what `cd` and assignments change."""

    environment: Mapping[str, str]
    folder: str | None
    script_text: ScriptText
    values: dict[str, str] = field(init=False)
    inside: str | None = None
    count: int = 0

    def __post_init__(self) -> None:
        self.values = dict(self.environment)
        self.inside = self.folder

    def calls(self, commands: tuple[Command, ...], script: str | None = None, depth: int = 0) -> Iterator[Call]:
        """The calls that some commands are, and those of the scripts that they start."""
        for command in commands:
            if self.count >= _MAX_CALLS:
                return
            self.count += 1
            call = self._call(command, script)
            if call is None:
                continue
            yield call
            if depth < _MAX_DEPTH and (started := _script_of(call)) is not None:
                text = self.script_text(started)
                if text is not None:
                    yield from self._started(text, started, depth)

    def _started(self, text: str, path: str, depth: int) -> Iterator[Call]:
        """A script is a process of its own: what it changes ends with it."""
        before = (self.folder, self.inside, dict(self.values))
        yield from self.calls(read_script(text).commands, path, depth + 1)
        self.folder, self.inside, self.values = before

    def _call(self, command: Command, script: str | None) -> Call | None:
        assigned = {name: replaced(value, self.values) for name, value in command.assignments}
        argv = tuple(text for word in command.words for text in self._expanded(word))
        if not argv:
            self.values.update(assigned)
            return None
        if command.place is not Place.NESTED:
            self.inside = self.folder
        call = Call(
            argv=argv,
            written=" ".join(word.text for word in command.words),
            place=command.place,
            folder=self.inside,
            environment=self.values | assigned,
            command=command if script is None else None,
            script=script,
            redirects=tuple((operator, replaced(target, self.values)) for operator, target in command.redirects),
        )
        self._follow(call)
        return call

    def _expanded(self, word: Word) -> Iterator[str]:
        text = replaced(word.text, self.values)
        if word.literal or word.quoted:
            yield text
        else:
            yield from text.split()

    def _follow(self, call: Call) -> None:
        """What a command changes for those after it."""
        if call.program in ("cd", "pushd") and len(call.argv) > 1:
            target = call.path(call.argv[1])
            self.inside = None if target is None or "$" in target or "`" in target else target
            # A subshell's `cd` ends with it; which of the nested ones are subshells matters too seldom to be told.
            if call.place is not Place.NESTED:
                self.folder = self.inside
        elif call.program in ("export", "declare", "local", "readonly"):
            for word in call.argv[1:]:
                name, equals, value = word.partition("=")
                if equals:
                    self.values[name] = value


def _script_of(call: Call) -> str | None:
    """The file that a call starts as a script, where it can be told."""
    target = call.argv[0]
    if call.program in _SHELLS:
        target = next((word for word in call.argv[1:] if not word.startswith("-")), "")
        if call.has("-c"):
            return None
    elif "/" not in target:
        return None
    return call.path(target) if target and "$" not in target else None
