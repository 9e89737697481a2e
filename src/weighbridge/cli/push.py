"""`push`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.base import app, epilog
from weighbridge.cli.ending import ending
from weighbridge.errors import UsageError


@app.command(epilog=epilog("push --service https://weighbridge.example", "push artifacts/ --service https://…"))
def push(
    reports: Annotated[
        list[Path] | None,
        typer.Argument(help="Reports in JSON, or folders with report.json files.", metavar="[REPORT]..."),
    ] = None,
    service: Annotated[
        str | None, typer.Option(envvar="WEIGHBRIDGE_SERVICE", help="Address of the service.", metavar="URL")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar=["WEIGHBRIDGE_TOKEN", "WEIGHBRIDGE_SERVICE_TOKEN"],
            help="Upload token; in a workflow the job's own identity if not given.",
            metavar="TOKEN",
        ),
    ] = None,
) -> None:
    """Sends stored reports to the reporting service; those that it has already change nothing there."""
    with ending() as end:
        from weighbridge import pushing

        if not service:
            raise UsageError("--service is needed: the address of the service, such as https://weighbridge.example")
        paths = reports or [Path("weighbridge-report")]
        if not pushing.push(paths, service, token or None, os.environ):
            end(UsageError.exit_status)
