"""`admin webhook`: who is told of budgets that are exceeded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge.cli.base import STATUSES
from weighbridge.cli.ending import ending
from weighbridge.cli.serve import Data, Database, admin
from weighbridge.core.names import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.service.running import Service

webhook = typer.Typer(help="Tells other services of budgets that are exceeded.", epilog=STATUSES)
admin.add_typer(webhook, name="webhook")

Name = Annotated[str, typer.Argument(help="What the webhook is called.")]


@webhook.command("add")
def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="Where messages are sent to.")],
    scope: Annotated[str, typer.Argument(help="Whose images it is told of: owner/name, owner/* or *.")] = "*",
    data: Data = None,
    database: Database = None,
) -> None:
    """Makes a webhook, and prints the secret that its messages are signed with, this once."""
    with ending():
        from weighbridge.service.webhooks import registered

        typer.echo(registered.register(_service(data, database), name, url, scope))


@webhook.command("remove")
def remove(name: Name, data: Data = None, database: Database = None) -> None:
    """Ends a webhook, with what was still to be sent to it."""
    with ending():
        from weighbridge.service.webhooks import registered

        registered.remove(_service(data, database), name)


@webhook.command("list")
def listed(data: Data = None, database: Database = None) -> None:
    """Prints all webhooks."""
    with ending():
        from weighbridge.service.webhooks import registered

        with _service(data, database).database.reading() as session:
            for each in registered.registered(session):
                typer.echo(f"{one_line(each.name)}  {each.scope}  {each.url}")


@webhook.command("deliveries")
def deliveries(name: Name, data: Data = None, database: Database = None) -> None:
    """Prints the last messages to a webhook, the newest first, and what became of them."""
    with ending():
        from weighbridge.service.webhooks import registered

        with _service(data, database).database.reading() as session:
            for each in registered.deliveries(session, name):
                at = datetime.fromtimestamp(each.created, UTC).isoformat()
                told = f"{at}  {each.uid}  {each.kind}  {each.state} after {each.attempts} attempts"
                typer.echo(told + (f": {one_line(each.error)}" if each.error else ""))


def _service(data: Path | None, database: str | None) -> Service:
    from weighbridge.service import configuration, running, schema

    service = running.assembled(configuration.configured(data=data, database_url=database))
    schema.upgrade(service.database)
    return service
