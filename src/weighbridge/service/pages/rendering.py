"""Templates of the pages. Everything that is written into them is escaped, unless it was made here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from weighbridge import __version__
from weighbridge.core.rendering.escape import plain, spans
from weighbridge.core.rendering.units import format_delta, format_limit, format_percent, format_size
from weighbridge.service import addresses
from weighbridge.service.auth.reader import reading
from weighbridge.service.pages import assets
from weighbridge.service.pages.sparkline import sparkline
from weighbridge.service.values import moment

_STATUSES = {"pass": "within budget", "warn": "near budget", "unknown": "unknown", "fail": "over budget"}


def _date(seconds: int) -> str:
    return f"{moment(seconds):%Y-%m-%d}"


def _time(seconds: int) -> str:
    return f"{moment(seconds):%Y-%m-%d %H:%M} UTC"


def _ago(seconds: int, now: datetime) -> str:
    """As people say it: `3 h ago`, `12 d ago`."""
    minutes = max(0, int(now.timestamp()) - seconds) // 60
    for size, unit in ((1_440, "d"), (60, "h"), (1, "min")):
        if minutes >= size:
            return f"{minutes // size} {unit} ago"
    return "just now"


def _span(seconds: int) -> str:
    """How long something took: `4 s`, `2 min 5 s`, `3 h 12 min`."""
    if seconds < 60:
        return f"{max(0, seconds)} s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


_environment = Environment(
    loader=ChoiceLoader([PackageLoader("weighbridge.service"), PackageLoader("weighbridge.core.rendering")]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "size": format_size,
    "delta": format_delta,
    "limit": format_limit,
    "date": _date,
    "moment": _time,
    "ago": _ago,
    "span": _span,
    "plain": plain,
    "spans": spans,
    "count": lambda number: f"{number:,}",
}
_environment.globals |= {
    "asset": assets.address,
    "at": addresses,
    "percent": format_percent,
    "reader": reading.get,
    "sparkline": sparkline,
    "statuses": _STATUSES,
    "version": __version__,
}

_ALWAYS = ("pages.js",)


def render(
    name: str, /, *, here: str = "", scripts: Sequence[str] = (), status: int = 200, **values: object
) -> HTMLResponse:
    """A page of a template. `here` is the part of the navigation that it is in; `scripts` what makes it better."""
    template = _environment.get_template(name)
    text = template.render(here=here, scripts=(*scripts, *_ALWAYS), **values)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-cache"})
