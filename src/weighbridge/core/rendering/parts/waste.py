"""Bytes that a later layer deletes or replaces: every pull moves them, no container sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import code
from weighbridge.core.rendering.parts.part import Section, line_link, table
from weighbridge.core.rendering.units import format_delta, format_size
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from weighbridge.model.files import WastedPath
    from weighbridge.model.report import ImageReport, Report


def waste(image: ImageReport, report: Report, most: int) -> Section | None:
    """None where nothing is wasted, or nobody knows where."""
    head = image.head
    if not isinstance(head, WeighedImage) or not head.wasted_paths or not most:
        return None
    rows = [[format_size(path.size), code(path.path), _where(path, head, report)] for path in head.wasted_paths[:most]]
    change = f" ({format_delta(image.diff.wasted)})" if image.diff and image.diff.wasted else ""
    title = f"Wasted: {format_size(head.wasted)}{change} that no container sees"
    return Section(title=title, body=table(["bytes", "path", "written by"], rows, "rll"))


def _where(path: WastedPath, head: WeighedImage, report: Report) -> str:
    layer = head.layers[path.layer] if path.layer < len(head.layers) else None
    if layer is None:
        return f"layer {path.layer + 1}"
    if layer.from_base:
        return "base image"
    return line_link(layer.line, report) or f"layer {path.layer + 1}"
