"""The report on a terminal: plain text, aligned, coloured only where asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate

from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.headline import sentence
from weighbridge.core.rendering.units import format_delta, format_size
from weighbridge.model.budget import Status
from weighbridge.model.change import Change
from weighbridge.model.report import Unavailable, WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.change import ImageDiff
    from weighbridge.model.report import ImageReport, Report

_ROWS = 15
_LOG_LINES = 20
_COLORS = {Status.PASS: "32", Status.WARN: "33", Status.UNKNOWN: "35", Status.FAIL: "31"}
_BAR = 12


def render_text(report: Report, *, color: bool = False, width: int = 100) -> str:
    """The report as text with a line end; lines are cut to `width` columns."""
    painter = _Painter(color)
    lines: list[str] = []
    for image in report.images:
        lines += [*_image(image, report, painter, max(width, 60)), ""]
    lines.append(_verdict(report, painter))
    lines += [f"  {plain(reason)}" for reason in report.verdict.reasons]
    return "\n".join(lines).rstrip() + "\n"


class _Painter:
    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text


def _verdict(report: Report, painter: _Painter) -> str:
    return f"verdict: {painter(report.verdict.status.value, _COLORS[report.verdict.status])}"


def _image(image: ImageReport, report: Report, painter: _Painter, width: int) -> Iterator[str]:
    answer = f"{plain(image.name)} {sentence(image, report)}"
    yield painter(answer, f"1;{_COLORS[image.verdict.status]}")
    yield from _sides(image)
    for side, shown in (("head", image.head), ("base", image.base)):
        if isinstance(shown, Unavailable):
            yield from _unavailable(side, shown)
    if image.diff is not None:
        yield from _diff(image.diff, width)
    if isinstance(image.head, WeighedImage):
        yield from _layers(image.head, width)
        if image.diff is None:
            yield from _contents(image.head, width)
        yield from _waste(image.head, width)


def _sides(image: ImageReport) -> Iterator[str]:
    rows = []
    for side, shown in (("base", image.base), ("head", image.head)):
        if isinstance(shown, WeighedImage):
            packed = ("≈ " if shown.packed.estimated else "") + format_size(shown.packed.size)
            built = "" if shown.build_seconds is None else f"built in {shown.build_seconds:.1f} s"
            rows.append([side, image.platform, f"{format_size(shown.size)} unpacked", f"{packed} packed", built])
    if rows:
        yield tabulate(rows, tablefmt="plain", disable_numparse=True)


def _unavailable(side: str, shown: Unavailable) -> Iterator[str]:
    yield ""
    yield f"The {side} could not be weighed: {plain(shown.reason)}"
    yield from (f"  │ {plain(line, 200)}" for line in shown.log_tail[-_LOG_LINES:])


def _diff(diff: ImageDiff, width: int) -> Iterator[str]:
    causes = [cause for cause in diff.causes if cause.delta]
    yield from _table(
        "Why",
        [
            [format_delta(cause.delta), plain(cause.phrase, width - 40), plain(str(cause.line or ""), 60)]
            for cause in causes
        ],
    )
    files = [change for change in diff.files if change.delta or change.change is not Change.CHANGED]
    yield from _table(
        "Files",
        [
            [
                format_delta(change.delta),
                plain(change.path, width - 40),
                change.change.value + (f", {change.files:,} files" if change.files != 1 else ""),
            ]
            for change in files
        ],
    )
    yield from _table(
        "Packages",
        [
            [
                "unknown" if change.delta is None else format_delta(change.delta),
                f"{plain(change.name, 60)} ({change.ecosystem.value})",
                " → ".join(plain(version, 40) for version in (change.base_version, change.head_version) if version),
                "added" if change.base_version is None else "removed" if change.head_version is None else "changed",
            ]
            for change in diff.packages
        ],
    )


def _layers(head: WeighedImage, width: int) -> Iterator[str]:
    largest = max((layer.size for layer in head.layers), default=0)
    rows = []
    for layer in head.layers:
        bar = "█" * round(_BAR * layer.size / largest) if largest else ""
        made = "base image: " if layer.from_base else ""
        rows.append(
            [
                format_size(layer.size),
                bar.ljust(_BAR),
                plain(made + (layer.created_by or "unknown"), width - 50),
                plain(str(layer.line or ""), 60),
            ]
        )
    yield from _table("Layers, the oldest first", rows, most=len(rows))


def _contents(head: WeighedImage, width: int) -> Iterator[str]:
    yield from _table(
        "Largest files", [[format_size(file.size), plain(file.path, width - 20)] for file in head.largest_files]
    )
    yield from _table(
        "Largest packages",
        [
            [
                "unknown" if package.size is None else format_size(package.size),
                f"{plain(package.name, 60)} ({package.ecosystem.value})",
                plain(package.version, 40),
            ]
            for package in head.packages
        ],
    )
    yield from _table(
        "The same content more than once",
        [
            [format_size(duplicate.redundant), plain(", ".join(duplicate.paths[:3]), width - 20)]
            for duplicate in head.duplicates
        ],
        most=5,
    )


def _waste(head: WeighedImage, width: int) -> Iterator[str]:
    if head.wasted:
        yield from _table(
            f"Wasted: {format_size(head.wasted)} that no container sees",
            [
                [format_size(path.size), plain(path.path, width - 30), f"layer {path.layer + 1}"]
                for path in head.wasted_paths
            ],
            most=5,
        )


def _table(title: str, rows: Sequence[Sequence[str]], most: int = _ROWS) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield title
    align = ["right", *["left"] * (len(rows[0]) - 1)]
    text = tabulate(rows[:most], tablefmt="plain", colalign=align, disable_numparse=True)
    yield from (f"  {line.rstrip()}" for line in text.splitlines())
    if len(rows) > most:
        yield f"  … and {len(rows) - most} more"
