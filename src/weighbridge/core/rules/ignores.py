"""Comments of a Dockerfile by which its author silences rules.

`# weighbridge: ignore=apt-lists-kept,npm-cache why` holds for the instruction that it stands directly above or in, and
for the whole file where it stands before the first instruction. `ignore=all` means every rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.dockerfile.source import Source

if TYPE_CHECKING:
    from weighbridge.model.dockerfile import Dockerfile
    from weighbridge.model.finding import Finding
    from weighbridge.model.subject import Subject

_COMMENT = re.compile(r"#\s*weighbridge:\s*ignore\s*=\s*([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)", re.IGNORECASE)
_ANY_COMMENT = re.compile(r"\s*#")
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignores:
    """`everywhere` are the rules that the whole file ignores; `lines` those of single lines (1-based)."""

    everywhere: frozenset[str] = frozenset()
    lines: dict[int, frozenset[str]] = field(default_factory=dict)

    def silence(self, finding: Finding) -> bool:
        """Whether a finding is not to be told."""
        ids = set(self.everywhere)
        if finding.line is not None:
            for number in range(finding.line.start, finding.line.end + 1):
                ids |= self.lines.get(number, frozenset())
        return finding.rule in ids or ALL in ids


def read_ignores(subject: Subject) -> Ignores:
    """What the comments of a subject's Dockerfile silence."""
    source = Source(subject.text)
    written = {
        number: frozenset(word.strip().lower() for word in found[1].split(","))
        for number, line in enumerate(source.lines, start=1)
        if (found := _COMMENT.search(line))
    }
    if not written:
        return Ignores()
    instructions = _spans(subject.dockerfile)
    first = min((start for start, _ in instructions), default=0)
    everywhere = frozenset().union(*(ids for number, ids in written.items() if number < first))
    lines: dict[int, frozenset[str]] = {}
    for start, end in instructions:
        above = start - 1
        while above > 0 and _ANY_COMMENT.match(source.lines[above - 1]):
            above -= 1
        ids = frozenset().union(*(written.get(number, frozenset()) for number in range(above + 1, end + 1)))
        lines |= dict.fromkeys(range(start, end + 1), ids)
    return Ignores(everywhere=everywhere, lines=lines)


def _spans(dockerfile: Dockerfile) -> list[tuple[int, int]]:
    instructions = [*dockerfile.arguments, *(each for stage in dockerfile.stages for each in stage.instructions)]
    return [(instruction.start, instruction.end) for instruction in instructions]
