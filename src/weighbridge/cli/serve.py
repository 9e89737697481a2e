"""`serve` and `admin`: the reporting service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge.cli.base import FLAG, STATUSES, app, epilog
from weighbridge.cli.ending import ending
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from weighbridge.service.auth.keeping import Keeper

_INSTALL = "the service is not installed: pip install 'weighbridge[service]'"

Data = Annotated[Path | None, typer.Option(help="Folder of the database and of stored details.", metavar="FOLDER")]
Database = Annotated[
    str | None, typer.Option("--database", help="postgresql://… or sqlite:///FILE. Default: in the data folder.")
]


@app.command(epilog=epilog("serve --data /var/lib/weighbridge"))
def serve(
    data: Data = None,
    database: Database = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=64)] = 1,
) -> None:
    """The reporting service: receives reports of many repositories and shows them on one page."""
    with ending():
        try:
            from weighbridge.service import configuration, serving
        except ModuleNotFoundError as error:
            raise UsageError(f"{_INSTALL} ({error.name} is missing)") from None
        settings = configuration.configured(data=data, database_url=database)
        serving.serve(settings, host, port, workers, "weighbridge.weigher:application")


@app.command(epilog=epilog("worker --concurrency 4"))
def worker(
    data: Data = None,
    database: Database = None,
    concurrency: Annotated[int, typer.Option(help="Jobs at once.", min=1, max=64)] = 2,
    drain: Annotated[bool, typer.Option("--drain", help="End when nothing is left to do.", metavar=FLAG)] = False,
) -> None:
    """Does the reporting service's jobs; any number of workers on any machines share them."""
    with ending():
        try:
            from weighbridge.service import configuration, serving
        except ModuleNotFoundError as error:
            raise UsageError(f"{_INSTALL} ({error.name} is missing)") from None
        from weighbridge.weigher import RegistryWeigher

        settings = configuration.configured(data=data, database_url=database)
        serving.work(settings, concurrency, RegistryWeigher(), drain=drain)


admin = typer.Typer(help="Keeps the reporting service: tokens, export, import, migrations.", epilog=STATUSES)
app.add_typer(admin, name="admin")


@admin.command("token")
def token(
    name: Annotated[str, typer.Argument(help="What the token is called.")],
    scope: Annotated[str, typer.Argument(help="Whose reports it may send or read: owner/name, owner/* or *.")],
    read: Annotated[
        bool, typer.Option("--read", help="A token that reads through the API, and sends nothing.")
    ] = False,
    private: Annotated[
        bool | None,
        typer.Option("--private/--public", help="What its repositories are. Default: as is known of them."),
    ] = None,
    days: Annotated[int | None, typer.Option(help="How long it lasts. Default: until it is revoked.", min=1)] = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Makes a token and prints it, this once."""
    with ending():
        from weighbridge.service.auth.keeping import Kind, Order

        kind = Kind.READ if read else Kind.UPLOAD
        order = Order(name=name, scope=scope, kind=kind, private=private, days=days)
        typer.echo(_keeper(data, database).issue(order))


@admin.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="What the token is called.")],
    read: Annotated[bool, typer.Option("--read", help="A token that reads.")] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Ends a token at once; what it sent stays."""
    with ending():
        from weighbridge.service.auth.keeping import Kind

        _keeper(data, database).revoke(Kind.READ if read else Kind.UPLOAD, name)


def _keeper(data: Path | None, database: str | None) -> Keeper:
    """Who acts here has the database, and so all rights; the audit log names the command line."""
    from weighbridge.service import configuration, running, schema
    from weighbridge.service.auth.keeping import Keeper
    from weighbridge.service.auth.reader import Reader, Role

    service = running.assembled(configuration.configured(data=data, database_url=database))
    schema.upgrade(service.database)
    return Keeper(service, Reader(login="weighbridge admin", role=Role.ADMIN, readable=None))


@admin.command("migrate")
def migrate(data: Data = None, database: Database = None) -> None:
    """Brings the database's tables to what this version expects."""
    with ending():
        from weighbridge.service import configuration, running, schema

        schema.upgrade(running.assembled(configuration.configured(data=data, database_url=database)).database)
