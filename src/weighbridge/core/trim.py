"""Makes a report small enough to be kept inside a comment: what the comment shows by default stays longest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.core.fixes.best import best
from weighbridge.model.change import Cause
from weighbridge.model.image import ImageConfig
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.change import ImageDiff
    from weighbridge.model.fix import Fix
    from weighbridge.model.report import ImageReport, Report, WeighedImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How many of each are kept of an image; the causes beyond are added up in one more.

    `patch` is in characters; a longer one is left out whole.
    """

    causes: int
    layers: bool
    files: int
    packages: int
    log_lines: int
    findings: int = 0
    patch: int = 0


LEVELS = (
    Level(causes=50, layers=True, files=10, packages=10, log_lines=20, findings=20, patch=4_000),
    Level(causes=20, layers=False, files=5, packages=5, log_lines=5, findings=10),
    Level(causes=5, layers=False, files=0, packages=0, log_lines=0),
    Level(causes=0, layers=False, files=0, packages=0, log_lines=0),
)
"""Mildest first."""


def trim(report: Report, level: Level = LEVELS[0]) -> Report:
    """The report without tree, file lists, configuration and what else the level drops; all sums stay as they are."""
    return replace(report, images=tuple(_trim_image(image, level) for image in report.images))


def _trim_image(image: ImageReport, level: Level) -> ImageReport:
    base = image.base
    return replace(
        image,
        base=None if base is None else _trim_side(base, level),
        head=_trim_side(image.head, level),
        diff=None if image.diff is None else _trim_diff(image.diff, level),
        fixes=tuple(_trim_fixes(image.fixes, level)),
        findings=tuple(replace(finding, evidence=()) for finding in image.findings[: level.findings]),
    )


def _trim_fixes(fixes: tuple[Fix, ...], level: Level) -> Iterator[Fix]:
    """The one that is told, without the files' texts, which the patch says again."""
    told = best(fixes)
    if told is not None:
        edits = tuple(replace(edit, before=None, after=None) for edit in told.candidate.edits)
        candidate = replace(told.candidate, dockerfile_text="", ignore_text=None, edits=edits)
        patch = told.patch if len(told.patch) <= level.patch else ""
        yield replace(told, candidate=candidate, patch=patch)


def _trim_side(side: WeighedImage | Unavailable, level: Level) -> WeighedImage | Unavailable:
    if isinstance(side, Unavailable):
        return replace(side, log_tail=side.log_tail[max(0, len(side.log_tail) - level.log_lines) :])
    return replace(
        side,
        layers=side.layers if level.layers else (),
        config=ImageConfig(),
        packages=(),
        largest_files=(),
        wasted_paths=(),
        duplicates=(),
        tree=replace(side.tree, children=()),
    )


def _trim_diff(diff: ImageDiff, level: Level) -> ImageDiff:
    return replace(
        diff,
        causes=_trim_causes(diff.causes, level.causes),
        layers=diff.layers if level.layers else (),
        files=diff.files[: level.files],
        packages=diff.packages[: level.packages],
    )


def _trim_causes(causes: tuple[Cause, ...], limit: int) -> tuple[Cause, ...]:
    kept, rest = causes[:limit], causes[limit:]
    if not rest:
        return kept
    if len(rest) == 1:
        return (*kept, replace(rest[0], phrase=rest[0].phrase[:200]))
    return (*kept, Cause(delta=sum(cause.delta for cause in rest), phrase=f"{len(rest)} smaller causes"))
