"""Why the size changed: causes with bytes and lines, which add up to the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import prose
from weighbridge.core.rendering.parts.part import line_link, table
from weighbridge.core.rendering.units import format_delta
from weighbridge.model.change import Origin

if TYPE_CHECKING:
    from weighbridge.model.change import Cause, ImageDiff
    from weighbridge.model.report import Report

_NEGLIGIBLE = 200
"""Causes that weigh less than one part in so many of the largest are told as one."""


def causes(diff: ImageDiff, report: Report, most: int) -> str:
    """The table; empty where nothing changed in size."""
    if not most:
        return ""
    shown, rest = split(diff, most)
    rows = [
        [format_delta(cause.delta), _phrase(cause, report), line_link(cause.line, report, in_base=cause.in_base)]
        for cause in shown
    ]
    if rest:
        rows.append([format_delta(sum(cause.delta for cause in rest)), f"{len(rest)} smaller changes", ""])
    return table(["bytes", "cause", "line"], rows, "rll") if rows else ""


def split(diff: ImageDiff, most: int) -> tuple[list[Cause], list[Cause]]:
    """The causes worth a row of their own, at most so many, and the rest, never one alone."""
    weighty = [cause for cause in diff.causes if cause.delta]
    largest = max((abs(cause.delta) for cause in weighty), default=0)
    count = sum(1 for cause in weighty if abs(cause.delta) * _NEGLIGIBLE >= largest)
    kept = min(count, most)
    if len(weighty) == kept + 1 and kept < most:
        kept += 1
    return weighty[:kept], weighty[kept:]


def excuse(cause: Cause, report: Report) -> str:
    """What is said of a cause that is nobody's doing here."""
    if cause.origin is not Origin.BASE_IMAGE:
        return ""
    return "not this change" if report.pull_request is None else "not this pull request"


def _phrase(cause: Cause, report: Report) -> str:
    reason = excuse(cause, report)
    return prose(cause.phrase) + (f" *({reason})*" if reason else "")
