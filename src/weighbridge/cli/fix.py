"""`fix`."""

from __future__ import annotations

from typing import Annotated

import typer

from weighbridge.cli.base import FLAG, app, epilog
from weighbridge.cli.ending import complain, ending
from weighbridge.cli.options import (
    BuildArgOption,
    ConfigOption,
    ContextArgument,
    FileOption,
    Format,
    FormatOption,
    MinimumChangeOption,
    NetworkOption,
    OutputOption,
    TargetOption,
)
from weighbridge.core.verdict import exit_status
from weighbridge.model.budget import Status


@app.command(epilog=epilog("fix", "fix services/api --apply", "fix --all --format json -o fixes.json"))
def fix(
    context: ContextArgument = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write each image's best fix that is verified; nothing else.", metavar=FLAG)
    ] = False,
    every: Annotated[
        bool,
        typer.Option("--all", help="Every Dockerfile of the repository, configured or not.", metavar=FLAG),
    ] = False,
    minutes: Annotated[
        float,
        typer.Option("--minutes", min=0.1, help="How long the candidates of one image may take.", metavar="MINUTES"),
    ] = 20.0,
    config: ConfigOption = None,
    file: FileOption = None,
    target: TargetOption = None,
    build_arg: BuildArgOption = None,
    network: NetworkOption = None,
    fix_network: Annotated[
        bool, typer.Option("--fix-network", help="Let the containers that it runs reach outside.", metavar=FLAG)
    ] = False,
    trace: Annotated[
        bool,
        typer.Option(
            "--trace",
            help="Run the original under strace, too: a fix must have every file that it was seen to open or start.",
            metavar=FLAG,
        ),
    ] = False,
    minimum_change: MinimumChangeOption = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Finds what makes the image heavy, rewrites the Dockerfile, builds, runs and weighs it; prints what is proven."""
    given = {
        "context": context, "file": file, "target": target, "build-args": build_arg, "network": network,
        "config": config, "minimum-change": minimum_change, "fix-network": fix_network or None,
        "fix-trace": trace or None,
    }  # fmt: skip
    with ending() as end:
        from weighbridge import commands

        report, tree = commands.fix(given, minutes=minutes, every=every)
        commands.present_fixes(report, output_format.value, output, every=every)
        if apply:
            for line in commands.apply(report, tree):
                complain(line)
        end(exit_status(report.verdict, frozenset({Status.UNKNOWN})))
