"""What the command line's verbs that draw do: a badge of a report or of what is remembered, a chart of the latter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge import commands, history_commands
from weighbridge.core.badges import figures, kinds, remembered
from weighbridge.core.charts.picture import picture
from weighbridge.core.charts.remembered import chart as chart_of
from weighbridge.core.history.look import Wanted, main_line
from weighbridge.core.verdict import overall
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from weighbridge.core.badges.choices import Kind
    from weighbridge.core.badges.layout import Badge
    from weighbridge.core.charts.choices import ChartKind, Theme
    from weighbridge.core.history.look import Series
    from weighbridge.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is drawn, None: whichever. `branch` is the one whose weights count beside the releases'."""

    image: str | None = None
    platform: str | None = None
    branch: str | None = None


def badge_of_report(path: Path, subject: Subject, kind: Kind, label: str | None) -> Badge:
    """What a report says that was written as JSON. Raises UsageError."""
    return kinds.badge(kind, figures.figures(_part(commands.stored_report(path), subject, path)), label)


def badge_of_history(given: Mapping[str, object], subject: Subject, kind: Kind, label: str | None) -> Badge:
    """What the newest record says. Raises WeighbridgeError."""
    series = _series(given, subject)
    if len(series) > 1:
        names = ", ".join(f"{each.image} {each.platform}" for each in series)
        raise UsageError(f"a badge is of one image on one platform: name one of {names}")
    return kinds.badge(kind, remembered.figures(series[0]), label)


def chart(
    given: Mapping[str, object], subject: Subject, kind: ChartKind, theme: Theme, *, since: str | None = None
) -> str:
    """What is remembered, as SVG. Raises WeighbridgeError."""
    return picture(chart_of(kind, _series(given, subject, since=since)), theme)


def _series(given: Mapping[str, object], subject: Subject, *, since: str | None = None) -> tuple[Series, ...]:
    where = history_commands.place(given)
    wanted = Wanted(image=subject.image, platform=subject.platform)
    found = history_commands.recalled(where, wanted, since=since)
    if subject.branch is not None:
        found = tuple(each for each in found if any(record.ref == subject.branch for record in each.records))
        if not found:
            raise UsageError(f"nothing on {where.branch.name} was weighed for the branch {subject.branch}")
    return tuple(main_line(each, subject.branch) for each in found)


def _part(report: Report, subject: Subject, path: Path) -> Report:
    images = tuple(
        image
        for image in report.images
        if subject.image in (None, image.name) and subject.platform in (None, image.platform)
    )
    if not images:
        names = ", ".join(f"{image.name} {image.platform}" for image in report.images)
        raise UsageError(f"{path}: there is no such image in it, but {names or 'none at all'}")
    return replace(report, images=images, verdict=overall(images))
