"""Weights over time: one line for each image, releases marked, budgets as dashed lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.charts.budgets import budget_label, budget_lines
from weighbridge.core.charts.frame import HEIGHT, WIDTH, axes, frame, grid, heading, releases, seconds
from weighbridge.core.charts.legend import Entry, legend, legend_margin
from weighbridge.core.charts.series import by_time
from weighbridge.core.charts.shapes import Chart, Dot, Path, Run, number
from weighbridge.core.charts.steps import step_area, step_line, telling
from weighbridge.core.charts.words import described, now, title_runs
from weighbridge.core.rendering.escape import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.charts.frame import Frame
    from weighbridge.core.charts.series import Line, Weight

MOST_LINES = 8
"""Lines that have a colour of their own."""


def line_chart(name: str, what: str, lines: Sequence[Line]) -> Chart:
    """One to `MOST_LINES` lines, each of at least one weight; raises ValueError for others.

    `name` and the lines' names are plain text, however hostile; `what` says which of their weights it is.
    """
    if not 1 <= len(lines) <= MOST_LINES or not all(line.weights for line in lines):
        raise ValueError(f"a chart has one to {MOST_LINES} lines, each of at least one weight")
    ordered = [by_time(line.weights) for line in lines]
    everything = [weight for weights in ordered for weight in weights]
    entries = [
        Entry(kind=f"s{at}", name=line.name, size=weights[-1].size)
        for at, (line, weights) in enumerate(zip(lines, ordered, strict=True))
    ]
    alone = len(lines) == 1
    plot = frame(everything, margin=0 if alone else legend_margin(entries), from_zero=False)
    marks = releases(plot, everything)
    ends = [(plot.x(seconds(weights[-1])), plot.y(weights[-1].size)) for weights in ordered]
    boxes, names = ((), ()) if alone else legend(plot, entries, [y for _, y in ends])
    subtitle = now(ordered[0]) if alone else (Run(text=f"{len(lines)} images"),)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        title=f"{plain(name, 100)} {what}".strip(),
        description=" ".join(
            told for line, weights in zip(lines, ordered, strict=True) for told in described(line.name, weights)
        ),
        paths=(
            *grid(plot),
            *marks.paths,
            *(path for at, weights in enumerate(ordered) for path in _paths(plot, weights, at, alone=alone)),
        ),
        dots=(*marks.dots, *(Dot(kind=f"s{at}", x=number(x), y=number(y), r="4") for at, (x, y) in enumerate(ends))),
        boxes=boxes,
        labels=(
            *heading(title_runs(name, what), subtitle),
            *axes(plot),
            *marks.labels,
            *(budget_label(plot, ordered[0]) if alone else ()),
            *names,
        ),
    )


def _paths(plot: Frame, weights: Sequence[Weight], at: int, *, alone: bool) -> Iterator[Path]:
    points = [(plot.x(seconds(weight)), plot.y(weight.size)) for weight in weights]
    points = plot.across([points[seen] for seen in telling(points)])
    if alone and len(points) > 1:
        ground = [(points[0][0], plot.bottom), (points[-1][0], plot.bottom)]
        yield Path(kind="area", data=step_area(points, ground))
    for budget in budget_lines(plot, weights):
        yield Path(kind="budget" if alone else f"budget l{at}", data=step_line(budget))
    if len(points) > 1:
        yield Path(kind=f"line l{at}", data=step_line(points))
