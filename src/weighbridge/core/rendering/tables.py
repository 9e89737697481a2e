"""The tables of the HTML page: finished text with the numbers that sorting goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.names import shown_path
from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.links import line_url
from weighbridge.core.rendering.units import format_delta, format_size
from weighbridge.model.change import Change, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.model.change import ImageDiff
    from weighbridge.model.files import WastedPath
    from weighbridge.model.image import SourceLine
    from weighbridge.model.report import ImageReport, LargeFile, Report, WeighedImage

_ROWS = 500
"""More rows than this nobody reads; the JSON has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`number` columns stand right and sort from the largest; `code` ones are names as they are in the image."""

    name: str
    number: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `key` is what sorting goes by; `share` (−100…100) draws a bar; `trend` is "up", "down" or ""."""

    text: str
    key: int | str
    href: str | None = None
    exact: str = ""
    share: int | None = None
    trend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a heading; `hidden` rows were left out; `opened` ones are shown unfolded."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Field, ...], ...]
    hidden: int = 0
    opened: bool = False
    hint: str = ""


def differences(image: ImageReport, report: Report) -> tuple[Table, ...]:
    """Why it changed, and where: causes, files, packages."""
    if image.diff is None:
        return ()
    tables = (_causes(image.diff, report), _files(image.diff), _package_changes(image.diff))
    return tuple(table for table in tables if table.rows)


def contents(head: WeighedImage, image: ImageReport, report: Report) -> tuple[Table, ...]:
    """What the head is made of: layers by line, waste, the largest packages and files, copies."""
    tables = (_layers(head, image, report), _wasted(head), _packages(head), _largest(head), _duplicates(head))
    return tuple(table for table in tables if table.rows)


def _table(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[tuple[Field, ...]],
    *,
    opened: bool = False,
    hint: str = "",
) -> Table:
    every = tuple(rows)
    return Table(
        title=title,
        columns=tuple(columns),
        rows=every[:_ROWS],
        hidden=max(0, len(every) - _ROWS),
        opened=opened,
        hint=hint,
    )


def _size(size: int | None, *, estimated: bool = False, largest: int = 0) -> Field:
    if size is None:
        return Field(text="unknown", key=-1)
    text = ("≈ " if estimated else "") + format_size(size)
    return Field(text=text, key=size, exact=f"{size:,} bytes", share=_share(size, largest) if largest else None)


def _delta(delta: int | None, largest: int = 0) -> Field:
    if delta is None:
        return Field(text="unknown", key=0)
    exact = f"{delta:+,} bytes".replace("-", "−")
    trend = "up" if delta > 0 else "down" if delta < 0 else ""
    share = _share(delta, largest) if largest else None
    return Field(text=format_delta(delta), key=delta, exact=exact, share=share, trend=trend)


def _share(part: int, largest: int) -> int:
    return round(100 * part / largest)


def _text(text: str, limit: int = 300) -> Field:
    shown = plain(text, limit)
    return Field(text=shown, key=shown)


def _line(line: SourceLine | None, report: Report, *, in_base: bool = False, exact: bool = True) -> Field:
    if line is None:
        return Field(text="", key=0)
    text = ("" if exact else "≈ ") + plain(str(line), 120) + (" (base)" if in_base else "")
    return Field(text=text, key=line.start, href=line_url(line, report, in_base=in_base))


def _causes(diff: ImageDiff, report: Report) -> Table:
    shown = [cause for cause in diff.causes if cause.delta]
    largest = max((abs(cause.delta) for cause in shown), default=0)
    rows = (
        (
            _delta(cause.delta, largest),
            _text(cause.phrase + (" (not this change)" if cause.origin is Origin.BASE_IMAGE else ""), 500),
            _line(cause.line, report, in_base=cause.in_base),
        )
        for cause in shown
    )
    columns = (Column(name="bytes", number=True), Column(name="cause"), Column(name="line"))
    return _table("Why", columns, rows, opened=True, hint="The bytes add up to the difference.")


