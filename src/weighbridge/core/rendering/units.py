"""Sizes as people read and write them: decimal units, as `docker images` prints."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from weighbridge.errors import UsageError

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_STEP = 1000
_FACTORS = {
    "": 1,
    "b": 1,
    "k": 10**3,
    "kb": 10**3,
    "m": 10**6,
    "mb": 10**6,
    "g": 10**9,
    "gb": 10**9,
    "t": 10**12,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([A-Za-z]{0,3})")
_TENTH, _HUNDREDTH = Decimal("0.1"), Decimal("0.01")


class Pair(NamedTuple):
    """Two sizes and their difference, written to be read side by side: (`148.3`, `518.4 MB`, `+370.1`)."""

    before: str
    after: str
    delta: str


def format_size(size: int) -> str:
    """Bytes (not negative), with one decimal from a kilobyte on, two from a gigabyte on: `34.2 MB`, `1.05 GB`."""
    return _in_unit(size, _unit(size))


def format_limit(size: int) -> str:
    """A size that a person chose, so without a decimal that says nothing: `10 MB`, `2.5 MB`."""
    number, unit = format_size(size).split()
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"


def format_exact(size: int, *, like: int) -> str:
    """Bytes in the unit that `like` is shown in, with all the decimals that they have: `1.225 GB`; `0`."""
    unit = _unit(like)
    number = (Decimal(size) / _STEP**unit).normalize()
    return f"{number:f} {_UNITS[unit]}" if size else "0"


def format_pair(before: int, after: int) -> Pair:
    """The unit stands once where one unit serves both; `delta` has its own where theirs would hide it."""
    delta = after - before
    unit = _unit(max(before, after))
    if not (before and after) or Decimal(_number(min(before, after), unit)) < _TENTH:
        return Pair(format_size(before), format_size(after), format_delta(delta))
    number = _number(abs(delta), unit)
    told = format_delta(delta) if Decimal(number) < 1 else f"{_sign(delta)}{number}"
    return Pair(_number(before, unit), _in_unit(after, unit), told)


def _number(size: int, unit: int) -> str:
    return _in_unit(size, unit).split()[0]


def _unit(size: int) -> int:
    """Where in `_UNITS` the unit stands that shows `size` with one to three digits before the point."""
    value, unit = Decimal(size), 0
    # 999,950 bytes would round to 1000.0 kB.
    while value.quantize(_TENTH, ROUND_HALF_EVEN) >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return unit


def _in_unit(size: int, unit: int) -> str:
    if unit == 0:
        return f"{size} B"
    places = _HUNDREDTH if unit >= _UNITS.index("GB") else _TENTH
    return f"{(Decimal(size) / _STEP**unit).quantize(places, ROUND_HALF_EVEN)} {_UNITS[unit]}"


def _sign(delta: int) -> str:
    return "+" if delta > 0 else "−" if delta < 0 else ""


def format_delta(delta: int) -> str:
    """A difference in bytes with its sign, a true minus (U+2212) for less: `+34.2 MB`, `−512 B`, `0 B`."""
    return f"{_sign(delta)}{format_size(abs(delta))}"


def format_percent(delta: int, of: int) -> str | None:
    """A difference as a share of what it differs from: `+16.1 %`; None where there is nothing to be a share of."""
    if of == 0:
        return None
    share = abs(Decimal(100) * delta / of)
    if delta and share < _TENTH / 2:
        return f"{_sign(delta)}<0.1 %"
    # A tenth of a percent is news for a small share only.
    number = f"{share.quantize(_TENTH, ROUND_HALF_EVEN)}" if share < 100 else f"{share:,.0f}"
    return f"{_sign(delta)}{number if delta else 0} %"


def parse_size(text: str) -> int:
    """Bytes from `10MB`, `1.5 GB`, `512k`, `64MiB` or a plain number. Raises UsageError."""
    match = _SIZE.fullmatch(text.strip())
    factor = _FACTORS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise UsageError(f"{text!r} is not a size: write a number with a unit, like 10MB, 1.5GB or 64MiB")
    return int(Decimal(match[1]) * factor)
