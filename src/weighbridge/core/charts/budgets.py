"""What an image was allowed to weigh, as dashed lines over its weights."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from weighbridge.core.charts.frame import seconds
from weighbridge.core.charts.shapes import Label, Run, number
from weighbridge.core.rendering.units import format_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.charts.frame import Frame
    from weighbridge.core.charts.series import Weight
    from weighbridge.core.charts.steps import Point


def budget_lines(plot: Frame, weights: Sequence[Weight]) -> Iterator[list[Point]]:
    """Lines of steps, broken where there was no budget or where it is far above; the last one goes on to the edge."""
    top = plot.bytes[-1].at
    shown = [
        (weight, weight.budget if weight.budget is not None and weight.budget <= top else None) for weight in weights
    ]
    for there, run in groupby(range(len(shown)), lambda at: shown[at][1] is not None):
        members = list(run)
        if not there:
            continue
        steps = [at for at in members if at == members[0] or shown[at][1] != shown[at - 1][1]]
        points = [(plot.x(seconds(shown[at][0])), plot.y(shown[at][1] or 0)) for at in steps]
        after = members[-1] + 1
        end = plot.right if after == len(shown) else plot.x(seconds(shown[after][0]))
        if members[0] == 0:
            points.insert(0, (plot.left, points[0][1]))
        yield [*points, (end, points[-1][1])]


def budget_label(plot: Frame, weights: Sequence[Weight]) -> Iterator[Label]:
    """Above the line's end, or below it where there is no room above."""
    budget = weights[-1].budget
    if budget is None or budget > plot.bytes[-1].at:
        return
    y = plot.y(budget)
    low = y - plot.top < 16
    yield Label(
        x=number(plot.right),
        y=number(y + 16 if low else y - 6),
        runs=(Run(text=f"budget {format_limit(budget)}"),),
        kind="budget",
        anchor="end",
    )
