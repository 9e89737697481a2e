"""Where axes have their marks, and what stands beside them: round bytes in decimal units, dates in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.core.rendering.units import format_exact

if TYPE_CHECKING:
    from collections.abc import Iterator

_MINUTE, _HOUR, _DAY, _WEEK = 60, 3600, 86_400, 604_800
_MONTH, _YEAR = 2_629_746, 31_556_952
"""Seconds, on average."""
_FIRST_MONDAY = 4 * _DAY
_STEPS = (
    *((_MINUTE, count) for count in (1, 2, 5, 10, 15, 30)),
    *((_HOUR, count) for count in (1, 2, 3, 6, 12)),
    *((_DAY, count) for count in (1, 2)),
    *((_WEEK, count) for count in (1, 2)),
    *((_MONTH, count) for count in (1, 2, 3, 6)),
    *((_YEAR, count) for count in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LAST_YEAR = 9999


class Tick(NamedTuple):
    """A mark at `at` (bytes, or seconds since 1970) and its label."""

    at: int
    label: str


def byte_ticks(low: int, high: int, most: int) -> tuple[Tick, ...]:
    """At most `most` steps from the round number at or below `low` to the one at or above `high`."""
    steps = (factor * 10**power for power in range(30) for factor in (1, 2, 5))
    step = next(step for step in steps if -(-high // step) - low // step <= most)
    first, last = low // step, -(-high // step)
    top = last * step
    return tuple(Tick(number * step, format_exact(number * step, like=top)) for number in range(first, last + 1))


def time_ticks(first: int, last: int, most: int) -> tuple[Tick, ...]:
    """At most `most` or one more between two times; at the ends themselves where no round time lies between them."""
    unit, count = next((step for step in _STEPS if (last - first) <= step[0] * step[1] * most), _STEPS[-1])
    times = list(_round_times(first, last, unit, count))
    if not times:
        day = date(first)
        return (Tick((first + last) // 2, day),) if day == date(last) else (Tick(first, day), Tick(last, date(last)))
    before: datetime | None = None
    ticks = []
    for at in times:
        moment = _moment(at)
        ticks.append(Tick(at, _label(moment, before, unit)))
        before = moment
    return tuple(ticks)


def date(at: int) -> str:
    """`3 Mar 2026`, in UTC."""
    moment = _moment(at)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _round_times(first: int, last: int, unit: int, count: int) -> Iterator[int]:
    if unit in (_MONTH, _YEAR):
        yield from _months(first, last, count if unit == _MONTH else 12 * count)
        return
    step = unit * count
    offset = _FIRST_MONDAY if unit == _WEEK else 0
    at = first + (offset - first) % step
    while at <= last:
        yield at
        at += step


def _months(first: int, last: int, count: int) -> Iterator[int]:
    start = _moment(first)
    month = (start.year * 12 + start.month - 1) // count * count
    while month // 12 <= _LAST_YEAR:
        if month >= 12:
            at = int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp())
            if at > last:
                return
            if at >= first:
                yield at
        month += count


def _label(moment: datetime, before: datetime | None, unit: int) -> str:
    month = _MONTHS[moment.month - 1]
    new_year = before is None or before.year != moment.year
    if unit == _YEAR:
        return str(moment.year)
    if unit == _MONTH:
        return f"{month} {moment.year}" if new_year else month
    if unit in (_DAY, _WEEK):
        return f"{moment.day} {month} {moment.year}" if new_year else f"{moment.day} {month}"
    clock = f"{moment.hour:02}:{moment.minute:02}"
    if before is None:
        return f"{moment.day} {month} {clock}"
    return clock if before.date() == moment.date() else f"{moment.day} {month}"
