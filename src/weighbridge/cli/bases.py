"""`bases`."""

from __future__ import annotations

from typing import Annotated

import typer

from weighbridge.cli.base import FLAG, app, epilog
from weighbridge.cli.ending import complain, ending
from weighbridge.cli.options import (
    BuildArgOption,
    ConfigOption,
    FileOption,
    Format,
    FormatOption,
    NetworkOption,
    OutputOption,
    TargetOption,
)
from weighbridge.errors import MeasurementError


@app.command(epilog=epilog("bases", "bases services/api --format markdown", "bases app:1.0 --no-run"))
def bases(
    subject: Annotated[
        str | None,
        typer.Argument(
            help="An image of the engine, or a build context, relative to the repository.", metavar="IMAGE|CONTEXT"
        ),
    ] = None,
    no_run: Annotated[
        bool, typer.Option("--no-run", help="Compute what would be missing; build and run nothing.", metavar=FLAG)
    ] = False,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, help="How long bases may take, all together.", metavar="MINUTES")
    ] = 20.0,
    config: ConfigOption = None,
    file: FileOption = None,
    target: TargetOption = None,
    build_arg: BuildArgOption = None,
    network: NetworkOption = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Compares the bases that could carry an image's program: size, what it would miss, and whether it runs there."""
    given = {"file": file, "target": target, "build-args": build_arg, "network": network, "config": config}
    with ending() as end:
        from weighbridge import commands

        compared, failed = commands.bases(subject, given, minutes=minutes, run=not no_run)
        commands.present_bases(compared, output_format.value, output)
        for name, reason in failed:
            complain(f"{name}: {reason}")
        end(MeasurementError.exit_status if failed else 0)