def _files(diff: ImageDiff) -> Table:
    shown = [change for change in diff.files if change.delta or change.change is not Change.CHANGED]
    largest = max((abs(change.delta) for change in shown), default=0)
    rows = (
        (
            _delta(change.delta, largest),
            _text(shown_path(change.path) + ("/" if change.directory and change.path.strip("/") else "")),
            _text(change.change.value),
            Field(text=f"{change.files:,}", key=change.files),
        )
        for change in shown
    )
    columns = (
        Column(name="bytes", number=True),
        Column(name="path", code=True),
        Column(name="what"),
        Column(name="files", number=True),
    )
    return _table("Changes in files", columns, rows, opened=True)


def _package_changes(diff: ImageDiff) -> Table:
    largest = max((abs(change.delta or 0) for change in diff.packages), default=0)
    rows = (
        (
            _delta(change.delta, largest),
            _text(change.name, 120),
            _text(change.ecosystem.value),
            _text(change.base_version or "", 80),
            _text(change.head_version or "", 80),
        )
        for change in diff.packages
    )
    columns = (
        Column(name="bytes", number=True),
        Column(name="package", code=True),
        Column(name="by"),
        Column(name="base"),
        Column(name="head"),
    )
    return _table("Changes in packages", columns, rows)


def _layers(head: WeighedImage, image: ImageReport, report: Report) -> Table:
    changes = {change.head.diff_id: change.delta for change in image.diff.layers if change.head} if image.diff else {}
    largest = max((layer.size for layer in head.layers), default=0)
    compared = image.diff is not None
    rows = (
        (
            Field(text=str(number), key=number),
            _size(layer.size, largest=largest),
            *([_delta(changes.get(layer.diff_id, 0))] if compared else []),
            _size(layer.packed.size, estimated=layer.packed.estimated),
            _text("base image" if layer.from_base else layer.created_by or "unknown", 400),
            _line(layer.line, report, exact=layer.line_exact),
        )
        for number, layer in enumerate(head.layers, 1)
    )
    columns = (
        Column(name="layer", number=True),
        Column(name="unpacked", number=True),
        *([Column(name="change", number=True)] if compared else []),
        Column(name="packed", number=True),
        Column(name="made by", code=True),
        Column(name="line"),
    )
    return _table("Layers by line", columns, rows, opened=True, hint="The oldest first.")


def _wasted(head: WeighedImage) -> Table:
    title = f"Wasted: {format_size(head.wasted)} that no container sees"
    return _paths(title, head.wasted_paths, hint="Bytes that a later layer deletes or replaces.")


def _largest(head: WeighedImage) -> Table:
    return _paths("Largest files", head.largest_files)


def _paths(title: str, paths: Sequence[WastedPath | LargeFile], *, hint: str = "") -> Table:
    largest = max((path.size for path in paths), default=0)
    rows = (
        (
            _size(path.size, largest=largest),
            _text(shown_path(path.path)),
            Field(text=str(path.layer + 1), key=path.layer + 1),
        )
        for path in paths
    )
    columns = (Column(name="bytes", number=True), Column(name="path", code=True), Column(name="layer", number=True))
    return _table(title, columns, rows, hint=hint)


def _packages(head: WeighedImage) -> Table:
    largest = max((package.size or 0 for package in head.packages), default=0)
    rows = (
        (
            _size(package.size, largest=largest),
            _text(package.name, 120),
            _text(package.version, 80),
            _text(package.ecosystem.value),
        )
        for package in head.packages
    )
    columns = (
        Column(name="bytes", number=True),
        Column(name="package", code=True),
        Column(name="version"),
        Column(name="by"),
    )
    return _table(f"Packages ({len(head.packages):,})", columns, rows)


def _duplicates(head: WeighedImage) -> Table:
    largest = max((duplicate.redundant for duplicate in head.duplicates), default=0)
    rows = (
        (
            _size(duplicate.redundant, largest=largest),
            Field(text=f"{len(duplicate.paths):,}", key=len(duplicate.paths)),
            _text(", ".join(shown_path(path) for path in duplicate.paths[:20]), 600),
        )
        for duplicate in head.duplicates
    )
    columns = (
        Column(name="one copy saves", number=True),
        Column(name="copies", number=True),
        Column(name="paths", code=True),
    )
    return _table("The same content more than once", columns, rows)
