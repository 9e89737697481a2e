"""`badge` and `chart`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.base import app, epilog
from weighbridge.cli.ending import ending
from weighbridge.cli.options import ConfigOption, HistoryBranchOption
from weighbridge.core.badges.choices import Kind, Style
from weighbridge.core.charts.choices import ChartKind, Theme


class BadgeFormat(StrEnum):
    """How a badge is printed."""

    SVG = "svg"
    ENDPOINT = "endpoint"


ImageOption = Annotated[
    str | None, typer.Option("--image", help="Of several images the one by that name.", metavar="NAME")
]
PlatformOption = Annotated[
    str | None, typer.Option("--platform", help="Of several platforms this one, as linux/arm64.", metavar="PLATFORM")
]
BranchOption = Annotated[
    str | None,
    typer.Option(
        "--branch", help="Draw releases and this branch; the one that most records are of if not given.", metavar="NAME"
    ),
]
FileOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write it to FILE instead of stdout.", metavar="FILE")
]


@app.command(
    epilog=epilog(
        "badge -o size.svg",
        "badge --kind change --style for-the-badge -o change.svg",
        "badge report.json --kind saving --format endpoint -o saving.json",
    )
)
def badge(
    report: Annotated[
        Path | None,
        typer.Argument(help="What --format json wrote; the history's newest record if not given.", metavar="REPORT"),
    ] = None,
    kind: Annotated[
        Kind, typer.Option("--kind", help="size, packed, change, layers or saving.", metavar="KIND")
    ] = Kind.SIZE,
    style: Annotated[
        Style, typer.Option("--style", help="flat, flat-square, plastic or for-the-badge.", metavar="STYLE")
    ] = Style.FLAT,
    label: Annotated[
        str | None, typer.Option("--label", help="Its left half, which may be empty.", metavar="TEXT")
    ] = None,
    image: ImageOption = None,
    platform: PlatformOption = None,
    branch: BranchOption = None,
    history_branch: HistoryBranchOption = None,
    config: ConfigOption = None,
    output_format: Annotated[
        BadgeFormat,
        typer.Option("--format", help="svg, or endpoint: a document that shields.io draws.", metavar="FORMAT"),
    ] = BadgeFormat.SVG,
    output: FileOption = None,
) -> None:
    """Draws a badge of what an image weighs."""
    with ending():
        from weighbridge import commands, picture_commands
        from weighbridge.core.badges.layout import endpoint, svg

        subject = picture_commands.Subject(image=image, platform=platform, branch=branch)
        if report is not None:
            made = picture_commands.badge_of_report(report, subject, kind, label)
        else:
            given = {"config": config, "history-branch": history_branch}
            made = picture_commands.badge_of_history(given, subject, kind, label)
        document = json.dumps(endpoint(made), ensure_ascii=False) + "\n"
        commands.deliver(svg(made, style) if output_format is BadgeFormat.SVG else document, output)


@app.command(epilog=epilog("chart -o size.svg", "chart --kind layers --image api --since 1y -o layers.svg"))
def chart(
    kind: Annotated[
        ChartKind, typer.Option("--kind", help="size, packed, layers or packages.", metavar="KIND")
    ] = ChartKind.SIZE,
    theme: Annotated[
        Theme, typer.Option("--theme", help="light or dark; auto follows the reader's.", metavar="THEME")
    ] = Theme.AUTO,
    image: ImageOption = None,
    platform: PlatformOption = None,
    branch: BranchOption = None,
    since: Annotated[
        str | None,
        typer.Option(help="From then on: a date, an age (90d, 12w, 6m, 2y), a release or a commit.", metavar="WHEN"),
    ] = None,
    history_branch: HistoryBranchOption = None,
    config: ConfigOption = None,
    output: FileOption = None,
) -> None:
    """Draws what the images weighed over time: SVG with releases, budget, and colours for light and dark pages."""
    with ending():
        from weighbridge import commands, picture_commands

        subject = picture_commands.Subject(image=image, platform=platform, branch=branch)
        given = {"config": config, "history-branch": history_branch}
        commands.deliver(picture_commands.chart(given, subject, kind, theme, since=since), output)
