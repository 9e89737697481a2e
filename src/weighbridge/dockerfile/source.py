"""A Dockerfile's text, edited by spans: what is not edited stays as its author wrote it, byte for byte.

Spans are character offsets; line ends are part of the line that they end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.model.dockerfile import Instruction

_COMMENT = re.compile(r"[ \t]*#")
_DIRECTIVE = re.compile(r"#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(.+?)[ \t\r\n]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Puts `text` in place of the characters from `start` to `end`, which is not one of them."""

    start: int
    end: int
    text: str

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"no span: {self.start} to {self.end}")


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; those at the same place in the order in which they come.

    Raises ValueError where two of them touch the same characters.
    """
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if edit.start < position or edit.end > len(text):
            raise ValueError(f"edits overlap, or leave the text, at {edit.start}")
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*parts, text[position:]])


@dataclass(frozen=True)
class Source:
    """A text and where its lines lie."""

    text: str

    @cached_property
    def newline(self) -> str:
        """How its lines end; the first line's way where they differ."""
        first = self.text.find("\n")
        return "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines with their ends."""
        return tuple(re.findall(r"[^\n]*\n|[^\n]+\Z", self.text))

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return tuple(starts)

    @cached_property
    def escape(self) -> str:
        """The character that continues a line: a backslash, unless the `escape` directive says backtick."""
        for line in self.lines:
            found = _DIRECTIVE.match(line)
            if found is None:
                return "\\"
            if found[1].lower() == "escape":
                return found[2]
        return "\\"

    def start_of(self, line: int) -> int:
        """The offset of a line (1-based)."""
        return self._starts[line - 1]

    def line_at(self, offset: int) -> int:
        """The line (1-based) that a character stands on."""
        return min(bisect_right(self._starts, offset), len(self.lines))

    def span(self, instruction: Instruction) -> tuple[int, int]:
        """Where an instruction stands, whole lines."""
        return self._starts[instruction.start - 1], self._starts[min(instruction.end, len(self.lines))]

    def of(self, instruction: Instruction) -> str:
        """An instruction as it was written, its line end included."""
        start, end = self.span(instruction)
        return self.text[start:end]

    def with_comment(self, instruction: Instruction) -> tuple[int, int]:
        """Where an instruction stands together with the comment directly above it."""
        line = instruction.start
        while line > 1 and _COMMENT.match(self.lines[line - 2]) and not self._is_directive(line - 1):
            line -= 1
        return self._starts[line - 1], self.span(instruction)[1]

    def _is_directive(self, line: int) -> bool:
        return all(_DIRECTIVE.match(self.lines[number]) for number in range(line))

    def lines_behind(self, instruction: Instruction, text: str) -> Edit:
        """Puts lines behind an instruction, also where it is the last one and its line has no end."""
        end = self.span(instruction)[1]
        lead = "" if self.text[:end].endswith("\n") else self.newline
        return Edit(start=end, end=end, text=lead + self.ended(text))

    def continued(self, text: str) -> str:
        """A text that is written with backslashes at its lines' ends, with this file's escape character there."""
        return text.replace("\\\n", f"{self.escape}\n")

    def ended(self, text: str) -> str:
        """The text with this file's line ends, and one at its end."""
        return "\n".join([*text.rstrip("\n").replace("\r\n", "\n").split("\n"), ""]).replace("\n", self.newline)
