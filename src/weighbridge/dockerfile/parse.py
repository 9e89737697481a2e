"""A Dockerfile's text to its stages and instructions, by BuildKit's own parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import dockerfile as buildkit

from weighbridge.errors import MalformedDockerfile
from weighbridge.model.dockerfile import Dockerfile, Instruction, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 1 << 19
_SURROGATES = re.compile(r"[\ud800-\udfff]")
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
        raise _malformed(path, str(error)) from error
    instructions = [_instruction(command, path) for command in commands]
    return _with_stages(instructions, path)


def _refuse(text: str, character: str, what: str, path: str) -> None:
    """The parser's library ends at a zero byte without a word, and with the whole process where it can't encode."""
    if character in text:
        line = text.count("\n", 0, text.index(character)) + 1
        raise MalformedDockerfile(f"{path}:{line}: holds {what}", line=line)


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
