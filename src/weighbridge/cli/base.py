"""The application that commands register with."""

from __future__ import annotations

import typer

STATUSES = "Exit status: 0 within budget · 1 over budget · 2 wrong usage or configuration · 3 could not be measured."
FLAG = ""
"""The metavar of an option without a value."""


def epilog(*examples: str) -> str:
    """What stands below a command's help: examples without the program's name, and the exit statuses."""
    return "\n\n".join([*(f"[bold]$ weighbridge {example}[/bold]" for example in examples), STATUSES])


app = typer.Typer(
    name="weighbridge",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Weighs container images: what grew, by how much, and which Dockerfile line did it.",
    epilog=STATUSES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
