"""A weight over time, drawn as small as a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.core.rendering.units import format_size

WIDTH, HEIGHT = 132, 30
_EDGE = 3
_LEAST_SPAN = 0.04
"""Of the heaviest: what moves less is drawn as what moves little, not blown up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """Paths in a box of `WIDTH` by `HEIGHT`; `limit` is the budget's, empty where it is out of sight."""

    line: str
    area: str
    limit: str
    x: str
    y: str
    words: str


def sparkline(sizes: Sequence[int], budget: int | None = None) -> Sparkline | None:
    """Bytes, the oldest first; None where there is nothing to draw."""
    if not sizes:
        return None
    low, high = min(sizes), max(sizes)
    if budget is not None and low <= budget <= high * 1.15:
        high = max(high, budget)
    span = max(high - low, int(high * _LEAST_SPAN), 1)
    top = high + (span - (high - low)) // 2
    step = (WIDTH - 2 * _EDGE) / max(1, len(sizes) - 1)
    points = [
        (_EDGE + number * step, _EDGE + (top - size) / span * (HEIGHT - 2 * _EDGE)) for number, size in enumerate(sizes)
    ]
    if len(points) == 1:
        points = [(float(_EDGE), points[0][1]), (float(WIDTH - _EDGE), points[0][1])]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    x, y = points[-1]
    limit = ""
    if budget is not None and top - span <= budget <= top:
        limit = f"M0 {_EDGE + (top - budget) / span * (HEIGHT - 2 * _EDGE):.1f}H{WIDTH}"
    return Sparkline(
        line=line,
        area=f"{line}V{HEIGHT}H{points[0][0]:.1f}Z",
        limit=limit,
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        words=f"from {format_size(sizes[0])} to {format_size(sizes[-1])} over {len(sizes)} records",
    )
