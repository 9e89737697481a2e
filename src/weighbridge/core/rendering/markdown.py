"""The comment on the pull request and the job's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.parts.part import Level
from weighbridge.core.rendering.template import template
from weighbridge.core.rendering.view import view

if TYPE_CHECKING:
    from weighbridge.model.report import Report

COMMENT_LIMIT = 65_000
"""Characters; GitHub takes 65,536 and counts some of them differently."""

SUMMARY_LIMIT = 1_000_000
"""Bytes; GitHub drops a summary of more than 1 MiB whole."""

# Dropped in this order: packages, files, layers, logs, findings, the patch, further causes, rows of images.
_LEVELS = (
    Level(),
    Level(packages=10),
    Level(packages=0, files=10, wasted=5),
    Level(packages=0, files=5, wasted=0, layers=20),
    Level(packages=0, files=0, wasted=0, layers=0, log=20, findings=5, patch=100),
    Level(packages=0, files=0, wasted=0, layers=0, log=5, findings=3, causes=5, patch=40),
    Level(packages=0, files=0, wasted=0, layers=0, log=0, findings=0, patch=0, causes=3, images=100),
    Level(packages=0, files=0, wasted=0, layers=0, log=0, findings=0, patch=0, causes=0, images=30),
    Level(packages=0, files=0, wasted=0, layers=0, log=0, findings=0, patch=0, causes=0, images=5),
)
_SUMMARY_LEVELS = (
    Level(causes=50, findings=100, layers=200, files=100, packages=300, wasted=50, log=200, patch=1000),
    *_LEVELS,
)


def render_markdown(
    report: Report, *, marker: str = "", report_url: str | None = None, limit: int = COMMENT_LIMIT
) -> str:
    """The comment, at most `limit` characters: sections go by priority, never the marker or the first lines."""
    for number, level in enumerate(_LEVELS):
        body = _rendered(report, level, report_url=report_url, shortened=number > 0)
        text = f"{marker}\n{body}" if marker else body
        if len(text) <= limit:
            return text
    return text[:limit].rpartition("\n")[0]


def render_summary(report: Report, *, report_url: str | None = None) -> str:
    """The job's summary and the Markdown of the command line: the same, with more rows."""
    for number, level in enumerate(_SUMMARY_LEVELS):
        text = _rendered(report, level, report_url=report_url, shortened=number > 0)
        if len(text.encode()) <= SUMMARY_LIMIT:
            return text
    return text.encode()[:SUMMARY_LIMIT].decode(errors="ignore")


def _rendered(report: Report, level: Level, *, report_url: str | None, shortened: bool) -> str:
    shown = view(report, level, report_url=report_url, shortened=shortened)
    lines = template("comment.md.j2").render(view=shown).splitlines()
    # Blank lines separate blocks; two of them separate nothing more.
    kept = [line for number, line in enumerate(lines) if line.strip() or (number and lines[number - 1].strip())]
    return "\n".join(kept).strip() + "\n"
