"""The report on a terminal: plain text, aligned, coloured only where asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.core.names import shown_path
from weighbridge.core.rendering.columns import bar, fit, shorten
from weighbridge.core.rendering.escape import log_line, plain
from weighbridge.core.rendering.fixes import fix_words
from weighbridge.core.rendering.headline import recorded_base, sentence, text_of, unavailable, words
from weighbridge.core.rendering.parts import files, packages
from weighbridge.core.rendering.parts.causes import excuse, split
from weighbridge.core.rendering.parts.findings import weight, worth_telling
from weighbridge.core.rendering.parts.layers import change_of
from weighbridge.core.rendering.parts.logs import telling
from weighbridge.core.rendering.units import format_delta, format_percent, format_size
from weighbridge.model.budget import Status
from weighbridge.model.change import Change
from weighbridge.model.report import Unavailable, WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.change import Cause, ImageDiff
    from weighbridge.model.image import Layer, SourceLine
    from weighbridge.model.report import ImageReport, Report

_ROWS = 15
_FEW = 5
_LOG_LINES = 20
_BARS = ((100, 12), (80, 6), (0, 0))
"""From how many columns on a bar has how many cells."""
_NARROWEST = 60
_ROOMY = 80
"""From how many columns on a finding's rule is named."""
_PLACE = 30
_COLORS = {Status.PASS: "32", Status.WARN: "33", Status.UNKNOWN: "35", Status.FAIL: "31"}
_BOLD, _DIM, _RED, _GREEN = "1", "2", "31", "32"
_DELTA = re.compile(r"\A( *)([+−])([0-9.]+ [kMGTPE]?B)\b")


def render_text(report: Report, *, color: bool = False, width: int = 100) -> str:
    """The report as text with a line end; tables are at most `width` columns wide, but have sixty at least."""
    text = _Text(report, color=color, width=max(width, _NARROWEST))
    lines = [line for image in report.images for line in (*text.image(image), "")]
    return "\n".join([*lines, *text.verdict()]).rstrip() + "\n"


