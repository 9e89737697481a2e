"""The plot of a chart: where a time and a weight are on it, its axes, its heading, and the marks of releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.charts.shapes import Dot, Label, Path, Run, fitted, measured, number
from weighbridge.core.charts.ticks import Tick, byte_ticks, time_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from weighbridge.core.charts.series import Weight
    from weighbridge.core.charts.steps import Point

WIDTH, HEIGHT = 760, 340
_EDGE = 18
_HEADING, _RELEASES, _DATES = 72, 20, 32
_INSET = 10
"""Free space between the plot's sides and the first and last mark."""
_TICK_ROOM = 92
_STEPS = 5
_ZOOMED = 0.6
"""Where no weight is below this share of the heaviest, the axis doesn't begin at zero."""
_LEAST_SPAN = 0.05
_LAST_SECOND = 253_402_300_799
"""Of the year 9999, the last that has a date."""
_BUDGET_NEAR = 1.5
"""A budget that is more than so many times the heaviest would press the weights to the ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Edges of the plot in pixels; ticks of both axes; the first and last time in seconds."""

    left: float
    right: float
    top: float
    bottom: float
    bytes: tuple[Tick, ...]
    first: int
    last: int

    def x(self, at: int) -> float:
        """Where a time is; in the middle where there is only one."""
        if self.first == self.last:
            return (self.left + self.right) / 2
        share = (at - self.first) / (self.last - self.first)
        return self.left + _INSET + share * (self.right - self.left - 2 * _INSET)

    def y(self, size: int) -> float:
        """Where a weight is."""
        low, high = self.bytes[0].at, self.bytes[-1].at
        return self.bottom - (size - low) / (high - low) * (self.bottom - self.top)

    def across(self, points: list[Point]) -> list[Point]:
        """The points of a line; of one weight alone a line as wide as the plot, so that there is something to see."""
        if self.first != self.last:
            return points
        return [(self.left + _INSET, points[-1][1]), (self.right - _INSET, points[-1][1])]


def frame(weights: Sequence[Weight], *, margin: float, from_zero: bool) -> Frame:
    """The plot for at least one weight, with `margin` pixels on its right."""
    ticks = _byte_axis(weights, from_zero=from_zero)
    times = [seconds(weight) for weight in weights]
    return Frame(
        left=_EDGE + max(measured(tick.label) for tick in ticks) + 8,
        right=WIDTH - _EDGE - margin,
        top=_HEADING + (_RELEASES if any(weight.release for weight in weights) else 0),
        bottom=HEIGHT - _DATES,
        bytes=ticks,
        first=min(times),
        last=_end(min(times), max(times)),
    )


def _end(first: int, last: int) -> int:
    """The last time, put off by up to a thirty-second of all.

    So a weight more seldom moves the others: of pictures that git keeps, it then keeps what is new in them.
    """
    step = 1 << max(0, ((last - first) // 32).bit_length() - 1)
    return min(-(-last // step) * step, _LAST_SECOND) if last > first else last


def seconds(weight: Weight) -> int:
    """The time of a weight, in seconds since 1970."""
    return int(weight.time.timestamp())


def _byte_axis(weights: Sequence[Weight], *, from_zero: bool) -> tuple[Tick, ...]:
    sizes = [weight.size for weight in weights]
    heaviest = max(*sizes, 1)
    sizes += [
        weight.budget for weight in weights if weight.budget is not None and weight.budget <= _BUDGET_NEAR * heaviest
    ]
    low, high = min(sizes), max(*sizes, 1)
    if from_zero or low < _ZOOMED * high:
        return byte_ticks(0, high, _STEPS)
    room = max(high - low, int(high * _LEAST_SPAN), 4)
    middle = (low + high) // 2
    return byte_ticks(max(0, middle - room * 7 // 10), middle + room * 7 // 10, _STEPS)


def heading(title: Sequence[Run], subtitle: Sequence[Run]) -> Iterator[Label]:
    """The two lines on top."""
    yield Label(x=number(_EDGE), y="29", runs=tuple(title), kind="title")
    yield Label(x=number(_EDGE), y="50", runs=tuple(subtitle))


def grid(plot: Frame) -> Iterator[Path]:
    """A line for every round weight; the lowest is the ground."""
    for tick in plot.bytes:
        kind = "ground" if tick is plot.bytes[0] else "grid"
        yield Path(kind=kind, data=f"M{number(plot.left)} {number(plot.y(tick.at))}H{number(plot.right)}")


def axes(plot: Frame) -> Iterator[Label]:
    """Weights on the left, dates below."""
    for tick in plot.bytes:
        y = number(plot.y(tick.at) + 4.5)
        yield Label(x=number(plot.left - 8), y=y, runs=(Run(text=tick.label),), anchor="end")
    for tick in time_ticks(plot.first, plot.last, int((plot.right - plot.left) // _TICK_ROOM)):
        x = _clamped(plot.x(tick.at), measured(tick.label) / 2, plot.left - 8, WIDTH - _EDGE)
        yield Label(x=number(x), y=number(HEIGHT - 12), runs=(Run(text=tick.label),), anchor="middle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """The marks of releases."""

    paths: tuple[Path, ...]
    dots: tuple[Dot, ...]
    labels: tuple[Label, ...]


def releases(plot: Frame, weights: Iterable[Weight]) -> Releases:
    """Rings on the line, and as many names as have room, the newest first."""
    paths: list[Path] = []
    dots: list[Dot] = []
    labels: list[Label] = []
    free = float("inf")
    ring = float("inf")
    for weight in sorted(weights, key=seconds, reverse=True):
        x, y = plot.x(seconds(weight)), plot.y(weight.size)
        if not weight.release:
            continue
        if ring - x >= 6:
            dots.append(Dot(kind="release", x=number(x), y=number(y), r="3.5"))
            ring = x
        name = fitted(weight.release, 110)
        half = measured(name) / 2
        middle = _clamped(x, half, plot.left, WIDTH - _EDGE)
        if middle + half <= free:
            labels.append(
                Label(
                    x=number(middle), y=number(plot.top - 10), runs=(Run(text=name),), kind="release", anchor="middle"
                )
            )
            paths.append(Path(kind="release", data=f"M{number(x)} {number(plot.top - 5)}V{number(y - 3.5)}"))
            free = middle - half - 10
    return Releases(paths=tuple(paths), dots=tuple(dots), labels=tuple(labels))


def _clamped(middle: float, half: float, left: float, right: float) -> float:
    return max(left + half, min(right - half, middle))


def spread(wanted: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Places at least `gap` apart and as near to those wanted (from above to below) as there is room for."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + gap if places else top))
    limit = bottom
    for at in range(len(places) - 1, -1, -1):
        places[at] = min(places[at], limit)
        limit = places[at] - gap
    return places
