"""`backfill`."""

from __future__ import annotations

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
    PlatformOption,
    TargetOption,
)
from weighbridge.errors import MeasurementError


@app.command(
    epilog=epilog("backfill --limit 10", "backfill --tags 'v2.*' --dry-run", "backfill --registry ghcr.io/octocat/app")
)
def backfill(
    context: ContextArgument = None,
    tags: Annotated[
        str | None, typer.Option("--tags", help="Tags to weigh, as 'v2.*'; all versions if not given.", metavar="GLOB")
    ] = None,
    pre_releases: Annotated[bool, typer.Option("--pre-releases", help="Pre-releases too.", metavar=FLAG)] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many, the highest first; 0 for all.", metavar="N")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be weighed.", metavar=FLAG)] = False,
    registry: Annotated[
        str | None,
        typer.Option(help="Weigh the tags of this repository, as ghcr.io/octocat/app; build nothing.", metavar="NAME"),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="The image that is in the registry, where several are configured.", metavar="IMAGE"),
    ] = None,
    platform: PlatformOption = None,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="Releases that are downloaded at once.", metavar="N")] = 4,
    history_branch: HistoryBranchOption = None,
    config: ConfigOption = None,
    file: FileOption = None,
    target: TargetOption = None,
    build_arg: BuildArgOption = None,
    network: NetworkOption = None,
) -> None:
    """Weighs the releases that are not recorded yet: git's tags, built, or a registry's; what is done stays done."""
    given = {
        "context": context, "config": config, "file": file, "target": target, "build-args": build_arg,
        "network": network, "history-branch": history_branch,
    }  # fmt: skip
    with ending() as end:
        from weighbridge import history_commands

        filling = history_commands.Filling(
            pattern=tags, prereleases=pre_releases, limit=limit, dry_run=dry_run, registry=registry, name=name,
            platform=platform, jobs=jobs,
        )  # fmt: skip
        failed = history_commands.backfill(given, filling)
        end(MeasurementError.exit_status if failed else 0)
