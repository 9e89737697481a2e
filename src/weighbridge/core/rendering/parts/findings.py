"""What the rules found in the head: the new findings first, then by bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import code, prose
from weighbridge.core.rendering.parts.part import Section, line_link, table
from weighbridge.core.rendering.units import format_size
from weighbridge.model.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.finding import Finding
    from weighbridge.model.report import ImageReport, Report

STATIC = "static"
"""What stands for bytes where only the Dockerfile shows a finding."""


def findings(image: ImageReport, report: Report, most: int) -> Section | None:
    """None where there is nothing worth a word."""
    worth = worth_telling(image, report)
    if not worth or not most:
        return None
    rows = [
        [
            weight(finding),
            ("**new** " if finding.introduced else "") + prose(finding.message),
            line_link(finding.line, report),
            code(finding.rule),
        ]
        for finding in worth[:most]
    ]
    if len(worth) > most:
        rows.append(["", f"{len(worth) - most} more", "", ""])
    return Section(title=title(worth), body=table(["bytes", "finding", "line", "rule"], rows, "rlll"))


def worth_telling(image: ImageReport, report: Report) -> list[Finding]:
    """The findings that reach people's eyes, the introduced ones first.

    Measured ones must weigh at least the minimum change. Of static ones, which may weigh nothing, those of low
    severity are left to the JSON.
    """
    worth = [
        finding
        for finding in image.findings
        if (finding.severity is not Severity.LOW if finding.waste is None else finding.waste >= report.minimum_change)
    ]
    return sorted(worth, key=lambda finding: not finding.introduced)


def title(worth: Sequence[Finding]) -> str:
    """`Findings: 2 new, 5 in all`."""
    fresh = sum(1 for finding in worth if finding.introduced)
    return f"Findings: {f'{fresh} new, ' if fresh else ''}{len(worth)} in all"


def weight(finding: Finding) -> str:
    """A finding's bytes, or that they were not measured."""
    return STATIC if finding.waste is None else format_size(finding.waste)