class _Text:
    """The lines of one report."""

    def __init__(self, report: Report, *, color: bool, width: int) -> None:
        self._report = report
        self._color = color
        self._width = width

    def verdict(self) -> Iterator[str]:
        status = self._report.verdict.status
        yield f"verdict: {self._paint(status.value, _COLORS[status])}"
        # Reasons are sentences: they wrap by themselves, and somebody may search for them.
        yield from (f"  {plain(reason)}" for reason in self._report.verdict.reasons)
        if (again := recorded_base(self._report)) is not None:
            yield self._paint(plain(again), _DIM)

    def image(self, image: ImageReport) -> Iterator[str]:
        answer = f"{plain(image.name)} {text_of(sentence(image, self._report))}"
        yield self._paint(answer, f"{_BOLD};{_COLORS[image.verdict.status]}")
        yield self._paint(f"{plain(image.platform, 60)}, {words(image)}", _DIM)
        yield from self._sizes(image)
        yield from self._fix(image)
        for side, shown in (("head", image.head), ("base", image.base)):
            if isinstance(shown, Unavailable) and not shown.expected:
                yield from self._unavailable(side, shown, image)
        if image.diff is not None:
            yield from self._diff(image.diff)
        if isinstance(image.head, WeighedImage):
            yield from self._findings(image)
            yield from self._layers(image.head, image.diff)
            if image.diff is None:
                yield from self._contents(image.head)
            yield from self._waste(image.head)

    def _fix(self, image: ImageReport) -> Iterator[str]:
        answer, *more = fix_words(image) or [""]
        if answer:
            yield self._paint(answer, _GREEN) if image.fixes else answer
        yield from fit([[line] for line in more], "l", width=self._width, flexible=0, wrap=True)

    def _sizes(self, image: ImageReport) -> Iterator[str]:
        head = image.head
        if not isinstance(head, WeighedImage):
            return
        base = image.base if isinstance(image.base, WeighedImage) else None
        near = "≈ " if head.packed.estimated else ""
        measures = [
            ("unpacked", base.size if base else None, head.size, ""),
            ("packed", base.packed.size if base else None, head.packed.size, near),
            ("wasted", base.wasted if base else None, head.wasted, ""),
        ]
        rows = [_size_row(name, before, now, mark) for name, before, now, mark in measures]
        built = [
            f"{side.build_seconds:.1f} s" if side and side.build_seconds is not None else "" for side in (base, head)
        ]
        if any(built):
            rows.append(["built in", *built, "", ""])
        if base is None:
            yield from fit([[row[0], row[2]] for row in rows], "lr", width=self._width, flexible=0)
        else:
            yield from fit([["", "base", "head", "change", ""], *rows], "lrrrr", width=self._width, flexible=0)

    def _unavailable(self, side: str, shown: Unavailable, image: ImageReport) -> Iterator[str]:
        if side == "base":
            yield ""
            yield self._paint(f"The base {text_of(unavailable(shown, image, self._report, in_base=True))}", _BOLD)
        lines = telling(shown.log_tail)[-_LOG_LINES:]
        yield from (f"  │ {shorten(log_line(line), self._width - 4)}".rstrip() for line in lines)

    def _diff(self, diff: ImageDiff) -> Iterator[str]:
        told, rest = split(diff, _ROWS)
        causes = [
            [format_delta(cause.delta), self._phrase(cause), _place(cause.line, in_base=cause.in_base)]
            for cause in told
        ]
        if rest:
            causes.append([format_delta(sum(cause.delta for cause in rest)), f"{len(rest)} smaller changes", ""])
        yield from self._table("Why", causes, "rll", wrap=True)
        changed = [change for change in diff.files if change.delta or change.change is not Change.CHANGED]
        rows = [[format_delta(each.delta), plain(files.file_name(each)), files.what(each)] for each in changed]
        yield from self._table("Files", rows, "rll")
        rows = [
            [
                "unknown" if change.delta is None else format_delta(change.delta),
                f"{plain(change.name, 60)} ({change.ecosystem.value})",
                " → ".join(plain(version, 30) for version in (change.base_version, change.head_version) if version),
                packages.what(change),
            ]
            for change in diff.packages
        ]
        yield from self._table("Packages", rows, "rlll")

    def _findings(self, image: ImageReport) -> Iterator[str]:
        roomy = self._width >= _ROOMY
        rows = [
            [
                weight(finding),
                ("new: " if finding.introduced else "") + plain(finding.message),
                _place(finding.line),
                *([finding.rule] if roomy else []),
            ]
            for finding in worth_telling(image, self._report)
        ]
        yield from self._table("Findings", rows, "rlll" if roomy else "rll", wrap=True)

    def _phrase(self, cause: Cause) -> str:
        reason = excuse(cause, self._report)
        return plain(cause.phrase) + (f" ({reason})" if reason else "")

    def _layers(self, head: WeighedImage, diff: ImageDiff | None) -> Iterator[str]:
        largest = max((layer.size for layer in head.layers), default=0)
        cells = next(cells for width, cells in _BARS if self._width >= width)
        rows = [
            [
                format_size(layer.size),
                *([bar(layer.size, largest, cells)] if cells else []),
                *([format_delta(change_of(layer, diff))] if diff else []),
                _made_by(layer),
                _place(layer.line),
            ]
            for layer in head.layers
        ]
        align = "r" + ("l" if cells else "") + ("r" if diff else "") + "ll"
        yield from self._table("Layers, the oldest first", rows, align, flexible=len(align) - 2, most=len(rows))

    def _contents(self, head: WeighedImage) -> Iterator[str]:
        rows = [[format_size(file.size), plain(shown_path(file.path))] for file in head.largest_files]
        yield from self._table("Largest files", rows, "rl")
        rows = [
            [
                "unknown" if package.size is None else format_size(package.size),
                f"{plain(package.name, 60)} ({package.ecosystem.value})",
                plain(package.version, 40),
            ]
            for package in head.packages
        ]
        yield from self._table("Largest packages", rows, "rll")
        rows = [
            [format_size(each.redundant), plain(", ".join(shown_path(path) for path in each.paths[:3]))]
            for each in head.duplicates
        ]
        yield from self._table("The same content more than once", rows, "rl", most=_FEW)

    def _waste(self, head: WeighedImage) -> Iterator[str]:
        if not head.wasted:
            return
        rows = [
            [format_size(path.size), plain(shown_path(path.path)), _written_by(path.layer, head)]
            for path in head.wasted_paths
        ]
        yield from self._table(f"Wasted: {format_size(head.wasted)} that no container sees", rows, "rll", most=_FEW)

    def _table(
        self,
        title: str,
        rows: Sequence[Sequence[str]],
        align: str,
        *,
        flexible: int = 1,
        wrap: bool = False,
        most: int = _ROWS,
    ) -> Iterator[str]:
        if not rows:
            return
        yield ""
        yield self._paint(title, _BOLD)
        for line in fit(rows[:most], align, width=self._width, flexible=flexible, wrap=wrap):
            yield _DELTA.sub(self._delta, line)
        if len(rows) > most:
            yield f"  … and {len(rows) - most:,} more"

    def _delta(self, found: re.Match[str]) -> str:
        return found[1] + self._paint(found[2] + found[3], _RED if found[2] == "+" else _GREEN)

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text


def _size_row(name: str, before: int | None, now: int, near: str) -> list[str]:
    if before is None:
        return [name, "", near + format_size(now), "", ""]
    percent = format_percent(now - before, before) if now != before else ""
    return [name, near + format_size(before), near + format_size(now), format_delta(now - before), percent or ""]


def _made_by(layer: Layer) -> str:
    return ("base image: " if layer.from_base else "") + (plain(layer.created_by) or "unknown")


def _place(line: SourceLine | None, *, in_base: bool = False) -> str:
    return "" if line is None else shorten(plain(str(line)), _PLACE) + (" (base)" if in_base else "")


def _written_by(number: int, head: WeighedImage) -> str:
    layer = head.layers[number] if number < len(head.layers) else None
    if layer is not None and layer.from_base:
        return "base image"
    return _place(layer.line if layer else None) or f"layer {number + 1}"
