"""The page's tables of what changed: causes, files, packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.names import shown_path
from weighbridge.core.rendering.parts.causes import excuse
from weighbridge.core.rendering.tables import (
    Column,
    Table,
    count_field,
    delta_field,
    line_field,
    make_table,
    prose_field,
    text_field,
)
from weighbridge.model.change import Change

if TYPE_CHECKING:
    from weighbridge.model.change import ImageDiff
    from weighbridge.model.report import ImageReport, Report


def why(image: ImageReport, report: Report) -> Table | None:
    """The causes; None where there are none."""
    if image.diff is None:
        return None
    table = _causes(image.diff, report)
    return table if table.rows else None


def differences(image: ImageReport) -> tuple[Table, ...]:
    """Where it changed: files, packages."""
    if image.diff is None:
        return ()
    return tuple(table for table in (_files(image.diff), _packages(image.diff)) if table.rows)


def _causes(diff: ImageDiff, report: Report) -> Table:
    shown = [cause for cause in diff.causes if cause.delta]
    largest = max((abs(cause.delta) for cause in shown), default=0)
    rows = (
        (
            delta_field(cause.delta, largest),
            prose_field(f"{cause.phrase} ({reason})" if (reason := excuse(cause, report)) else cause.phrase),
            line_field(cause.line, report, in_base=cause.in_base),
        )
        for cause in shown
    )
    columns = (Column(name="bytes", number=True), Column(name="cause"), Column(name="line"))
    return make_table("Why", columns, rows, opened=True, hint="The bytes add up to the difference.")


def _files(diff: ImageDiff) -> Table:
    shown = [change for change in diff.files if change.delta or change.change is not Change.CHANGED]
    largest = max((abs(change.delta) for change in shown), default=0)
    rows = (
        (
            delta_field(change.delta, largest),
            text_field(shown_path(change.path) + ("/" if change.directory and change.path.strip("/") else "")),
            text_field(change.change.value),
            count_field(change.files),
        )
        for change in shown
    )
    columns = (
        Column(name="bytes", number=True),
        Column(name="path", code=True),
        Column(name="what", minor=True),
        Column(name="files", number=True, minor=True),
    )
    return make_table("Changes in files", columns, rows, opened=True)


def _packages(diff: ImageDiff) -> Table:
    largest = max((abs(change.delta or 0) for change in diff.packages), default=0)
    rows = (
        (
            delta_field(change.delta, largest),
            text_field(change.name, 120),
            text_field(change.ecosystem.value),
            text_field(change.base_version or "", 80),
            text_field(change.head_version or "", 80),
        )
        for change in diff.packages
    )
    columns = (
        Column(name="bytes", number=True),
        Column(name="package", code=True),
        Column(name="by", minor=True),
        Column(name="base"),
        Column(name="head"),
    )
    return make_table("Changes in packages", columns, rows)
