"""Patterns for paths that say beforehand what a path must hold, so that most paths are never looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PathPattern:
    """`holds`: whatever path `regex` finds something in holds one of these, letter by letter.

    Finding such words in all paths at once takes a hundredth of the time that the pattern takes path by path.
    """

    regex: re.Pattern[str]
    holds: tuple[str, ...]

    def search(self, path: str) -> re.Match[str] | None:
        """What the pattern finds in one path, which has no leading slash."""
        return self.regex.search(path)


def paths(pattern: str, *holds: str) -> PathPattern:
    """A pattern, and the words of which a path that it fits holds at least one."""
    return PathPattern(re.compile(pattern), holds)
