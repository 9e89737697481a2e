"""Reports for people: Markdown, terminal text, HTML. Deterministic: the same report gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.report import Report


def render_markdown(report: Report, *, marker: str = "", report_url: str | None = None, limit: int = 65_000) -> str:
    """See rendering.markdown."""
    from weighbridge.core.rendering.markdown import render_markdown as render

    return render(report, marker=marker, report_url=report_url, limit=limit)


def render_summary(report: Report, *, report_url: str | None = None) -> str:
    """See rendering.markdown."""
    from weighbridge.core.rendering.markdown import render_summary as render

    return render(report, report_url=report_url)


def render_text(report: Report, *, color: bool = False, width: int = 100) -> str:
    """See rendering.text."""
    from weighbridge.core.rendering.text import render_text as render

    return render(report, color=color, width=width)


def render_html(report: Report) -> str:
    """See rendering.html."""
    from weighbridge.core.rendering.html import render_html as render

    return render(report)
