"""Tables for a terminal: aligned by the columns that characters take up there, and no wider than the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate
from wcwidth import wcswidth, wcwidth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_GAP = 2
_LEAST = 16
_EIGHTHS = " ▏▎▍▌▋▊▉"


def fit(
    rows: Sequence[Sequence[str]], align: str, *, width: int, flexible: int, wrap: bool = False, indent: int = 2
) -> Iterator[str]:
    """Lines of at most `width` columns. `align` has an `l` or an `r` for each column.

    The `flexible` column takes what the others leave; what does not fit is wrapped, or cut in the middle.
    """
    if not rows:
        return
    others = sum(max(columns(row[at]) for row in rows) + _GAP for at in range(len(align)) if at != flexible)
    room = max(_LEAST, width - indent - others)
    shown = [
        [shorten(cell, room) if at == flexible and not wrap else cell for at, cell in enumerate(row)] for row in rows
    ]
    text = tabulate(
        shown,
        tablefmt="plain",
        colalign=["right" if side == "r" else "left" for side in align],
        maxcolwidths=[room if at == flexible and wrap else None for at in range(len(align))],
        disable_numparse=True,
    )
    yield from (" " * indent + line.rstrip() for line in text.splitlines())


def columns(text: str) -> int:
    """How many columns of a terminal the text takes up; wide characters take two."""
    width: int = wcswidth(text)
    return max(0, width)


def shorten(text: str, room: int) -> str:
    """The text in at most `room` columns; the middle is cut, since both ends tell most."""
    if columns(text) <= room:
        return text
    tail = _taken(reversed(text), room // 3)
    head = _taken(text, room - room // 3 - 1)
    return f"{text[:head]}…{text[len(text) - tail :]}"


def _taken(characters: Iterable[str], room: int) -> int:
    """How many of the characters fit."""
    count = 0
    for character in characters:
        room -= max(0, wcwidth(character))
        if room < 0:
            break
        count += 1
    return count


def bar(part: int, whole: int, cells: int) -> str:
    """A bar in eighths of a cell, padded to `cells`; something that is not nothing shows."""
    if part <= 0 or whole <= 0:
        return " " * cells
    eighths = max(1, round(8 * cells * min(part, whole) / whole))
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(cells)
