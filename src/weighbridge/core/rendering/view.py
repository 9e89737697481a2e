"""What the Markdown templates show: a report's values as finished pieces of Markdown, at a level of detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabulate import tabulate

from weighbridge.core.rendering.escape import code, code_block, markdown
from weighbridge.core.rendering.headline import headline, status_words
from weighbridge.core.rendering.links import line_url
from weighbridge.core.rendering.units import format_delta, format_size
from weighbridge.model.change import Change, Origin
from weighbridge.model.report import Unavailable, WeighedImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.change import Cause, ImageDiff
    from weighbridge.model.image import SourceLine
    from weighbridge.model.report import ImageReport, Report, Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much detail is shown; rows of each table."""

    images: int = 200
    causes: int = 10
    layers: int = 60
    files: int = 25
    packages: int = 40
    wasted: int = 10
    log: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A folded part."""

    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageView:
    """One image's part of the comment. `title` is empty where the report has one image only."""

    title: str
    notes: tuple[str, ...]
    causes: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that the templates need."""

    headline: str
    reasons: tuple[str, ...]
    table: str
    images: tuple[ImageView, ...]
    footer: str


def view(report: Report, level: Level, *, report_url: str | None, shortened: bool) -> View:
    """The report at a level of detail."""
    several = len(report.images) > 1
    return View(
        headline=headline(report),
        reasons=tuple(markdown(reason) for reason in report.verdict.reasons[:20]),
        table=_images_table(report, level.images),
        images=tuple(
            shown for image in report.images if (shown := _image(image, report, level, titled=several)) is not None
        ),
        footer=_footer(report, report_url, shortened=shortened),
    )


def _images_table(report: Report, most: int) -> str:
    rows = [_image_row(image, report) for image in report.images[:most]]
    if len(report.images) > most:
        rows.append([f"and {len(report.images) - most} more", "", "", "", "", ""])
    commits = "base → head" if report.base is not None else "head"
    return _table(["image", commits, "unpacked", "packed (pull)", "wasted", "verdict"], rows, "llrrrl")


def _image_row(image: ImageReport, report: Report) -> list[str]:
    base, head = image.base, image.head
    packed = [_packed(side) for side in (base, head)]
    return [
        f"{code(image.name)} {markdown(image.platform, 60)}",
        " → ".join(_short(revision) for revision in (report.base, report.head) if revision is not None),
        _pair(_size(base), _size(head), image.diff.size if image.diff else None),
        _pair(packed[0], packed[1], image.diff.packed.size if image.diff else None),
        _pair(_wasted(base), _wasted(head), None),
        status_words(image),
    ]


def _pair(base: str | None, head: str | None, delta: int | None) -> str:
    if head is None:
        return "unknown"
    if base is None or (delta is None and base == head):
        return f"**{head}**" if base is None else head
    if delta is None:
        return f"{base} → {head}"
    return f"{head} (0)" if delta == 0 else f"{base} → **{head}** ({format_delta(delta)})"


def _size(side: WeighedImage | Unavailable | None) -> str | None:
    return format_size(side.size) if isinstance(side, WeighedImage) else None


def _packed(side: WeighedImage | Unavailable | None) -> str | None:
    if not isinstance(side, WeighedImage):
        return None
    return ("≈ " if side.packed.estimated else "") + format_size(side.packed.size)


def _wasted(side: WeighedImage | Unavailable | None) -> str | None:
    return format_size(side.wasted) if isinstance(side, WeighedImage) else None


def _image(image: ImageReport, report: Report, level: Level, *, titled: bool) -> ImageView | None:
    sections = tuple(section for section in _sections(image, report, level) if section.body)
    causes = _causes(image.diff, report, level.causes) if image.diff is not None else ""
    notes = tuple(_notes(image))
    if not (sections or causes or notes) or (titled and image.diff is not None and not _changed(image.diff)):
        return None
    return ImageView(
        title=f"{code(image.name)} {markdown(image.platform, 60)}" if titled else "",
        notes=notes,
        causes=causes,
        sections=sections,
    )


def _changed(diff: ImageDiff) -> bool:
    return bool(diff.size or diff.layers or diff.files or diff.packages)


def _notes(image: ImageReport) -> list[str]:
    notes = []
    if isinstance(image.head, Unavailable):
        notes.append(f"The head could not be weighed: {markdown(image.head.reason)}.")
    if isinstance(image.base, Unavailable):
        sentence = markdown(image.base.reason).rstrip(".")
        if image.base.expected:
            notes.append(f"Nothing to compare with: {sentence}.")
        else:
            notes.append(f"The base could not be weighed, so there is no difference to show: {sentence}.")
    return notes


def _causes(diff: ImageDiff, report: Report, most: int) -> str:
    causes = [cause for cause in diff.causes if cause.delta][:most]
    rows = [
        [format_delta(cause.delta), _phrase(cause), _line(cause.line, report, in_base=cause.in_base)]
        for cause in causes
    ]
    rest = diff.size - sum(cause.delta for cause in causes)
    hidden = sum(1 for cause in diff.causes if cause.delta) - len(causes)
    if hidden > 0:
        rows.append([format_delta(rest), f"{hidden} more", ""])
    return _table(["bytes", "cause", "line"], rows, "rll") if rows else ""


def _phrase(cause: Cause) -> str:
    text = markdown(cause.phrase)
    return f"{text} *(not this pull request)*" if cause.origin is Origin.BASE_IMAGE else text


def _line(line: SourceLine | None, report: Report, *, in_base: bool = False) -> str:
    if line is None:
        return ""
    text = code(str(line), 120) + (" (base)" if in_base else "")
    url = line_url(line, report, in_base=in_base)
    return text if url is None else f"[{text}]({url})"


def _sections(image: ImageReport, report: Report, level: Level) -> list[Section]:
    sections = []
    for side, shown in (("head", image.head), ("base", image.base)):
        if isinstance(shown, Unavailable) and shown.log_tail and level.log:
            log = code_block(shown.log_tail[-level.log :])
            sections.append(Section(title=f"The last lines of the {side}'s build log", body=log))
    if image.diff is not None:
        sections.append(Section(title="Largest changes in files", body=_files(image.diff, level.files)))
        sections.append(Section(title=_package_title(image.diff), body=_packages(image.diff, level.packages)))
    if isinstance(image.head, WeighedImage):
        sections.append(Section(title="Layers by line", body=_layers(image, report, level.layers)))
        sections.append(
            Section(
                title=f"Wasted: {format_size(image.head.wasted)} that no container sees",
                body=_wasted_paths(image.head, level.wasted),
            )
        )
    return sections


def _files(diff: ImageDiff, most: int) -> str:
    shown = [change for change in diff.files if change.delta or change.change is not Change.CHANGED][:most]
    rows = [
        [
            format_delta(change.delta),
            code(change.path + ("/" if change.directory and change.path != "/" else "")),
            change.change.value + (f", {change.files:,} files" if change.files != 1 else ""),
        ]
        for change in shown
    ]
    return _table(["bytes", "path", "what"], rows, "rll") if rows else ""


def _package_title(diff: ImageDiff) -> str:
    added = sum(1 for change in diff.packages if change.base_version is None)
    removed = sum(1 for change in diff.packages if change.head_version is None)
    moved = len(diff.packages) - added - removed
    parts = [f"{count} {word}" for count, word in ((added, "more"), (removed, "fewer"), (moved, "changed")) if count]
    return f"Packages: {', '.join(parts)}"


def _packages(diff: ImageDiff, most: int) -> str:
    rows = [
        [
            "unknown" if change.delta is None else format_delta(change.delta),
            f"{code(change.name, 100)} ({change.ecosystem.value})",
            " → ".join(code(version, 60) for version in (change.base_version, change.head_version) if version),
            "added" if change.base_version is None else "removed" if change.head_version is None else "changed",
        ]
        for change in diff.packages[:most]
    ]
    if len(diff.packages) > most and rows:
        rows.append(["", f"and {len(diff.packages) - most} more", "", ""])
    return _table(["bytes", "package", "version", "what"], rows, "rlll") if rows else ""


def _layers(image: ImageReport, report: Report, most: int) -> str:
    if not isinstance(image.head, WeighedImage) or not most:
        return ""
    changes = image.diff.layers if image.diff else ()
    by_diff_id = {change.head.diff_id: change for change in changes if change.head is not None}
    layers = image.head.layers
    rows = []
    for layer in layers[-most:]:
        change = by_diff_id.get(layer.diff_id)
        what = "base image" if layer.from_base else code(layer.created_by, 90)
        rows.append(
            [
                format_size(layer.size),
                format_delta(change.delta) if change else "0 B" if image.diff else "",
                ("≈ " if layer.packed.estimated else "") + format_size(layer.packed.size),
                what,
                _line(layer.line, report),
            ]
        )
    if len(layers) > most:
        rows.insert(0, ["", "", "", f"{len(layers) - most} older layers", ""])
    return _table(["unpacked", "change", "packed", "made by", "line"], rows, "rrrll") if rows else ""


def _wasted_paths(head: WeighedImage, most: int) -> str:
    if not head.wasted:
        return ""
    rows = [[format_size(path.size), code(path.path), f"layer {path.layer + 1}"] for path in head.wasted_paths[:most]]
    return _table(["bytes", "path", "in"], rows, "rll") if rows else ""


def _footer(report: Report, report_url: str | None, *, shortened: bool) -> str:
    parts = [f"weighbridge {markdown(report.tool_version, 40)}"]
    revisions = [_short(revision) for revision in (report.base, report.head) if revision is not None]
    parts.append("…".join(revisions))
    if report_url is not None:
        parts.append(f"[full report]({report_url})")
    if any(isinstance(image.head, WeighedImage) and image.head.packed.estimated for image in report.images):
        parts.append("≈ packed sizes are estimates until pushed")
    if shortened:
        parts.append("shortened: the job summary and the report's files hold the rest")
    return " · ".join(parts)


def _short(revision: Revision) -> str:
    return code(revision.commit[:7] if revision.commit else revision.label, 60)


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    sides = {"l": "left", "r": "right"}
    text = tabulate(
        rows, headers=headers, tablefmt="pipe", colalign=[sides[each] for each in align], disable_numparse=True
    )
    # The padding that lines columns up is for eyes that see the source; in a comment it would cost half the room.
    return "\n".join(_narrow(line) for line in text.splitlines())


def _narrow(line: str) -> str:
    while "  " in line:
        line = line.replace("  ", " ")
    while "---" in line and not line.strip("|:- "):
        line = line.replace("---", "--")
    return line
