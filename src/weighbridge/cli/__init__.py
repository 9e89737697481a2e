"""The command line. One of the two places where adapters are chosen (the other is `action`)."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated, NoReturn

import typer

from weighbridge.cli.base import FLAG, app
from weighbridge.cli.ending import complain
from weighbridge.errors import UsageError

# Commands register themselves, and are listed in the order in which they are imported
# isort: off
from weighbridge.cli import weigh  # noqa: F401
from weighbridge.cli import fix  # noqa: F401
from weighbridge.cli import bases  # noqa: F401
from weighbridge.cli import record  # noqa: F401
from weighbridge.cli import history  # noqa: F401
from weighbridge.cli import backfill  # noqa: F401
from weighbridge.cli import pictures  # noqa: F401
from weighbridge.cli import push  # noqa: F401
from weighbridge.cli import serve  # noqa: F401
from weighbridge.cli import keeping  # noqa: F401
from weighbridge.cli import webhooks  # noqa: F401
from weighbridge.cli import others  # noqa: F401
# isort: on

__all__ = ["app", "main"]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, metavar=FLAG)
    ] = False,
) -> None:
    if version:
        from weighbridge import __version__

        typer.echo(f"weighbridge {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.get_help()  # prints it, as the commands' --help does
        raise typer.Exit(2)


def main() -> NoReturn:
    """The `weighbridge` command."""
    # An image is hundreds of thousands of small values without a cycle among them, which the collector would walk
    # again and again.
    gc.set_threshold(1_000_000, 20, 20)
    # What hashes and compresses beside the reading asks for the interpreter between two pieces, and is not to wait for
    # it for longer than a piece takes.
    sys.setswitchinterval(0.0005)
    # Looking for plugins of what validates reads the records of every installed package, and some might be found.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        status = app(prog_name="weighbridge", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "weighbridge"
        message = error.format_message().rstrip(".").replace("Value error, ", "")
        complain(f"{message[:1].lower()}{message[1:]}; see {command} --help")
        status = error.exit_code
    except OSError as error:
        complain(f"standard output: cannot be written: {error.strerror}")
        status = UsageError.exit_status
    sys.exit(status)
