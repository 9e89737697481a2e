"""The first line: the answer for a reviewer with ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import Span, code, markdown, marked, plain, spans
from weighbridge.core.rendering.links import line_url
from weighbridge.core.rendering.units import format_delta, format_percent, format_size
from weighbridge.core.verdict import hold, overall
from weighbridge.model.budget import Status
from weighbridge.model.change import Origin
from weighbridge.model.image import SourceLine
from weighbridge.model.report import Stage, Unavailable, WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.model.change import ImageDiff
    from weighbridge.model.report import ImageReport, Report

# Colour says nothing that the words beside it do not say too.
SIGNS = {Status.PASS: "🟢", Status.WARN: "🟡", Status.UNKNOWN: "⚪", Status.FAIL: "🔴"}
_SEVERITY = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)
_REASON = 240
_MOSTLY = 0.5
"""From this share of a difference on, the base image is named in the first line."""


def headline(report: Report) -> str:
    """One line of Markdown, without the heading's mark."""
    if not report.images:
        return f"{SIGNS[Status.UNKNOWN]} no image was weighed"
    image = most_important(report)
    sign = SIGNS[report.verdict.status]
    return f"{sign} {called(image, report)} {marked(sentence(image, report))}{_others(image, report)}"


def recorded_base(report: Report) -> str | None:
    """Which bases were not built again, in words with code between backticks; None where all were."""
    names = [image.name for image in report.images if isinstance(image.base, WeighedImage) and image.base.recorded]
    if not names or report.base is None or report.base.commit is None:
        return None
    of = "" if len(names) == len(report.images) else f" of {', '.join(dict.fromkeys(names))}"
    unread = [image.diff.unread.reason for image in report.images if image.diff and image.diff.unread]
    return "; ".join([f"base{of} as recorded at `{report.base.commit[:7]}`, not built again", *unread[:1]])


def called(image: ImageReport, report: Report) -> str:
    """The image's name as Markdown, with its platform where the name alone does not tell it apart."""
    namesakes = sum(1 for other in report.images if other.name == image.name)
    return code(image.name) + (f" {markdown(image.platform, 60)}" if namesakes > 1 else "")


def most_important(report: Report) -> ImageReport:
    """The worst verdict first, then the largest change."""
    return min(report.images, key=_importance)


def chosen(report: Report, most: int) -> tuple[ImageReport, ...]:
    """The most important images, at most so many, in the order of the configuration."""
    kept = {id(image) for image in sorted(report.images, key=_importance)[:most]}
    return tuple(image for image in report.images if id(image) in kept)


def _importance(image: ImageReport) -> tuple[int, int]:
    return (_SEVERITY.index(image.verdict.status), -abs(image.diff.size) if image.diff else 0)


def _others(image: ImageReport, report: Report) -> str:
    """The worst that is to be said of the other images."""
    statuses = [other.verdict.status for other in report.images if other is not image]
    if not statuses:
        return ""
    worst = min(statuses, key=_SEVERITY.index)
    count = statuses.count(worst)
    told = {
        Status.FAIL: "over budget",
        Status.UNKNOWN: "could not be weighed",
        Status.WARN: "to look at",
        Status.PASS: "passes" if count == 1 else "pass",
    }
    return f" · {count} more image{'s' if count > 1 else ''} {told[worst]}"


def is_quiet(report: Report) -> bool:
    """Whether nothing changed, and nothing is wrong: one line says it all."""
    return report.verdict.status is Status.PASS and all(
        image.verdict.status is Status.PASS and image.diff is not None and not changed(image.diff)
        for image in report.images
    )


def changed(diff: ImageDiff) -> bool:
    """Whether there is any difference, be it of no weight."""
    return bool(diff.size or diff.layers or diff.files or diff.packages)


def words(image: ImageReport) -> str:
    """The verdict of one image in a few words."""
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
        return "same size" if changed(image.diff) else "unchanged"
    limited = image.budget.max_size is not None or image.budget.max_increase is not None
    return "within budget" if limited else "no budget set"


