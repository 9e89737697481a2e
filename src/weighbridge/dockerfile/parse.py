"""A Dockerfile's text to its stages and instructions, by BuildKit's own parser."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import dockerfile as buildkit

from weighbridge.errors import MalformedDockerfile
from weighbridge.model.dockerfile import Dockerfile, Instruction, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_BYTES = 1 << 19
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_INSTRUCTIONS = (
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME "
    "WORKDIR"
)
_KEYWORDS = frozenset(_INSTRUCTIONS.split())
_HEREDOC = re.compile(r"""<<-?["']?([A-Za-z_][\w.-]*)""")
_SYNTAX = re.compile(r"\ufeff?#[ \t]*syntax[ \t]*=[ \t]*(\S+)", re.IGNORECASE)
_LINE = re.compile(r"\bon line (\d{1,7})\b|\bline (\d{1,7})\b")


def parse(text: str, path: str) -> Dockerfile:
    """Parses a Dockerfile. Raises MalformedDockerfile with the line where the parser tells it."""
    if len(text) > MAX_BYTES:
        raise MalformedDockerfile(f"{path}: larger than {MAX_BYTES:,} bytes")
    _refuse(text, "\0", "a zero byte", path)
    for half in _SURROGATES.findall(text):
        _refuse(text, half, "half of a surrogate pair", path)
    try:
        commands = buildkit.parse_string(text.removeprefix("\ufeff"))
    except (buildkit.GoParseError, ValueError) as error:
        if "unterminated heredoc" in str(error):
            raise _endless(text, path) from error
        raise _malformed(path, str(error)) from error
    if not _other_frontend(text):
        _known(commands, path)
    instructions = [_instruction(command, path) for command in commands]
    return _with_stages(instructions, path)


def _refuse(text: str, character: str, what: str, path: str) -> None:
    """The parser's library ends at a zero byte without a word, and with the whole process where it can't encode."""
    if character in text:
        line = text.count("\n", 0, text.index(character)) + 1
        raise MalformedDockerfile(f"{path}:{line}: holds {what}", line=line)


def _endless(text: str, path: str) -> MalformedDockerfile:
    """A heredoc without its end: the parser says neither which one nor where."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opened = _HEREDOC.search(lines[number])
        end = number
        if opened is not None:
            ends = (each for each in range(number + 1, len(lines)) if lines[each].lstrip("\t") == opened[1])
            end = next(ends, len(lines))
        if opened is not None and end == len(lines):
            line = number + 1
            return MalformedDockerfile(f"{path}:{line}: the heredoc {opened[1][:40]} never ends", line=line)
        number = end + 1
    return MalformedDockerfile(f"{path}: a heredoc never ends")


def _other_frontend(text: str) -> bool:
    """Whether a `syntax` directive hands the file to something that may know more instructions."""
    found = _SYNTAX.match(text)
    return found is not None and not found[1].removeprefix("docker.io/").startswith(("docker/dockerfile", "dockerfile"))


def _known(commands: Iterable[Any], path: str) -> None:
    """Refuses what BuildKit refuses only when it builds: an instruction that is none."""
    for command in commands:
        keyword = (command.cmd or "").upper()
        if keyword and keyword not in _KEYWORDS:
            close = difflib.get_close_matches(keyword, sorted(_KEYWORDS), 1)
            shown = "".join(letter if letter.isprintable() else "?" for letter in keyword[:40])
            raise MalformedDockerfile(
                f"{path}:{command.start_line}: {shown} is no instruction"
                + (f", did you mean {close[0]}?" if close else ""),
                line=command.start_line,
            )


def _malformed(path: str, message: str) -> MalformedDockerfile:
    message = " ".join(message.split())[:300]
    found = _LINE.search(message)
    line = int(found[1] or found[2]) if found else None
    return MalformedDockerfile(f"{path}{f':{line}' if line else ''}: {message}", line=line)


def _instruction(command: Any, path: str) -> Instruction:
    if command.cmd is None:
        line = command.start_line
        raise MalformedDockerfile(f"{path}:{line}: holds no instruction but what continues one", line=line)
    return Instruction(
        keyword=command.cmd.upper(),
        text=" ".join(command.original.split("\n", 1)[0].split(None, 1)[1:])
        if command.heredocs
        else _arguments(command.original),
        flags=tuple(command.flags),
        start=command.start_line,
        end=command.end_line,
        heredocs=tuple(heredoc.content for heredoc in command.heredocs),
        values=tuple(command.value),
        json=command.json,
    )


def _arguments(original: str) -> str:
    return original.split(None, 1)[1] if len(original.split(None, 1)) == 2 else ""


def _with_stages(instructions: Sequence[Instruction], path: str) -> Dockerfile:
    arguments: list[Instruction] = []
    stages: list[Stage] = []
    body: list[Instruction] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            if stages:
                stages[-1] = _filled(stages[-1], body)
            body = [instruction]
            stages.append(_stage(instruction, len(stages), path))
        elif stages:
            body.append(instruction)
        elif instruction.keyword == "ARG":
            arguments.append(instruction)
        else:
            raise MalformedDockerfile(
                f"{path}:{instruction.start}: {instruction.keyword} stands before the first FROM",
                line=instruction.start,
            )
    if not stages:
        raise MalformedDockerfile(f"{path}: there is no FROM in it")
    stages[-1] = _filled(stages[-1], body)
    return Dockerfile(path=path, arguments=tuple(arguments), stages=tuple(stages))


def _filled(stage: Stage, body: Sequence[Instruction]) -> Stage:
    return Stage(index=stage.index, name=stage.name, base=stage.base, platform=stage.platform, instructions=tuple(body))


def _stage(instruction: Instruction, index: int, path: str) -> Stage:
    words = [word for word in instruction.text.split() if not word.startswith("--")]
    if not words or (len(words) > 1 and (len(words) != 3 or words[1].upper() != "AS")):
        raise MalformedDockerfile(
            f"{path}:{instruction.start}: FROM needs an image, and may be followed by AS and a name",
            line=instruction.start,
        )
    platform = next((flag.partition("=")[2] for flag in instruction.flags if flag.startswith("--platform=")), None)
    return Stage(
        index=index, name=words[2] if len(words) == 3 else None, base=words[0], platform=platform, instructions=()
    )
