"""What the HTML page shows: a report's values as finished text, numbers to sort by, and shapes to draw.

Nothing here is HTML: the template escapes every value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.rendering.drawing import Drawing, draw
from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.headline import most_important, sentence_text, words
from weighbridge.core.rendering.links import pull_request_url
from weighbridge.core.rendering.tables import Table, contents, differences
from weighbridge.core.rendering.units import format_delta, format_size
from weighbridge.model.report import Unavailable, WeighedImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.report import ImageReport, Report, Revision


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
    answer: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    logs: tuple[Log, ...]
    differences: tuple[Table, ...]
    drawing: Drawing | None
    contents: tuple[Table, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the template needs."""

    title: str
    status: str
    answer: str
    name: str
    reasons: tuple[str, ...]
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
    answer = sentence_text(first, report) if first else "No image was weighed"
    link = pull_request_url(report)
    return Page(
        title=f"{name} {answer}".strip(),
        status=report.verdict.status.value,
        answer=answer,
        name=name,
        reasons=tuple(plain(reason) for reason in report.verdict.reasons[:50]),
        repository=plain(report.repository or ""),
        pull_request=(f"#{report.pull_request}", link) if link else None,
        base=_revision(report.base) if report.base else "",
        head=_revision(report.head),
        images=tuple(_part(number, image, report) for number, image in enumerate(report.images, 1)),
        version=plain(report.tool_version, 40),
        estimated=any(isinstance(image.head, WeighedImage) and image.head.packed.estimated for image in report.images),
    )


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
        words=words(image),
        answer=sentence_text(image, report),
        figures=tuple(_figures(image)),
        notes=tuple(_notes(image)),
        logs=tuple(_logs(image)),
        differences=differences(image, report),
        drawing=draw(head.tree, compared=image.diff is not None) if head and head.tree.children else None,
        contents=contents(head, image, report) if head else (),
    )


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
        _count("packages", len(base.packages) if base else None, len(head.packages)),
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


def _notes(image: ImageReport) -> Sequence[str]:
    notes = []
    if isinstance(image.head, Unavailable):
        notes.append(f"The head could not be weighed: {plain(image.head.reason)}.")
    if isinstance(image.base, Unavailable):
        why = "Nothing to compare with" if image.base.expected else "The base could not be weighed"
        notes.append(f"{why}: {plain(image.base.reason).rstrip('.')}.")
    return notes


def _logs(image: ImageReport) -> Sequence[Log]:
    return [
        Log(title=f"The last lines of the {side}'s build log", lines=tuple(plain(line, 500) for line in shown.log_tail))
        for side, shown in (("head", image.head), ("base", image.base))
        if isinstance(shown, Unavailable) and shown.log_tail
    ]
