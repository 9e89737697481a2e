"""Packages that came, went or moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import code
from weighbridge.core.rendering.parts.part import Section, table
from weighbridge.core.rendering.units import format_delta

if TYPE_CHECKING:
    from weighbridge.model.change import ImageDiff, PackageChange


def packages(diff: ImageDiff, most: int) -> Section | None:
    """None where no package changed."""
    if not diff.packages or not most:
        return None
    rows = [
        [
            "unknown" if change.delta is None else format_delta(change.delta),
            f"{code(change.name, 100)} ({change.ecosystem.value})",
            " → ".join(code(version, 60) for version in (change.base_version, change.head_version) if version),
            what(change),
        ]
        for change in diff.packages[:most]
    ]
    if len(diff.packages) > most:
        rows.append(["", f"{len(diff.packages) - most} more", "", ""])
    return Section(title=_title(diff), body=table(["bytes", "package", "version", "what"], rows, "rlll"))


def what(change: PackageChange) -> str:
    """What became of it."""
    if change.base_version is None:
        return "added"
    return "removed" if change.head_version is None else "changed"


def _title(diff: ImageDiff) -> str:
    kinds = [what(change) for change in diff.packages]
    counts = [f"{kinds.count(kind):,} {kind}" for kind in ("added", "removed", "changed") if kind in kinds]
    return f"Packages: {', '.join(counts)}"
