"""`history`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from weighbridge.cli.base import FLAG, app, epilog
from weighbridge.cli.ending import ending
from weighbridge.cli.options import ConfigOption, HistoryBranchOption, OutputOption, PlatformOption


class HistoryFormat(StrEnum):
    """How a history is printed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


@app.command(epilog=epilog("history", "history api --releases", "history --branch main --since 90d --format csv"))
def history(
    image: Annotated[str | None, typer.Argument(help="The image; all if not given.", metavar="IMAGE")] = None,
    platform: PlatformOption = None,
    branch: Annotated[str | None, typer.Option(help="Records of this branch only.", metavar="BRANCH")] = None,
    releases: Annotated[
        bool, typer.Option("--releases", help="Releases only, in the order of their versions.", metavar=FLAG)
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(help="From then on: a date, an age (90d, 12w, 6m, 2y), a release or a commit.", metavar="WHEN"),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Newest rows in the text; 0 for all.", metavar="N")] = 40,
    history_branch: HistoryBranchOption = None,
    config: ConfigOption = None,
    output_format: Annotated[
        HistoryFormat, typer.Option("--format", help="Print it as text, json or csv.", metavar="FORMAT")
    ] = HistoryFormat.TEXT,
    output: OutputOption = None,
) -> None:
    """Shows what the images weighed over time, and which commit made the biggest jump."""
    given = {"config": config, "history-branch": history_branch}
    with ending():
        from weighbridge import commands, history_commands
        from weighbridge.core.history.look import Wanted

        wanted = Wanted(image=image, platform=platform, ref=branch, releases=releases)
        text = history_commands.history(given, wanted, since=since, limit=limit, output_format=output_format.value)
        commands.deliver(text, output)
