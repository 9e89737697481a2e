"""Sizes as people read and write them: decimal units, as `docker images` prints."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

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


def format_size(size: int) -> str:
    """Bytes (not negative), with one decimal from a kilobyte on, two from a gigabyte on: `34.2 MB`, `1.05 GB`."""
    if size < _STEP:
        return f"{size} B"
    value, unit = Decimal(size), 0
    # 999,950 bytes would round to 1000.0 kB.
    while value.quantize(_TENTH, ROUND_HALF_EVEN) >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    places = _HUNDREDTH if unit >= _UNITS.index("GB") else _TENTH
    return f"{value.quantize(places, ROUND_HALF_EVEN)} {_UNITS[unit]}"


def format_delta(delta: int) -> str:
    """A difference in bytes with its sign, a true minus (U+2212) for less: `+34.2 MB`, `−512 B`, `0 B`."""
    if delta == 0:
        return "0 B"
    return f"{'+' if delta > 0 else '−'}{format_size(abs(delta))}"


def format_percent(delta: int, of: int) -> str | None:
    """A difference as a share of what it differs from: `+16.1 %`; None where there is nothing to be a share of."""
    if of == 0:
        return None
    share = (Decimal(100) * delta / of).quantize(_TENTH, ROUND_HALF_EVEN)
    if share == 0:
        return "0 %" if delta == 0 else f"{'+' if delta > 0 else '−'}<0.1 %"
    return f"{'+' if share > 0 else '−'}{abs(share)} %"


def parse_size(text: str) -> int:
    """Bytes from `10MB`, `1.5 GB`, `512k`, `64MiB` or a plain number. Raises UsageError."""
    match = _SIZE.fullmatch(text.strip())
    factor = _FACTORS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise UsageError(f"{text!r} is not a size: write a number with a unit, like 10MB, 1.5GB or 64MiB")
    return int(Decimal(match[1]) * factor)
