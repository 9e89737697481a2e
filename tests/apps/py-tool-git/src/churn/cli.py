import collections
import subprocess
import sys

import click
from rich.console import Console
from rich.table import Table

from churn import __version__


@click.command()
@click.version_option(__version__)
@click.argument("repository", default=".")
def main(repository: str) -> None:
    """Print how many commits each author made."""
    log = subprocess.run(
        ["git", "-C", repository, "log", "--format=%an"], capture_output=True, text=True
    )
    if log.returncode:
        sys.exit(log.stderr)
    table = Table("author", "commits")
    for author, commits in collections.Counter(log.stdout.split("\n")[:-1]).most_common():
        table.add_row(author, str(commits))
    Console(width=60).print(table)
