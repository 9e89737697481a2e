"""The widths of letters that badges are set in, as shields measures them: src/weighbridge/core/badges/verdana.txt.

.venv/bin/python scripts/glyphs.py     writes it from the npm package that scripts/npm locks
"""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path

import tools
from outside.machine import Refusal, say

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "src" / "weighbridge" / "core" / "badges" / "verdana.txt"
FONTS = ("verdana-11px-normal", "verdana-10px-normal", "verdana-10px-bold")
PLANES = 0x20000
"""From here on the package's own tables repeat the widths of other letters."""
HEAD = """\
# Widths of Verdana's letters, and of the letters that a browser takes for those Verdana lacks.
#
# One line for all letters of the same widths: hundredths of a pixel at 11 px, at 10 px and at bold 10 px, then code
# points and ranges of them, hexadecimal. Planes 0 and 1 of Unicode. Written by scripts/glyphs.py from the tables of the
# npm package anafanafo {version}, which is:
#
{licence}
"""


def main() -> None:
    try:
        package = tools.ensure(["badge-maker"])["badge-maker"].parents[2] / "anafanafo"
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")
    version = json.loads((package / "package.json").read_text())["version"]
    licence = "\n".join(f"# {line}".rstrip() for line in (package / "LICENSE").read_text().strip().splitlines())
    fonts = [measured(package / "data" / f"{font}.json") for font in FONTS]
    letters: dict[tuple[int, ...], list[int]] = {}
    for point in sorted(fonts[0]):
        letters.setdefault(tuple(font[point] for font in fonts), []).append(point)
    lines = [f"{' '.join(map(str, widths))} {' '.join(ranges(points))}\n" for widths, points in letters.items()]
    TABLE.write_text(HEAD.format(version=version, licence=licence) + "".join(lines), encoding="utf-8")
    say(f"{TABLE.relative_to(ROOT)}: {TABLE.stat().st_size:,} bytes")


def measured(table: Path) -> dict[int, int]:
    """Code point → width in hundredths of a pixel."""
    return {
        point: round(width * 100)
        for first, last, width in json.loads(table.read_text())
        for point in range(first, min(last, PLANES - 1) + 1)
    }


def ranges(points: list[int]) -> list[str]:
    """`41`, `c0-c5`: what follows one another is one range."""
    found = []
    for _, run in groupby(enumerate(points), lambda numbered: numbered[1] - numbered[0]):
        members = [point for _, point in run]
        found.append(f"{members[0]:x}" if len(members) == 1 else f"{members[0]:x}-{members[-1]:x}")
    return found


if __name__ == "__main__":
    main()
