"""`schema`, and what the action runs."""

from __future__ import annotations

from typing import Annotated

import typer

from weighbridge.cli.base import STATUSES, app, epilog
from weighbridge.cli.ending import ending
from weighbridge.cli.options import Document


@app.command(epilog=epilog("schema config > weighbridge.schema.json"))
def schema(
    document: Annotated[
        Document,
        typer.Argument(
            help="The configuration file, for editors; or the report, for who reads it.", metavar="config|report"
        ),
    ],
) -> None:
    """Prints a JSON Schema: of .weighbridge.yml, or of the report that --format json prints."""
    with ending():
        from weighbridge import commands

        typer.echo(commands.schema(document.value), nl=False)


@app.command(epilog=STATUSES)
def action() -> None:
    """What the action's container runs: everything comes from the environment."""
    with ending() as end:
        from weighbridge.action import run

        end(run())
