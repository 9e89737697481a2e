"""A weight over time taken apart: areas on top of each other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from weighbridge.core.charts.budgets import budget_label, budget_lines
from weighbridge.core.charts.frame import HEIGHT, WIDTH, axes, frame, grid, heading, releases, seconds
from weighbridge.core.charts.legend import Entry, legend, legend_margin
from weighbridge.core.charts.series import REST, stacked
from weighbridge.core.charts.shapes import Chart, Path
from weighbridge.core.charts.steps import step_area, step_line, telling
from weighbridge.core.charts.words import described, now, title_runs
from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.charts.frame import Frame
    from weighbridge.core.charts.series import Split, Weight
    from weighbridge.core.charts.shapes import Label
    from weighbridge.core.charts.steps import Point

MOST_GROUPS = 8


def stack_chart(name: str, what: str, splits: Sequence[Split]) -> Chart:
    """Raises ValueError unless there is at least one. Names are plain text, however hostile."""
    if not splits:
        raise ValueError("a chart has at least one weight")
    ordered = tuple(sorted(splits, key=lambda split: split.weight.time))
    weights = [split.weight for split in ordered]
    groups = stacked(ordered, MOST_GROUPS)
    entries = [
        Entry(kind="rest" if group == REST else f"s{at}", name=group, size=sizes[-1])
        for at, (group, sizes) in enumerate(groups)
    ]
    plot = frame(weights, margin=legend_margin(entries), from_zero=True)
    marks = releases(plot, weights)
    edges = _edges(plot, [seconds(weight) for weight in weights], [sizes for _, sizes in groups])
    middles = [(lower[-1][1] + upper[-1][1]) / 2 for lower, upper in pairwise(edges)]
    boxes, names = legend(plot, entries, middles)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        title=f"{plain(name, 100)} {what}".strip(),
        description=" ".join((*described(name, weights), _taken_apart(entries))),
        paths=(
            *grid(plot),
            *(
                Path(kind=f"band {entry.kind}", data=step_area(upper, lower))
                for entry, (lower, upper) in zip(entries, pairwise(edges), strict=True)
            ),
            Path(kind="total", data=step_line(edges[-1])),
            *_budget(plot, weights),
            *marks.paths,
        ),
        dots=marks.dots,
        boxes=boxes,
        labels=(
            *heading(title_runs(name, what), now(weights)),
            *axes(plot),
            *marks.labels,
            *_budget_label(plot, weights),
            *names,
        ),
    )


def _budget(plot: Frame, weights: Sequence[Weight]) -> Iterator[Path]:
    """With a rim, since it may lie on an area of any colour."""
    for line in budget_lines(plot, weights):
        yield from (Path(kind=kind, data=step_line(line)) for kind in ("halo", "budget"))


def _budget_label(plot: Frame, weights: Sequence[Weight]) -> Iterator[Label]:
    """Where it has paper behind it; the heading tells the budget as well."""
    last = weights[-1]
    return budget_label(plot, weights) if last.budget is not None and last.size < last.budget else iter(())


def _edges(plot: Frame, times: Sequence[int], groups: Sequence[Sequence[int]]) -> list[list[Point]]:
    """The lines between the groups, from the ground up, at the times that can be seen."""
    sums = [[0] * len(times)]
    for sizes in groups:
        sums.append([below + size for below, size in zip(sums[-1], sizes, strict=True)])
    lines = [[(plot.x(at), plot.y(size)) for at, size in zip(times, line, strict=True)] for line in sums]
    seen = telling(lines[-1])
    return [plot.across([line[at] for at in seen]) for line in lines]


def _taken_apart(entries: Sequence[Entry]) -> str:
    told = ", ".join(f"{plain(entry.name, 60)} {format_size(entry.size)}" for entry in entries)
    return f"At last: {told}." if told else ""
