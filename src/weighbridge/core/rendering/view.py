"""What the Markdown template shows: the parts of a report, in order, at a level of detail."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from weighbridge.core.fixes.best import best
from weighbridge.core.rendering.escape import code, html_code, html_text, markdown, marked, spans
from weighbridge.core.rendering.headline import (
    changed,
    chosen,
    headline,
    is_quiet,
    most_important,
    reasons,
    recorded_base,
    sentence,
    text_of,
    unavailable,
)
from weighbridge.core.rendering.links import compare_url
from weighbridge.core.rendering.parts.causes import causes
from weighbridge.core.rendering.parts.files import files
from weighbridge.core.rendering.parts.findings import findings
from weighbridge.core.rendering.parts.fixes import fix, fix_sections, unsplit_section
from weighbridge.core.rendering.parts.images import images
from weighbridge.core.rendering.parts.layers import layers
from weighbridge.core.rendering.parts.logs import logs
from weighbridge.core.rendering.parts.packages import packages
from weighbridge.core.rendering.parts.waste import waste
from weighbridge.model.budget import Status
from weighbridge.model.report import Unavailable, WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rendering.parts.part import Level, Section
    from weighbridge.model.report import ImageReport, Report, Revision

_REASONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageView:
    """One image's part. `title` (Markdown) stands above it, or `summary` (HTML) over it where it is folded."""

    title: str
    summary: str
    blocks: tuple[str, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that the template needs. A quiet one has nothing but its headline and footer."""

    headline: str
    quiet: bool
    reasons: tuple[str, ...]
    table: str
    images: tuple[ImageView, ...]
    footer: str


def view(report: Report, level: Level, *, report_url: str | None, shortened: bool) -> View:
    """The report at a level of detail."""
    quiet = is_quiet(report) and not any(best(image.fixes) for image in report.images)
    return View(
        headline=headline(report),
        quiet=quiet,
        reasons=tuple(marked(reason) for reason in islice(reasons(report, of_first=False), _REASONS)),
        table="" if quiet and len(report.images) == 1 else images(report, level.images),
        images=() if quiet else tuple(_images(report, level)),
        footer=_footer(report, report_url, shortened=shortened),
    )


def _images(report: Report, level: Level) -> Iterator[ImageView]:
    first = most_important(report) if report.images else None
    for image in chosen(report, level.images):
        if image.diff is not None and not changed(image.diff):
            # Of what did not change, only what could be better is news.
            blocks, sections = tuple(_proven(image)), tuple(fix_sections(image, level.patch))
        else:
            blocks, sections = tuple(_blocks(image, report, level)), tuple(_sections(image, report, level))
        if not (blocks or sections):
            continue
        if len(report.images) == 1:
            yield ImageView(title="", summary="", blocks=blocks, sections=sections)
            continue
        # What is fine folds under its name, so that what is not is seen.
        name = f"{code(image.name)} {markdown(image.platform, 60)}"
        yield ImageView(
            title=name if image is first else f"{name} {marked(sentence(image, report))}",
            summary="" if image is first or image.verdict.status is not Status.PASS else _summary(image, report),
            blocks=blocks,
            sections=sections,
        )


def _summary(image: ImageReport, report: Report) -> str:
    return f"{html_code(image.name)} {html_text(image.platform, 60)} {html_text(text_of(sentence(image, report)))}"


def _blocks(image: ImageReport, report: Report, level: Level) -> Iterator[str]:
    """What is shown unfolded."""
    if isinstance(image.base, Unavailable) and not image.base.expected:
        unchecked = " Growth was not checked against the budget." if image.budget.max_increase is not None else ""
        yield f"The base {marked(unavailable(image.base, image, report, in_base=True)).rstrip('.')}.{unchecked}"
    if image.diff is not None and (why := causes(image.diff, report, level.causes)):
        yield f"**Why**\n\n{why}"
    if (proven := fix(image)) is not None:
        yield proven


def _proven(image: ImageReport) -> Iterator[str]:
    if best(image.fixes) is not None and (told := fix(image)) is not None:
        yield told


def _sections(image: ImageReport, report: Report, level: Level) -> Iterator[Section]:
    """What folds, the most telling first."""
    yield from logs(image, level.log)
    yield from fix_sections(image, level.patch) if best(image.fixes) else unsplit_section(image, level.patch)
    found = [
        findings(image, report, level.findings),
        *([files(image.diff, level.files), packages(image.diff, level.packages)] if image.diff else []),
        layers(image, report, level.layers),
        waste(image, report, level.wasted),
    ]
    yield from (section for section in found if section is not None)


def _footer(report: Report, report_url: str | None, *, shortened: bool) -> str:
    parts = [f"weighbridge {markdown(report.tool_version, 40)}", _revisions(report)]
    if report_url is not None:
        parts.append(f"[full report]({report_url})")
    if any(isinstance(image.head, WeighedImage) and image.head.packed.estimated for image in report.images):
        parts.append("≈ packed sizes are estimates until pushed")
    if (again := recorded_base(report)) is not None:
        parts.append(marked(spans(again)))
    if shortened:
        parts.append("shortened: the job summary and the report's files hold the rest")
    return " · ".join(parts)


def _revisions(report: Report) -> str:
    told = " → ".join(_short(revision) for revision in (report.base, report.head) if revision is not None)
    url = compare_url(report)
    return told if url is None else f"[{told}]({url})"


def _short(revision: Revision) -> str:
    return code(revision.commit[:7] if revision.commit else revision.label, 60)
