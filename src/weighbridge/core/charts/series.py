"""What charts are drawn of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What one image weighed at a time (with a time zone): bytes.

    `release` is the name of the release that it is, `budget` the bytes that it was allowed, None without any.
    """

    time: datetime
    size: int
    release: str | None = None
    budget: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One image's weights, in any order."""

    name: str
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A weight taken apart: names of groups with their bytes, each name once. What they lack of `size` has no name."""

    weight: Weight
    parts: tuple[tuple[str, int], ...]


REST = "everything else"


def by_time(weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """Oldest first; of several at the same second the order that they came in."""
    return tuple(sorted(weights, key=lambda weight: weight.time))


def stacked(splits: tuple[Split, ...], most: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """At most `most` groups with their bytes at each time, those that were heaviest at some time before others.

    What is left, and what has no name, is one group at the end, unless it is nothing.
    """
    heaviest: dict[str, int] = {}
    for split in splits:
        for name, size in split.parts:
            heaviest[name] = max(size, heaviest.get(name, 0))
    heaviest = {name: size for name, size in heaviest.items() if size and name != REST}
    # Where everything has its name, nothing is kept free for the rest.
    complete = all(sum(size for _, size in split.parts) >= split.weight.size for split in splits)
    room = most if complete and len(heaviest) <= most else most - 1
    names = sorted(heaviest, key=lambda name: (-heaviest[name], name))[:room]
    tables = [dict(split.parts) for split in splits]
    groups = [(name, tuple(table.get(name, 0) for table in tables)) for name in names]
    rest = tuple(
        max(0, split.weight.size - sum(table.get(name, 0) for name in names))
        for split, table in zip(splits, tables, strict=True)
    )
    return (*groups, (REST, rest)) if any(rest) or not groups else tuple(groups)
