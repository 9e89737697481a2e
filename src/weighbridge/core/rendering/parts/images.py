"""The table of the images: one row each, sizes side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import code, markdown
from weighbridge.core.rendering.headline import SIGNS, chosen, words
from weighbridge.core.rendering.parts.part import NO_BREAK, packed, table
from weighbridge.core.rendering.units import format_pair, format_size
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from weighbridge.model.report import ImageReport, Report, Unavailable

    Side = WeighedImage | Unavailable | None


def images(report: Report, most: int) -> str:
    """Empty where the first line says everything: the only image could not be weighed."""
    if not any(isinstance(image.head, WeighedImage) for image in report.images) and len(report.images) <= 1:
        return ""
    rows = [_row(image) for image in chosen(report, most)]
    if len(report.images) > most:
        rows.append([f"and {len(report.images) - most} more", "", "", "", ""])
    return table(["image", "unpacked", "packed (pull)", "wasted", "verdict"], rows, "lrrrl")


def _row(image: ImageReport) -> list[str]:
    base, head = image.base, image.head
    verdict = f"{SIGNS[image.verdict.status]} {words(image)}".replace(" ", NO_BREAK)
    name = f"{code(image.name)} {markdown(image.platform, 60)}"
    if not isinstance(head, WeighedImage):
        return [name, "unknown", "unknown", "unknown", verdict]
    if not isinstance(base, WeighedImage):
        return [name, f"**{format_size(head.size)}**", packed(head.packed), format_size(head.wasted), verdict]
    near = "≈ " if base.packed.estimated or head.packed.estimated else ""
    return [
        name,
        _pair(base.size, head.size),
        near + _pair(base.packed.size, head.packed.size),
        _pair(base.wasted, head.wasted, strong="", delta=False),
        verdict,
    ]


def _pair(base: int, head: int, *, strong: str = "**", delta: bool = True) -> str:
    """`148.3 → **518.4 MB** (+370.1)`; only the head where they read the same."""
    pair = format_pair(base, head)
    if base == head:
        return pair.after + (" (0)" if delta else "")
    before = "" if format_size(base) == format_size(head) else f"{pair.before} → "
    return f"{before}{strong}{pair.after}{strong}" + (f" ({pair.delta})" if delta else "")
