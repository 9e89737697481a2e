"""The shell script of a RUN instruction, with every character's place in the Dockerfile.

BuildKit joins continued lines and drops comments and empty lines between them; a heredoc is handed on as it is. Follows
moby/buildkit: frontend/dockerfile/parser/parser.go, and dispatchRun in dockerfile2llb/convert.go.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.dockerfile.shell import Command, Place, Script, read_script
from weighbridge.dockerfile.source import Source
from weighbridge.dockerfile.words import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.dockerfile import Instruction

_LONE_HEREDOC = re.compile(r"\s*\d*<<-?\s*(['\"]?)([^\s<'\"]+)\1\s*")
_SHELL_SHEBANG = re.compile(r"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?)?(?:\S*/)?(?:ba|da|a|z)?sh\b")
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_KEYWORD = re.compile(r"\s*\S+\s*")

EMPTY = Script(commands=(), start=0, end=0, sound=True)


def commands(instruction: Instruction, text: str) -> tuple[Command, ...]:
    """The simple commands of a RUN instruction; spans are offsets into `text`, the whole Dockerfile."""
    return run_script(instruction, Source(text)).commands


def run_script(instruction: Instruction, source: Source) -> Script:
    """The script of a RUN instruction; EMPTY for any other, and for a heredoc that no shell reads.

    Spans are offsets into the Dockerfile. A script in a heredoc ends before its terminator's line.
    """
    if instruction.keyword != "RUN":
        return EMPTY
    script, offsets, after = _joined(instruction, source)
    start = _behind_flags(script, len(instruction.flags), source.escape)
    script, offsets = script[start:], offsets[start:]
    if instruction.json:
        return _exec_form(instruction, script, offsets)
    if not instruction.heredocs:
        return read_script(script, offsets)
    body = range(after, source.span(instruction)[1])
    if _LONE_HEREDOC.fullmatch(script) is None:
        whole = "\n".join([script, source.text[body.start : body.stop]])
        return read_script(whole, [*offsets, after, *body])
    inside = body[: len(_without_terminator(source.text[body.start : body.stop]))]
    content = source.text[inside.start : inside.stop]
    if content.startswith("#!") and not _SHELL_SHEBANG.match(content):
        return EMPTY
    return read_script(content, inside)


def is_heredoc(instruction: Instruction) -> bool:
    """Whether the whole script stands in a heredoc."""
    return bool(instruction.heredocs) and _LONE_HEREDOC.fullmatch(instruction.text) is not None


def _joined(instruction: Instruction, source: Source) -> tuple[str, list[int], int]:
    """The instruction as one line, the places of its characters, and where the lines after it begin."""
    escape = re.escape(source.escape)
    continued = re.compile(rf"(?:^|(?<=[^{escape}])){escape}[ \t]*\Z")
    letters: list[str] = []
    offsets: list[int] = []
    first = instruction.start
    for number in range(first, min(instruction.end, len(source.lines)) + 1):
        line = source.lines[number - 1].rstrip("\r\n")
        blank = line.lstrip()
        if number > first and (not blank or blank.startswith("#")):
            continue
        found = continued.search(line)
        kept = line[: found.start()] if found else line
        letters.append(kept)
        offsets += range(source.start_of(number), source.start_of(number) + len(kept))
        if found is None:
            break
    else:
        number = instruction.end
    return "".join(letters), offsets, source.start_of(number) + len(source.lines[number - 1])


def _behind_flags(script: str, flags: int, escape: str) -> int:
    """Where the arguments begin: behind the keyword and so many flags, as BuildKit reads them."""
    keyword = _KEYWORD.match(script)
    position = keyword.end() if keyword else 0
    for _ in range(flags):
        quote = ""
        while position < len(script):
            letter = script[position]
            if letter == escape:
                position += 1
            elif quote:
                quote = "" if letter == quote else quote
            elif letter in "'\"":
                quote = letter
            elif letter.isspace():
                break
            position += 1
        while position < len(script) and script[position].isspace():
            position += 1
    return min(position, len(script))


def _without_terminator(body: str) -> str:
    lines = body.splitlines(keepends=True)
    return "".join(lines[:-1])


def _exec_form(instruction: Instruction, script: str, offsets: Sequence[int]) -> Script:
    """`RUN ["apt-get", "update"]`: one command, and what is inside when that is `sh -c`."""
    found = list(_JSON_TEXT.finditer(script))
    if len(found) != len(instruction.values) or not found:
        return replace(EMPTY, sound=False)
    words = tuple(_json_word(match, offsets) for match in found)
    command = Command(words=words, start=words[0].start, end=words[-1].end, place=Place.TOP)
    inner: tuple[Command, ...] = ()
    if command.program in ("sh", "bash", "dash", "ash") and len(words) > 2 and words[1].text.endswith("c"):
        inside = words[2]
        inner = tuple(replace(each, place=Place.NESTED) for each in read_script(inside.text, inside.offsets).commands)
    return Script(commands=(command, *inner), start=offsets[0], end=offsets[-1] + 1, sound=True)


def _json_word(match: re.Match[str], offsets: Sequence[int]) -> Word:
    start, end = offsets[match.start()], offsets[match.end() - 1] + 1
    try:
        text = str(json.loads(match[0]))
    except ValueError:
        text = match[0][1:-1]
    plain = len(text) == len(match[0]) - 2
    # Escapes move the characters: then each stands for the whole word.
    places = tuple(offsets[match.start() + 1 : match.end() - 1]) if plain else (start,) * len(text)
    return Word(text=text, start=start, end=end, literal=True, offsets=places)
