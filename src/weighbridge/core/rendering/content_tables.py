"""The page's tables of what the head is made of: layers by line, waste, packages, files, copies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.core.names import shown_path
from weighbridge.core.rendering.finding_table import findings_table
from weighbridge.core.rendering.tables import (
    Column,
    Field,
    Table,
    count_field,
    delta_field,
    line_field,
    make_table,
    size_field,
    text_field,
)
from weighbridge.core.rendering.units import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.files import WastedPath
    from weighbridge.model.image import Layer
    from weighbridge.model.report import ImageReport, LargeFile, Report, WeighedImage


def contents(head: WeighedImage, image: ImageReport, report: Report) -> tuple[Table, ...]:
    """The tables that have something to show."""
    tables = (
        findings_table(image, report),
        _layers(head, image, report),
        _wasted(head, report),
        _packages(head),
        _largest(head, report),
        _duplicates(head),
    )
    return tuple(table for table in tables if table.rows)


def _layers(head: WeighedImage, image: ImageReport, report: Report) -> Table:
    changes = {change.head.diff_id: change.delta for change in image.diff.layers if change.head} if image.diff else {}
    largest = max((layer.size for layer in head.layers), default=0)
    compared = image.diff is not None
    placed = any(layer.line for layer in head.layers)
    rows = (
        (
            count_field(number),
            size_field(layer.size, largest=largest),
            *([delta_field(changes.get(layer.diff_id, 0))] if compared else []),
            size_field(layer.packed.size, estimated=layer.packed.estimated),
            _made_by(layer),
            *([line_field(layer.line, report, exact=layer.line_exact)] if placed else []),
        )
        for number, layer in enumerate(head.layers, 1)
    )
    columns = (
        Column(name="layer", number=True, minor=True),
        Column(name="unpacked", number=True),
        *([Column(name="change", number=True)] if compared else []),
        Column(name="packed", number=True, minor=True),
        Column(name="made by", code=True),
        *([Column(name="line")] if placed else []),
    )
    return make_table("Layers by line", columns, rows, opened=True, hint="The oldest first.")


def _made_by(layer: Layer) -> Field:
    if layer.from_base:
        return text_field(f"base image: {layer.created_by or 'unknown'}", 120)
    return text_field(layer.created_by or "unknown", 400)


def _wasted(head: WeighedImage, report: Report) -> Table:
    title = f"Wasted: {format_size(head.wasted)} that no container sees"
    return _paths(title, head.wasted_paths, head, report, hint="Bytes that a later layer deletes or replaces.")


def _largest(head: WeighedImage, report: Report) -> Table:
    return _paths("Largest files", head.largest_files, head, report)


def _paths(
    title: str, paths: Sequence[WastedPath | LargeFile], head: WeighedImage, report: Report, *, hint: str = ""
) -> Table:
    largest = max((path.size for path in paths), default=0)
    rows = (
        (
            size_field(path.size, largest=largest),
            text_field(shown_path(path.path)),
            _written_by(path.layer, head, report),
        )
        for path in paths
    )
    columns = (Column(name="bytes", number=True), Column(name="path", code=True), Column(name="written by"))
    return make_table(title, columns, rows, hint=hint)


def _written_by(number: int, head: WeighedImage, report: Report) -> Field:
    layer = head.layers[number] if number < len(head.layers) else None
    if layer is None or (layer.line is None and not layer.from_base):
        return Field(text=f"layer {number + 1}", key=number)
    if layer.from_base:
        return Field(text="base image", key=number)
    return replace(line_field(layer.line, report, exact=layer.line_exact), key=number)


def _packages(head: WeighedImage) -> Table:
    largest = max((package.size or 0 for package in head.packages), default=0)
    rows = (
        (
            size_field(package.size, largest=largest),
            text_field(package.name, 120),
            text_field(package.version, 80),
            text_field(package.ecosystem.value),
        )
        for package in head.packages
    )
    columns = (
        Column(name="bytes", number=True),
        Column(name="package", code=True),
        Column(name="version"),
        Column(name="by", minor=True),
    )
    return make_table(f"Packages ({len(head.packages):,})", columns, rows)


def _duplicates(head: WeighedImage) -> Table:
    largest = max((duplicate.redundant for duplicate in head.duplicates), default=0)
    rows = (
        (
            size_field(duplicate.redundant, largest=largest),
            count_field(len(duplicate.paths)),
            text_field(", ".join(shown_path(path) for path in duplicate.paths[:20]), 600),
        )
        for duplicate in head.duplicates
    )
    columns = (
        Column(name="one copy saves", number=True),
        Column(name="copies", number=True),
        Column(name="paths", code=True),
    )
    return make_table("The same content more than once", columns, rows)
