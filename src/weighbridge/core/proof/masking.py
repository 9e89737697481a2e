"""Lines that a program prints, compared by what does not change from one run to the next.

Times, identifiers and addresses are masked always; what else differs between two runs of the same image is learned
from them, word by word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAX_LINES = 400
_MAX_WORDS = 400
_ALIKE = 0.5

_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DAYS = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?"
_DATE = rf"(?:\d{{1,2}} {_MONTHS},? \d{{4}}|{_MONTHS},? \d{{1,2}}(?:,? \d{{4}})?)"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d+)?"
_TIMES = (
    r"\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)?\s?(?:Z|[+-]\d\d:?\d\d|UTC|GMT)?",
    rf"\d\d/{_MONTHS}/\d{{4}}[: ]{_CLOCK}(?: [+-]\d{{4}})?",
    rf"(?:{_DAYS} )?{_DATE}(?:,? (?:at )?{_CLOCK})?(?: [A-Z]{{3,4}})?(?: \d{{4}})?",
    rf"\b{_CLOCK}\b",
    r"\b1[5-9]\d{8}(?:\d{3}|\.\d+)?\b",
)
_MASKS = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile("|".join(_TIMES)), "<time>"),
    # `"responseTime":0.42`, `elapsed_ms=3`, `"reqId":"req-4"`: how long a request took, and which one it was.
    (
        re.compile(
            r"\b((?:response_?time|duration|elapsed|latency|took)(?:_?(?:ms|us|ns|s|seconds|millis))?)([\x22']?\s?[:=]\s?)"
            r"\d+(?:\.\d+)?(?:e-?\d+)?",
            re.IGNORECASE,
        ),
        r"\1\2<duration>",
    ),
    (
        re.compile(
            r"\b((?:req(?:uest)?|trace|span|correlation)[_-]?id)([\x22']?\s?[:=]\s?[\x22']?)[\w-]{1,64}", re.IGNORECASE
        ),
        r"\1\2<id>",
    ),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"\b(?=[0-9a-f]{0,64}\d)[0-9a-f]{12,}\b"), "<id>"),
    (re.compile(r"\b(pid|PID|process|worker|thread|tid)([\s:=\x22#\[(]{1,3})\d+"), r"\1\2<number>"),
    (re.compile(r"\[\d{1,7}(?:#\d+)?\]"), "[<number>]"),
    (re.compile(r"^(<time> )?(\[\w+\] )?\d{1,7}#\d{1,7}:"), r"\1\2<number>:"),
    (re.compile(r"(?<![\w.])\d+(?:\.\d+)?\s?(?:ms|µs|us|ns|s|sec|seconds|milliseconds)\b"), "<duration>"),
)
_SEPARATORS = re.compile(r"([\s,;:=\"'<>()\[\]{}|/&?]+)")

# What a program says when something is amiss; such a line in the candidate alone is a difference.
_TROUBLE = re.compile(
    r"\b(?:error|fail(?:ed|ure)?|fatal|panic|traceback|exception|denied|not found|no such|cannot|can't|could not|unable"
    r"|missing|refused|unknown|invalid|undefined|segmentation|abort(?:ed)?|warn(?:ing)?)\b",
    re.IGNORECASE,
)


def masked(line: str) -> str:
    """The line without what is never the same twice."""
    for pattern, replacement in _MASKS:
        line = pattern.sub(replacement, line)
    return line.strip()


def is_trouble(line: str) -> bool:
    """Whether a program complains."""
    return _TROUBLE.search(line) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A line as words and separators; None stands for a word that changes from run to run."""

    words: tuple[str | None, ...]

    def matches(self, words: Sequence[str]) -> bool:
        """Whether a line's words fit."""
        return len(words) == len(self.words) and all(
            mine is None or mine == other for mine, other in zip(self.words, words, strict=True)
        )

    def __str__(self) -> str:
        return "".join("…" if word is None else word for word in self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stable:
    """What two runs of the original have in common: lines to expect, and lines that may come (in one run only)."""

    expected: tuple[Pattern, ...]
    possible: tuple[Pattern, ...] = ()

    @property
    def learned(self) -> bool:
        """Whether something had to be masked beyond what always is."""
        return bool(self.possible) or any(None in pattern.words for pattern in self.expected)


def stable(first: Iterable[str], second: Iterable[str]) -> Stable:
    """Learns from two runs. Empty lines and the order do not count."""
    one, other = _distinct(first), _distinct(second)
    waiting = [words for words in other if words not in one]
    expected: list[Pattern] = []
    possible: list[Pattern] = []
    for words in one:
        if words in other:
            expected.append(Pattern(words=words))
        elif (partner := _partner(words, waiting)) is not None:
            waiting.remove(partner)
            mixed = tuple(mine if mine == its else None for mine, its in zip(words, partner, strict=True))
            expected.append(Pattern(words=mixed))
        else:
            possible.append(Pattern(words=words))
    possible += [Pattern(words=words) for words in waiting]
    return Stable(expected=tuple(expected), possible=tuple(possible))


def missing(known: Stable, lines: Iterable[str]) -> tuple[str, ...]:
    """What was expected and did not come."""
    words = _distinct(lines)
    return tuple(str(pattern) for pattern in known.expected if not any(map(pattern.matches, words)))


def surprising(known: Stable, lines: Iterable[str]) -> tuple[str, ...]:
    """What came and neither run of the original has."""
    patterns = (*known.expected, *known.possible)
    return tuple("".join(words) for words in _distinct(lines) if not any(each.matches(words) for each in patterns))


def _distinct(lines: Iterable[str]) -> list[tuple[str, ...]]:
    found: dict[tuple[str, ...], None] = {}
    for line in lines:
        if text := masked(line):
            found.setdefault(tuple(_SEPARATORS.split(text)[:_MAX_WORDS]))
            if len(found) >= _MAX_LINES:
                break
    return list(found)


def _partner(words: tuple[str, ...], others: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The line that is most like this one, if it is alike enough."""
    best, most = None, 0
    for other in others:
        if len(other) == len(words):
            same = sum(mine == its for mine, its in zip(words, other, strict=True))
            if same > most and same >= _ALIKE * len(words):
                best, most = other, same
    return best
