"""The layers by the lines that made them; those of the base image are one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import code
from weighbridge.core.rendering.parts.part import Section, line_link, packed, table
from weighbridge.core.rendering.units import format_delta, format_size
from weighbridge.model.image import PackedSize
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.change import ImageDiff
    from weighbridge.model.image import Layer
    from weighbridge.model.report import ImageReport, Report

_HEADERS = ("unpacked", "change", "packed", "made by", "line")


def layers(image: ImageReport, report: Report, most: int) -> Section | None:
    """Open where there is nothing to compare with: then the layers are what there is to see."""
    head = image.head
    if not isinstance(head, WeighedImage) or not head.layers or not most:
        return None
    own = [layer for layer in head.layers if not layer.from_base]
    rows = [*_base_row(head, image.diff)]
    if len(own) > most:
        rows.append(["", "", "", f"{len(own) - most} older layers", ""])
    rows += [_row(layer, image.diff, report) for layer in own[-most:]]
    rows += [_gone_row(layer, delta, report) for layer, delta in _gone(image.diff)[:most]]
    compared, placed = image.diff is not None, any(row[-1] for row in rows)
    kept = [number for number, there in enumerate((True, compared, True, True, placed)) if there]
    body = table(
        [_HEADERS[number] for number in kept],
        [[row[number] for number in kept] for row in rows],
        "".join("rrrll"[number] for number in kept),
    )
    return Section(title="Layers by line", body=body, opened=not compared)


def change_of(layer: Layer, diff: ImageDiff | None) -> int:
    """Bytes that the layer differs from its counterpart in the base."""
    changes = diff.layers if diff else ()
    return next((change.delta for change in changes if change.head and change.head.diff_id == layer.diff_id), 0)


def _base_row(head: WeighedImage, diff: ImageDiff | None) -> Sequence[list[str]]:
    brought = [layer for layer in head.layers if layer.from_base]
    if not brought:
        return []
    changes = diff.layers if diff else ()
    delta = sum(change.delta for change in changes if (side := change.head or change.base) and side.from_base)
    total = PackedSize(
        size=sum(layer.packed.size for layer in brought), estimated=any(layer.packed.estimated for layer in brought)
    )
    name = f"base image {code(head.base_name, 80)}" if head.base_name else "base image"
    count = f", {len(brought)} layers" if len(brought) > 1 else ""
    size = format_size(sum(layer.size for layer in brought))
    return [[size, format_delta(delta), packed(total), f"{name}{count}", ""]]


def _row(layer: Layer, diff: ImageDiff | None, report: Report) -> list[str]:
    return [
        format_size(layer.size),
        format_delta(change_of(layer, diff)),
        packed(layer.packed),
        code(layer.created_by, 90) or "unknown",
        line_link(layer.line, report),
    ]


def _gone(diff: ImageDiff | None) -> list[tuple[Layer, int]]:
    """The base's own layers that have no counterpart, and what their going makes; FROM's are in its one row."""
    changes = diff.layers if diff else ()
    return [
        (change.base, change.delta)
        for change in changes
        if change.head is None and change.base is not None and not change.base.from_base
    ]


def _gone_row(layer: Layer, delta: int, report: Report) -> list[str]:
    made_by = code(layer.created_by, 90) or "unknown"
    return ["gone", format_delta(delta), "", made_by, line_link(layer.line, report, in_base=True)]
