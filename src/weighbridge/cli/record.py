"""`record`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.base import FLAG, app, epilog
from weighbridge.cli.ending import ending
from weighbridge.cli.options import (
    BuildArgOption,
    ConfigOption,
    ContextArgument,
    FileOption,
    HistoryBranchOption,
    NetworkOption,
    TargetOption,
    build_option,
)


@app.command(epilog=epilog("record", "record --head v1.2.0 --release v1.2.0", "record --report report.json"))
def record(
    context: ContextArgument = None,
    head: Annotated[str | None, typer.Option(help="What to weigh; HEAD if not given.", metavar="REV")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Record what this report weighed, and build nothing.", metavar="FILE")
    ] = None,
    ref: Annotated[
        str | None, typer.Option(help="Branch to record it for; the one checked out if not given.", metavar="BRANCH")
    ] = None,
    release: Annotated[str | None, typer.Option(help="Tag of the release that it is.", metavar="TAG")] = None,
    squash: Annotated[
        bool, typer.Option("--squash", help="Leave one commit on the history branch; weigh nothing.", metavar=FLAG)
    ] = False,
    history_branch: HistoryBranchOption = None,
    config: ConfigOption = None,
    file: FileOption = None,
    target: TargetOption = None,
    build_arg: BuildArgOption = None,
    platform: Annotated[
        list[str] | None, build_option("--platform", text="As linux/arm64; repeatable.", metavar="PLATFORM")
    ] = None,
    network: NetworkOption = None,
) -> None:
    """Weighs the images of a commit, or takes a report's, and remembers them on the history branch of origin."""
    given = {
        "context": context, "config": config, "file": file, "target": target, "build-args": build_arg,
        "platforms": platform, "network": network, "history-branch": history_branch,
    }  # fmt: skip
    with ending():
        from weighbridge import history_commands

        if squash:
            history_commands.squash(given)
        else:
            history_commands.record(given, head=head, report=report, ref=ref, release=release)
