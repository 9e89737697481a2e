"""Words of a shell command: what is left when the quotes are gone, and what stands before the command proper."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_QUOTABLE = frozenset('"\\$`\n')
"""What a backslash between double quotes takes the meaning of."""

_LAUNCHERS: dict[str, tuple[frozenset[str], int]] = {
    "sudo": (frozenset({"-u", "-g", "-h", "-p", "-C", "-T"}), 0),
    "env": (frozenset({"-u", "-C", "-S"}), 0),
    "exec": (frozenset({"-a"}), 0),
    "nice": (frozenset({"-n"}), 0),
    "xargs": (frozenset({"-a", "-n", "-P", "-I", "-L", "-d", "-E", "-s"}), 0),
    "timeout": (frozenset({"-k", "-s"}), 1),
    "gosu": (frozenset(), 1),
    "su-exec": (frozenset(), 1),
    "time": (frozenset(), 0),
    "command": (frozenset(), 0),
    "builtin": (frozenset(), 0),
    "nohup": (frozenset(), 0),
    "eatmydata": (frozenset(), 0),
}
"""Programs that start another one: their options that take a value, and how many arguments come before the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word. `start` and `end` (not one of its characters) are offsets into the text it comes from, quotes included.

    `text` has no quotes and escapes; expansions stand in it as written (`$HOME`, `$(nproc)`), and then it is not
    `literal`. `quoted` tells whether it begins with a quote. `offsets` are the places of the characters of `text`.
    """

    text: str
    start: int
    end: int
    literal: bool
    quoted: bool = False
    offsets: Sequence[int] = field(default=(), repr=False, compare=False)


def resolved(text: str, start: int, end: int, offsets: Sequence[int]) -> Word:
    """The word that stands from `start` to `end`; `offsets` gives the places that its spans are told in."""
    kept = list(_kept(text, start, end))
    return Word(
        text="".join(text[position] for position, _ in kept),
        start=offsets[start] if start < end else 0,
        end=offsets[end - 1] + 1 if start < end else 0,
        literal=not any(expanded for _, expanded in kept),
        quoted=text[start:end].startswith(("'", '"')),
        offsets=tuple(offsets[position] for position, _ in kept),
    )


def _kept(text: str, start: int, end: int) -> Iterator[tuple[int, bool]]:
    """The positions of the characters that stay, and whether each begins an expansion."""
    position, quote = start, ""
    while position < end:
        letter = text[position]
        following = text[position + 1] if position + 1 < end else ""
        if quote == "'":
            if letter == "'":
                quote = ""
            else:
                yield position, False
        elif letter == "\\" and following and (not quote or following in _QUOTABLE):
            position += 1
            if following != "\n":
                yield position, False
        elif letter == '"':
            quote = "" if quote else '"'
        elif letter == "'" and not quote:
            quote = "'"
        elif letter == "$" and following == "'" and not quote:
            pass
        elif letter == "`" or (letter in "$<>" and following == "(") or (letter == "$" and following == "{"):
            stop = _closing(text, position, end)
            for each in range(position, stop):
                yield each, each == position
            position = stop - 1
        else:
            yield position, letter == "$" and (following.isalnum() or following in ("_", "@", "*", "#", "?", "!"))
        position += 1


def _closing(text: str, position: int, end: int) -> int:
    """Past the end of the expansion that begins at `position`."""
    if text[position] == "`":
        found = text.find("`", position + 1, end)
        return found + 1 if found >= 0 else end
    opening = text[position + 1]
    closing = ")" if opening == "(" else "}"
    depth = 0
    for each in range(position + 1, end):
        depth += (text[each] == opening) - (text[each] == closing)
        if depth == 0:
            return each + 1
    return end


def without_launchers(words: Sequence[Word]) -> tuple[list[str], Sequence[Word], list[tuple[str, str]]]:
    """The launchers before a command, the command's own words, and the assignments in between (`env A=b make`)."""
    launchers: list[str] = []
    assigned: list[tuple[str, str]] = []
    rest = words
    while len(rest) > 1 and (known := _LAUNCHERS.get(name := rest[0].text.rpartition("/")[2])) is not None:
        if name == "command" and rest[1].text in ("-v", "-V"):
            break
        behind = _behind_options(rest, *known)
        between = 0
        while between < len(behind) and name in ("env", "sudo") and _ASSIGNMENT.match(behind[between].text):
            between += 1
        if between == len(behind):
            break
        assigned += [(word.text.partition("=")[0], word.text.partition("=")[2]) for word in behind[:between]]
        launchers.append(name)
        rest = behind[between:]
    return launchers, rest, assigned


def _behind_options(words: Sequence[Word], valued: frozenset[str], arguments: int) -> Sequence[Word]:
    position = 1
    while position < len(words) and words[position].text.startswith("-"):
        position += 2 if words[position].text in valued else 1
    return words[position + arguments :]
