"""How wide a text is in Verdana, as shields measures it: https://github.com/metabolize/anafanafo."""

from __future__ import annotations

import functools
from bisect import bisect_right
from enum import IntEnum
from importlib import resources
from typing import NamedTuple


class Font(IntEnum):
    """What the table has widths for, in its order."""

    NORMAL_11 = 0
    NORMAL_10 = 1
    BOLD_10 = 2


class _Table(NamedTuple):
    """Ranges of code points by their first; widths in pixels, one for each font."""

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    widths: tuple[tuple[float, ...], ...]


def width(text: str, font: Font) -> float:
    """Pixels. Controls have no width; a letter that the table lacks is taken to be as wide as an m.

    The letters are summed from the first to the last, as shields does: it cuts the sum down to whole pixels, and in
    another order the sum of the same numbers may be another one.
    """
    widths = (_letter(ord(letter), font) for letter in text)
    return functools.reduce(float.__add__, widths, 0.0)


def _letter(point: int, font: Font) -> float:
    if point < 0x20 or point == 0x7F:
        return 0.0
    known = _known(point, font)
    return _known(ord("m"), font) or 0.0 if known is None else known


def _known(point: int, font: Font) -> float | None:
    table = _table()
    at = bisect_right(table.firsts, point) - 1
    return table.widths[at][font] if at >= 0 and point <= table.lasts[at] else None


@functools.cache
def _table() -> _Table:
    text = resources.files("weighbridge.core.badges").joinpath("verdana.txt").read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        fields = line.split()
        widths = tuple(int(field) / 100 for field in fields[: len(Font)])
        for points in fields[len(Font) :]:
            first, _, last = points.partition("-")
            found.append((int(first, 16), int(last or first, 16), widths))
    found.sort()
    return _Table(tuple(row[0] for row in found), tuple(row[1] for row in found), tuple(row[2] for row in found))
