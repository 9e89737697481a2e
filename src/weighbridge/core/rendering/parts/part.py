"""What all parts share: how much is shown, what a folded part is, and the one way to write a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabulate import tabulate

from weighbridge.core.rendering.escape import code
from weighbridge.core.rendering.links import line_url
from weighbridge.core.rendering.units import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.image import PackedSize, SourceLine
    from weighbridge.model.report import Report

NO_BREAK = "\u00a0"
# A size and its difference may stand below each other, a number and its unit may not.
_BREAKABLE = re.compile(r" (?!\()")
_LONG_PATH = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much detail is shown: rows of each table, lines of a log and of a patch. Zero leaves the part out."""

    images: int = 200
    causes: int = 10
    layers: int = 60
    files: int = 25
    packages: int = 25
    wasted: int = 10
    findings: int = 10
    patch: int = 200
    log: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part that folds. `title` is HTML, since Markdown means nothing in a summary; `body` is Markdown."""

    title: str
    body: str
    opened: bool = False


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """A table of finished cells; `align` has an `l` or an `r` for each column. Cells of `r` columns hold numbers."""
    sides = {"l": "left", "r": "right"}
    fixed = [
        [_BREAKABLE.sub(NO_BREAK, cell) if side == "r" else cell for cell, side in zip(row, align, strict=True)]
        for row in rows
    ]
    text = tabulate(
        fixed, headers=headers, tablefmt="pipe", colalign=[sides[each] for each in align], disable_numparse=True
    )
    # The padding that lines columns up is for eyes that see the source; in a comment it would cost half the room.
    return "\n".join(_narrow(line) for line in text.splitlines())


def _narrow(line: str) -> str:
    while "  " in line:
        line = line.replace("  ", " ")
    while "---" in line and not line.strip("|:- "):
        line = line.replace("---", "--")
    return line


def packed(size: PackedSize) -> str:
    """A packed size, marked where it is an estimate."""
    return ("≈ " if size.estimated else "") + format_size(size.size)


def line_link(line: SourceLine | None, report: Report, *, in_base: bool = False) -> str:
    """`Dockerfile:7`, a link where there is a forge to link to. Of a long path only the end is shown."""
    if line is None:
        return ""
    path, _, lines = str(line).rpartition(":")
    if len(path) > _LONG_PATH:
        path = f"…/{path.rpartition('/')[2]}"
    text = code(f"{path}:{lines}", 120) + (" (base)" if in_base else "")
    url = line_url(line, report, in_base=in_base)
    return text if url is None else f"[{text}]({url})"
