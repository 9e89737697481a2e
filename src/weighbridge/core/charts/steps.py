"""Lines of steps: a weight holds until the next one is measured."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from weighbridge.core.charts.shapes import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Point = tuple[float, float]


def telling(points: Sequence[Point]) -> list[int]:
    """Which points can be seen: of those in one column of pixels the first, the lowest, the highest and the last."""
    kept: list[int] = []
    for _, column in groupby(range(len(points)), lambda at: int(points[at][0])):
        members = list(column)
        kept += sorted(
            {
                members[0],
                min(members, key=lambda at: points[at][1]),
                max(members, key=lambda at: points[at][1]),
                members[-1],
            }
        )
    return kept


def step_line(points: Sequence[Point]) -> str:
    """Path data of steps through the points, which run from left to right."""
    return "".join(_steps(points, first="M"))


def step_area(upper: Sequence[Point], lower: Sequence[Point]) -> str:
    """Path data of what is between two lines of steps."""
    back = _backwards(lower)
    return "".join((*_steps(upper, first="M"), *back, "Z"))


def _steps(points: Sequence[Point], first: str) -> Iterator[str]:
    before: tuple[str, str] | None = None
    for x, y in points:
        at = number(x), number(y)
        if before is None:
            yield f"{first}{at[0]} {at[1]}"
        else:
            yield (f"H{at[0]}" if at[0] != before[0] else "") + (f"V{at[1]}" if at[1] != before[1] else "")
        before = at


def _backwards(points: Sequence[Point]) -> Iterator[str]:
    """The same line from right to left, where the height changes before the place does."""
    after: tuple[str, str] | None = None
    for x, y in reversed(points):
        at = number(x), number(y)
        if after is None:
            yield f"L{at[0]} {at[1]}"
        else:
            yield (f"V{at[1]}" if at[1] != after[1] else "") + (f"H{at[0]}" if at[0] != after[0] else "")
        after = at
