"""docs/proofs.md: what the fixes of the applications in tests/apps came to."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from tabulate import tabulate

from tests.support.ladder import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.ladder import Row, Try

_ABOUT = """\
# What fixes come to

The {count} applications in [tests/apps](../tests/apps/README.md), each fixed as `weighbridge fix` does. Written by
`make apps`.

Sizes are unpacked bytes. A fix is proven when it has climbed all five steps: it builds, its configuration is the
original's, its file system closes, it was run beside the original and did the same, and it is smaller. Whatever is
proven is then built once more and held to the application's own smoke test, whose requests and expected texts the
prover was not told: a fix that fails it is **broken**. `time` is what all of an application's proofs took, on two cores
that others used, too.
"""


def page(rows: Sequence[Row], *, earlier: Sequence[str] = (), missing: Sequence[str] = ()) -> str:
    """The page in Markdown. `earlier` are names whose row is of other code than today's, `missing` without one."""
    parts = [
        _ABOUT.format(count=len(rows) + len(missing)),
        *([f"{len(earlier)} of the results are of earlier code, and not taken again since.\n"] if earlier else []),
        *([f"Not tried yet, and not counted below: {', '.join(missing)}.\n"] if missing else []),
        "## Totals\n",
        tabulate(_totals(rows), headers=["figure", "here", "to reach"], tablefmt="github", disable_numparse=True),
        "\n## Each application\n",
        tabulate(
            [_line(row) for row in sorted(rows, key=_order)],
            headers=["application", "original", "proven", "saved", "by", "rejected before", "time"],
            tablefmt="github",
            disable_numparse=True,
            colalign=("left", "right", "right", "right", "left", "left", "right"),
        ),
        "\n## What was not proven, and why\n",
        *_reasons(sorted(rows, key=_order)),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _order(row: Row) -> tuple[bool, str, str]:
    return row.split == "no", row.ecosystem, row.name


def _totals(rows: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
    wanted = [row for row in rows if row.split == "yes"]
    split = [row for row in wanted if row.is_split]
    savings = [row.saving for row in wanted if row.is_split and row.saving is not None]
    edits = [row for row in rows if row.split == "edit"]
    good = [row for row in rows if row.split == "no"]
    offered = [row.name for row in good if row.best is not None]
    verified = [each for row in rows for each in row.tries if each.verified]
    broken = [f"{row.name} by {each.strategy}" for row in rows for each in row.broken]
    share = f" ({_percent(len(split) / len(wanted), 0)})" if wanted else ""
    yield "belong into stages, and are proven there", f"{len(split)} of {len(wanted)}{share}", "at least 90 %"
    yield "median saving of those", _percent(statistics.median(savings)) if savings else "-", "at least 80 %"
    all_savings = [row.saving or 0.0 for row in wanted]
    middle = _percent(statistics.median(all_savings)) if all_savings else "-"
    yield "median saving of all that belong into stages, the smallest that is proven", middle, ""
    yield "want an edit only, and have one proven", f"{sum(1 for row in edits if row.best)} of {len(edits)}", ""
    yield "proven fixes that break their program", _some(broken, len(verified)), "none"
    yield "good ones for which a fix is offered", _some(offered, len(good)), "none"
    yield "proofs, candidates that were tried", f"{sum(len(row.tries) for row in rows)}", ""


def _some(names: Sequence[str], of: int) -> str:
    listed = f": {', '.join(names)}" if names else ""
    return f"{len(names)} of {of}{listed}"


def _line(row: Row) -> tuple[str, ...]:
    best = row.best
    won = f"`{best.strategy}`" if best is not None else "nothing" if row.split != "no" else "nothing, as it should be"
    if best is not None and best.broken:
        won += " **broken**"
    return (
        row.name,
        _megabytes(row.size),
        _megabytes(best.size if best is not None else None),
        _percent(row.saving) if row.saving is not None else "",
        won,
        ", ".join(f"`{each.strategy}`" for each in row.tries if _held_back(row, each)),
        f"{row.seconds:.0f} s",
    )


def _held_back(row: Row, each: Try) -> bool:
    """Whether it is not proven, and what was proven is not of another kind: edits beside stages are not its rivals."""
    return not each.verified and (not row.is_split or each.family in SPLITS)


def _percent(part: float, digits: int = 1) -> str:
    return f"{100 * part:.{digits}f} %"


def _megabytes(size: int | None) -> str:
    return f"{size / 1e6:.1f} MB" if size is not None else ""


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        told = [(each.strategy, each.broken or each.reason) for each in row.tries if not each.verified or each.broken]
        if row.problem:
            yield f"- **{row.name}**: {_cell(row.problem)}"
        elif told:
            yield f"- **{row.name}**"
            yield from (f"  - `{strategy}`: {_cell(reason)}" for strategy, reason in told)
        elif not row.tries and row.split != "no":
            yield f"- **{row.name}**: no candidate"


def _cell(text: str) -> str:
    """A reason as one line that Markdown leaves alone."""
    line = " ".join(text.split()).replace("`", "'")
    return f"`{line[:300]}`"
