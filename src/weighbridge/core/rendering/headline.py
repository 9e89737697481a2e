"""The first line: the answer for a reviewer with ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import code, markdown, plain
from weighbridge.core.rendering.units import format_percent, format_size
from weighbridge.model.budget import Status
from weighbridge.model.report import Unavailable, WeighedImage

if TYPE_CHECKING:
    from weighbridge.model.report import ImageReport, Report

# Colour says nothing that the words beside it do not say too.
_SIGNS = {Status.PASS: "🟢", Status.WARN: "🟡", Status.UNKNOWN: "⚪", Status.FAIL: "🔴"}
_SEVERITY = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)


def headline(report: Report) -> str:
    """One line of Markdown, without the heading's mark."""
    if not report.images:
        return "⚪ no image was weighed"
    image = most_important(report)
    others = len(report.images) - 1
    more = f" · and {others} more image{'s' if others > 1 else ''}" if others else ""
    if isinstance(image.head, Unavailable):
        answer = markdown(sentence(image, report), 240)
    else:
        answer = sentence(image, report, strong="**")
    return f"{_SIGNS[report.verdict.status]} {code(image.name)} {answer}{more}"


def most_important(report: Report) -> ImageReport:
    """The worst verdict first, then the largest change."""
    return min(
        report.images,
        key=lambda image: (_SEVERITY.index(image.verdict.status), -abs(image.diff.size) if image.diff else 0),
    )


def status_words(image: ImageReport) -> str:
    """The verdict of one image, as its cell of the table."""
    return f"{_SIGNS[image.verdict.status]} {_words(image)}"


def _words(image: ImageReport) -> str:
    status = image.verdict.status
    if isinstance(image.head, Unavailable):
        return "could not be weighed"
    if status is Status.FAIL:
        return "over budget"
    if isinstance(image.base, Unavailable):
        return "new image" if image.base.expected else "base unknown"
    if status is Status.WARN:
        return "close to its budget"
    if image.diff is not None and image.diff.size == 0:
        return "unchanged" if not image.diff.layers else "same size"
    limited = image.budget.max_size is not None or image.budget.max_increase is not None
    return "within budget" if limited else "no budget set"


def sentence(image: ImageReport, report: Report, *, strong: str = "") -> str:
    """What happened to the image, without its name; sizes that matter stand between `strong` marks."""

    def bold(size: int) -> str:
        return f"{strong}{format_size(size)}{strong}"

    head, diff = image.head, image.diff
    if isinstance(head, Unavailable):
        return f"could not be built: {plain(head.reason, 160)}"
    verdict = _verdict_words(image, report)
    if diff is not None and isinstance(image.base, WeighedImage):
        if diff.size == 0:
            return f"{'is unchanged' if not diff.layers else 'keeps its size'} at {format_size(head.size)}{verdict}"
        percent = format_percent(diff.size, image.base.size)
        share = f" ({percent})" if percent else ""
        word = "grew" if diff.size > 0 else "shrank"
        return f"{word} by {bold(abs(diff.size))} to {format_size(head.size)}{share}{verdict}"
    if isinstance(image.base, Unavailable):
        if image.base.expected:
            return f"is new and weighs {bold(head.size)}{verdict}"
        return f"weighs {bold(head.size)}{verdict}; its base could not be built, so there is no difference to show"
    return f"weighs {bold(head.size)}{verdict}"


def _verdict_words(image: ImageReport, report: Report) -> str:
    if image.verdict.status is Status.FAIL:
        return ", accepted" if report.verdict.status is Status.PASS else ", over budget"
    return (
        ", close to its budget"
        if image.verdict.status is Status.WARN and not isinstance(image.base, Unavailable)
        else ""
    )
