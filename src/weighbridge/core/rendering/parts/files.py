"""The largest changes in files, rolled up to where a person would say "that's it"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import code
from weighbridge.core.rendering.parts.part import Section, table
from weighbridge.core.rendering.units import format_delta
from weighbridge.model.change import Change

if TYPE_CHECKING:
    from weighbridge.model.change import FileChange, ImageDiff


def files(diff: ImageDiff, most: int) -> Section | None:
    """None where no file came, went or changed its size."""
    told = [change for change in diff.files if change.delta or change.change is not Change.CHANGED]
    if not told or not most:
        return None
    rows = [[format_delta(change.delta), code(file_name(change)), what(change)] for change in told[:most]]
    if len(told) > most:
        rest = sum(change.delta for change in told[most:])
        rows.append([format_delta(rest), f"{len(told) - most} more", ""])
    return Section(title="Largest changes in files", body=table(["bytes", "path", "what"], rows, "rll"))


def file_name(change: FileChange) -> str:
    """The path; a directory's ends with a slash."""
    return change.path + ("/" if change.directory and change.path != "/" else "")


def what(change: FileChange) -> str:
    """What became of it, and how many files it stands for."""
    return change.change.value + (f", {change.files:,} files" if change.files != 1 else "")
