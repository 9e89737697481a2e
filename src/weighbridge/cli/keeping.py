"""`admin export`, `import`, `backup`, `tokens`, `revoke`, `retention`: keeping the reporting service."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge.cli.base import FLAG
from weighbridge.cli.ending import ending
from weighbridge.cli.serve import Data, Database, admin
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.service.running import Service


@contextmanager
def _opened(data: Path | None, database: str | None) -> Iterator[Service]:
    from weighbridge.service import configuration, running, schema

    service = running.assembled(configuration.configured(data=data, database_url=database))
    schema.upgrade(service.database)
    try:
        yield service
    finally:
        service.database.close()


@admin.command("export")
def export(
    records: Annotated[
        bool,
        typer.Option("--records", help="Records alone, without reports, pull requests and files.", metavar=FLAG),
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Prints all that pages show, JSON line by line; no accounts, tokens and webhooks."""
    with ending(), _opened(data, database) as service:
        from weighbridge.service import transfer

        transfer.export(service, sys.stdout, records_only=records)


@admin.command("import")
def take_in(
    sources: Annotated[
        list[Path], typer.Argument(help="Files of JSON lines, or a checkout of a history branch.", metavar="PATH…")
    ],
    repository: Annotated[
        str | None, typer.Option(help="Whose records they are, where the lines do not tell.", metavar="OWNER/NAME")
    ] = None,
    private: Annotated[
        bool,
        typer.Option("--private", help="New repositories are private, where the lines do not tell.", metavar=FLAG),
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Takes in what `export` printed, or what a repository's history branch holds; what is known stays as it is."""
    with ending(), _opened(data, database) as service:
        from weighbridge.service import transfer_in

        unsaid = transfer_in.Unsaid(repository=repository, private=private)
        for source in sources:
            files = sorted((source / "records").glob("*.jsonl")) if source.is_dir() else [source]
            if not files:
                raise UsageError(f"{source}: holds no records/*.jsonl")
            for file in files:
                try:
                    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
                        found = transfer_in.take_in(service, lines, unsaid)
                except OSError as error:
                    raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
                told = "".join(f", {found[kind]:,} {kind}s" for kind in ("report", "pull", "layer") if found[kind])
                typer.echo(
                    f"{file}: {found['new']:,} new, {found['known']:,} known, {found['unread']:,} not read{told}"
                )


@admin.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.", metavar="FILE")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Copies SQLite's database, whole, while the service runs. For PostgreSQL there is pg_dump."""
    with ending():
        from weighbridge.service import configuration, transfer
        from weighbridge.service.database import Database as Opened

        opened = Opened(configuration.configured(data=data, database_url=database).database())
        try:
            transfer.backup(opened, file)
        except OSError as error:
            raise UsageError(f"{file}: cannot be written: {error.strerror}") from None
        finally:
            opened.close()


@admin.command("tokens")
def tokens(data: Data = None, database: Database = None) -> None:
    """Lists upload tokens, without what they are."""
    with ending(), _opened(data, database) as service:
        from weighbridge.service import tokens as kept
        from weighbridge.service.values import moment

        with service.database.reading() as session:
            for token in kept.every(session):
                state = "revoked" if token.revoked is not None else "valid"
                typer.echo(f"{token.name}\t{token.scope}\t{moment(token.created):%Y-%m-%d}\t{state}")


@admin.command("retention")
def retention(data: Data = None, database: Database = None) -> None:
    """Lets go of what is old now, by the rules of the configuration."""
    with ending(), _opened(data, database) as service:
        from weighbridge.service import retention as rules

        done = rules.run(service)
        typer.echo("\n".join(f"{count:,} {what}" for what, count in done.items()) or "nothing is old enough")
