"""Names beside what they are of, on the right of the plot: a square in its colour, the name, the last weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.charts.frame import spread
from weighbridge.core.charts.shapes import TEXT, Box, Label, Run, fitted, measured, number
from weighbridge.core.rendering.units import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.core.charts.frame import Frame

_NAME = 130
_SWATCH = 16
_GAP = 12
_ROW = TEXT + 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the legend. `name` is plain text, however hostile."""

    kind: str
    name: str
    size: int

    @property
    def runs(self) -> tuple[Run, Run]:
        """Name and weight."""
        return Run(text=fitted(self.name, _NAME), kind="ink"), Run(text=f" {format_size(self.size)}")


def legend_margin(entries: Sequence[Entry]) -> float:
    """Pixels that the legend takes up on the right."""
    return _GAP + _SWATCH + max(sum(measured(run.text) for run in entry.runs) for entry in entries)


def legend(
    plot: Frame, entries: Sequence[Entry], heights: Sequence[float]
) -> tuple[tuple[Box, ...], tuple[Label, ...]]:
    """Each entry as near to its height (pixels from the top) as the others let it be."""
    order = sorted(range(len(entries)), key=lambda at: heights[at])
    places = spread([heights[at] for at in order], _ROW, plot.top, plot.bottom)
    boxes, labels = [], []
    for at, place in zip(order, places, strict=True):
        boxes.append(Box(kind=entries[at].kind, x=number(plot.right + _GAP), y=number(place - 5)))
        labels.append(Label(x=number(plot.right + _GAP + _SWATCH), y=number(place + 4.5), runs=entries[at].runs))
    return tuple(boxes), tuple(labels)
