"""The one owner of the template engine."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


@functools.cache
def template(name: str) -> Template:
    """A template of this package. HTML and SVG escape every value; Markdown's values were, by escape.py, before."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("weighbridge.core.rendering"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=name.endswith((".html.j2", ".svg.j2")),
    )
    return environment.get_template(name)
