"""A chart as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.charts.choices import Theme
from weighbridge.core.charts.palette import DARK, LIGHT
from weighbridge.core.rendering.template import template

if TYPE_CHECKING:
    from weighbridge.core.charts.shapes import Chart


def picture(chart: Chart, theme: Theme = Theme.AUTO) -> str:
    """SVG that stands alone: no font, script or address of another site, and its own paper behind it.

    A page may be dark on a system that is light; a picture without paper could not be read there.
    """
    palette = DARK if theme is Theme.DARK else LIGHT
    at_night = DARK if theme is Theme.AUTO else None
    return template("chart.svg.j2").render(chart=chart, palette=palette, at_night=at_night) + "\n"
