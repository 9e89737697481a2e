"""The page's table of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.parts.findings import STATIC, title, worth_telling
from weighbridge.core.rendering.tables import (
    Column,
    Field,
    Table,
    line_field,
    make_table,
    prose_field,
    size_field,
    text_field,
)

if TYPE_CHECKING:
    from weighbridge.model.finding import Finding
    from weighbridge.model.report import ImageReport, Report


def findings_table(image: ImageReport, report: Report) -> Table:
    """The findings worth telling, with the place and the rule of each."""
    worth = worth_telling(image, report)
    fresh = any(finding.introduced for finding in worth)
    rows = (
        (
            size_field(finding.waste) if finding.waste is not None else Field(text=STATIC, key=-1),
            *([text_field("new" if finding.introduced else "")] if fresh else []),
            prose_field(finding.message),
            line_field(finding.line, report),
            text_field(finding.severity.value),
            text_field(finding.rule),
        )
        for finding in worth
    )
    columns = (
        Column(name="bytes", number=True),
        *([Column(name="new")] if fresh else []),
        Column(name="finding"),
        Column(name="line", code=True),
        Column(name="severity", minor=True),
        Column(name="rule", code=True, minor=True),
    )
    return make_table("Findings", columns, rows, opened=fresh, hint=_hint(worth))


def _hint(worth: list[Finding]) -> str:
    return title(worth).partition(": ")[2] if worth else ""
