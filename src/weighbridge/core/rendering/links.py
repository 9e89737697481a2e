"""Addresses on the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import url_path

if TYPE_CHECKING:
    from weighbridge.model.image import SourceLine
    from weighbridge.model.report import Report


def line_url(line: SourceLine, report: Report, *, in_base: bool = False) -> str | None:
    """Where a line of a Dockerfile is shown, at the commit that was weighed; None outside a forge."""
    revision = report.base if in_base else report.head
    if report.server_url is None or report.repository is None or revision is None or revision.commit is None:
        return None
    lines = f"L{line.start}" if line.start == line.end else f"L{line.start}-L{line.end}"
    return f"{report.server_url}/{report.repository}/blob/{revision.commit}/{url_path(line.file)}#{lines}"


def compare_url(report: Report) -> str | None:
    """The page that shows what lies between the two commits; None where there are not two, or no forge."""
    if report.server_url is None or report.repository is None or report.base is None:
        return None
    base, head = report.base.commit, report.head.commit
    return f"{report.server_url}/{report.repository}/compare/{base}...{head}" if base and head else None


def pull_request_url(report: Report) -> str | None:
    """The pull request's page; None where there is none."""
    if report.server_url is None or report.repository is None or report.pull_request is None:
        return None
    return f"{report.server_url}/{report.repository}/pull/{report.pull_request}"
