"""Templates of the pages. Everything that is written into them is escaped, unless it was made here."""

from __future__ import annotations

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from weighbridge.core.rendering.units import format_delta, format_size

_environment = Environment(
    loader=PackageLoader("weighbridge.service", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"size": format_size, "delta": format_delta}


def render(name: str, /, **values: object) -> HTMLResponse:
    """A page of a template."""
    return HTMLResponse(_environment.get_template(name).render(**values))
