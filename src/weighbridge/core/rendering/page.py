"""What the HTML page shows: a report's values as finished text, numbers to sort by, and shapes to draw.

Nothing here is HTML: the template escapes every value.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from weighbridge.core.rendering.change_tables import differences, why
from weighbridge.core.rendering.content_tables import contents
from weighbridge.core.rendering.drawing import Drawing, draw
from weighbridge.core.rendering.escape import Span, log_line, plain, spans
from weighbridge.core.rendering.headline import most_important, reasons, sentence, text_of, unavailable, words
from weighbridge.core.rendering.links import pull_request_url
from weighbridge.core.rendering.page_fixes import fix_part
from weighbridge.core.rendering.parts.logs import telling
from weighbridge.core.rendering.units import format_delta, format_size
from weighbridge.model.budget import Budget, Status
from weighbridge.model.report import Unavailable, WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.rendering.page_fixes import FixPart
    from weighbridge.core.rendering.tables import Table
    from weighbridge.model.report import ImageReport, Report, Revision


_REASONS = 50
_WORDS = {Status.PASS: "pass", Status.WARN: "to look at", Status.UNKNOWN: "unknown", Status.FAIL: "over budget"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number on top of an image's part. `exact` is what the pointer sees; `trend` is "up", "down" or ""."""

    name: str
    value: str
    was: str = ""
    delta: str = ""
    exact: str = ""
    trend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The end of a build log."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """One image's part of the page."""

    anchor: str
    name: str
    platform: str
    status: str
    words: str
    answer: tuple[Span, ...]
    figures: tuple[Figure, ...]
    notes: tuple[tuple[Span, ...], ...]
    logs: tuple[Log, ...]
    why: Table | None
    fix: FixPart | None
    differences: tuple[Table, ...]
    drawing: Drawing | None
    contents: tuple[Table, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the template needs."""

    title: str
    status: str
    words: str
    answer: tuple[Span, ...]
    name: str
    reasons: tuple[tuple[Span, ...], ...]
    repository: str
    pull_request: tuple[str, str] | None
    base: str
    head: str
    images: tuple[ImagePart, ...]
    version: str
    estimated: bool


def page(report: Report) -> Page:
    """The report as the values of a page."""
    first = most_important(report) if report.images else None
    name = plain(first.name) if first else ""
    answer = sentence(first, report) if first else (Span("No image was weighed"),)
    link = pull_request_url(report)
    alone = first is not None and len(report.images) == 1 and first.verdict.status is report.verdict.status
    return Page(
        title=f"{name} {text_of(answer)}".strip(),
        status=report.verdict.status.value,
        words=_badge(first) if first and alone else _WORDS[report.verdict.status],
        answer=answer,
        name=name,
        reasons=tuple(islice(reasons(report, of_first=True), _REASONS)),
        repository=plain(report.repository or ""),
        pull_request=(f"#{report.pull_request}", link) if link else None,
        base=_base(report.base, report) if report.base else "",
        head=_revision(report.head),
        images=tuple(_part(number, image, report) for number, image in enumerate(report.images, 1)),
        version=plain(report.tool_version, 40),
        estimated=any(isinstance(image.head, WeighedImage) and image.head.packed.estimated for image in report.images),
    )


def _badge(image: ImageReport) -> str:
    """Nothing where there is nothing to hold the image against."""
    return "" if image.verdict.status is Status.PASS and image.budget == Budget() else words(image)


def _base(revision: Revision, report: Report) -> str:
    recorded = [isinstance(image.base, WeighedImage) and image.base.recorded for image in report.images]
    how = ", as recorded" if recorded and all(recorded) else ", partly as recorded" if any(recorded) else ""
    return _revision(revision) + how


def _revision(revision: Revision) -> str:
    label = plain(revision.label, 80)
    if revision.commit is None or label.startswith(revision.commit[:7]):
        return label
    return f"{label} ({revision.commit[:7]})"


def _part(number: int, image: ImageReport, report: Report) -> ImagePart:
    head = image.head if isinstance(image.head, WeighedImage) else None
    return ImagePart(
        anchor=f"image-{number}",
        name=plain(image.name),
        platform=plain(image.platform, 60),
        status=image.verdict.status.value,
        words=_badge(image),
        answer=sentence(image, report),
        figures=tuple(_figures(image)),
        notes=tuple(_notes(image, report)),
        logs=tuple(_logs(image)),
        why=why(image, report),
        fix=fix_part(image),
        differences=differences(image),
        drawing=draw(head.tree, compared=_files_compared(image)) if head and head.tree.children else None,
        contents=contents(head, image, report) if head else (),
    )


def _files_compared(image: ImageReport) -> bool:
    return image.diff is not None and image.diff.unread is None


def _figures(image: ImageReport) -> list[Figure]:
    head = image.head
    if not isinstance(head, WeighedImage):
        return []
    base = image.base if isinstance(image.base, WeighedImage) else None
    near = "≈ " if head.packed.estimated else ""
    return [
        _bytes("unpacked", base.size if base else None, head.size),
        _bytes("packed, to pull", base.packed.size if base else None, head.packed.size, near),
        _bytes("wasted", base.wasted if base else None, head.wasted),
        _count("files", base.file_count if base else None, head.file_count),
        _count("packages", len(base.packages) if base and not base.weights_only else None, len(head.packages)),
        _count("layers", len(base.layers) if base else None, len(head.layers)),
        *([Figure(name="built in", value=_seconds(head.build_seconds))] if head.build_seconds is not None else []),
    ]


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{rest:.1f} s"


def _bytes(name: str, before: int | None, now: int, near: str = "") -> Figure:
    changed = before is not None and before != now
    return Figure(
        name=name,
        value=near + format_size(now),
        was=near + format_size(before) if before is not None and changed else "",
        delta=format_delta(now - before) if before is not None and changed else "",
        exact=f"{now:,} bytes" + (f", {before:,} before" if before is not None else ""),
        trend=_trend(before, now),
    )


def _count(name: str, before: int | None, now: int) -> Figure:
    changed = before is not None and before != now
    return Figure(
        name=name,
        value=f"{now:,}",
        was=f"{before:,}" if before is not None and changed else "",
        delta=f"{now - before:+,}".replace("-", "−") if before is not None and changed else "",
        trend=_trend(before, now),
    )


def _trend(before: int | None, now: int) -> str:
    if before is None or before == now:
        return ""
    return "up" if now > before else "down"


def _notes(image: ImageReport, report: Report) -> Iterator[tuple[Span, ...]]:
    base = image.base
    if image.diff is not None and image.diff.unread is not None:
        yield (Span("The base was not built again: "), *spans(image.diff.unread.reason), Span("."))
    if not isinstance(base, Unavailable):
        return
    if base.expected:
        yield (Span("Nothing to compare with: "), *spans(base.reason.rstrip(".")), Span("."))
    else:
        yield (Span("The base "), *unavailable(base, image, report, in_base=True), Span("."))


def _logs(image: ImageReport) -> Sequence[Log]:
    return [
        Log(title=f"The end of the {side}'s build log", lines=tuple(log_line(line) for line in telling(shown.log_tail)))
        for side, shown in (("head", image.head), ("base", image.base))
        if isinstance(shown, Unavailable) and shown.log_tail
    ]