def sentence(image: ImageReport, report: Report) -> tuple[Span, ...]:
    """What happened to the image, without its name."""
    head = image.head
    if isinstance(head, Unavailable):
        return tuple(unavailable(head, image, report))
    return (*_weight(image, head), *_budget(image, head, report), *_ending(image))


def _weight(image: ImageReport, head: WeighedImage) -> Iterator[Span]:
    size, diff = format_size(head.size), image.diff
    if diff is None or not isinstance(image.base, WeighedImage):
        is_new = isinstance(image.base, Unavailable) and image.base.expected
        yield Span("is new and weighs " if is_new else "weighs ")
        yield Span(size, strong=True)
    elif diff.size == 0:
        yield Span(f"keeps its size of {size}" if changed(diff) else f"is unchanged at {size}")
    else:
        percent = format_percent(diff.size, image.base.size)
        yield Span("grew by " if diff.size > 0 else "shrank by ")
        yield Span(format_size(abs(diff.size)), strong=True)
        yield Span(f" to {size}" + (f" ({percent})" if percent else ""))


def _budget(image: ImageReport, head: WeighedImage, report: Report) -> Iterator[Span]:
    status = image.verdict.status
    if status not in (Status.FAIL, Status.WARN):
        return
    limits = [held.limit for held in hold(image.budget, image.base, head) if held.status is status and held.limit]
    if status is Status.WARN and not limits:
        return
    yield Span(", over budget" if status is Status.FAIL else ", close to its budget")
    if limits:
        yield Span(f" ({' and '.join(limits)} at most)")
    if status is Status.FAIL and report.verdict.status is Status.PASS:
        yield Span(", accepted")


def _ending(image: ImageReport) -> Iterator[Span]:
    if isinstance(image.base, Unavailable) and not image.base.expected:
        yield Span(f"; its base could not be {_wanted(image.base)}, so there is no difference to show")
    if image.diff is None or image.diff.size == 0:
        return
    moved = sum(cause.delta for cause in image.diff.causes if cause.origin is Origin.BASE_IMAGE)
    if moved / image.diff.size >= _MOSTLY:
        yield Span(f"; its base image moved ({format_delta(moved)})")


def unavailable(side: Unavailable, image: ImageReport, report: Report, *, in_base: bool = False) -> Iterator[Span]:
    """What stopped the measurement, and at which line of the Dockerfile."""
    yield Span(f"could not be {_wanted(side)}")
    reason = side.reason
    if side.line is not None and image.dockerfile is not None:
        line = SourceLine(file=image.dockerfile, start=side.line, end=side.line)
        yield Span(" at ")
        yield Span(plain(str(line), 120), code=True, href=line_url(line, report, in_base=in_base))
        reason = reason.removeprefix(f"{line}:").strip()
    yield Span(": ")
    yield from spans(reason, _REASON)


def _wanted(side: Unavailable) -> str:
    return "built" if side.stage in (Stage.BUILD, Stage.DOCKERFILE) else "weighed"


def reasons(report: Report, *, of_first: bool) -> Iterator[tuple[Span, ...]]:
    """What the first line leaves out: who accepted it, and what is wrong with the images that it does not name.

    With `of_first`, also how far the image of the first line is over its budget.
    """
    own = overall(report.images).reasons
    yield from (spans(reason) for reason in report.verdict.reasons if reason not in own)
    first = None if of_first or not report.images else most_important(report)
    for image in report.images:
        if image.verdict.status in (Status.FAIL, Status.WARN) and image is not first:
            name = (Span(plain(image.name), code=True), Span(" ")) if len(report.images) > 1 else ()
            yield from ((*name, *spans(reason)) for reason in image.verdict.reasons)


def text_of(parts: Iterable[Span]) -> str:
    """Parts of a line as plain text, code between backticks."""
    return plain("".join(f"`{part.text}`" if part.code else part.text for part in parts))
