"""What is kept, out of the service as JSON lines (`transfer_in` takes them in); and a copy of SQLite while it runs.

Each line stands for itself, what it needs stands before it: `kind` says what it is (`repository`, `report`, `pull`,
`layer`). One without it is a record as a history branch has it (core/wire/records.py), with what only the service knows
beside it: `repository`, `pull`, `trunk`, `base_size`, and the digest of its `report`. Texts of reports and layers are
as they are stored, packed with zstandard, in base64. Nobody's accounts, tokens and webhooks are in it.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import and_, or_, select

from weighbridge.errors import UsageError
from weighbridge.service import tables
from weighbridge.service.details import KIND
from weighbridge.service.renewal import MAX_LINE
from weighbridge.service.store import named
from weighbridge.service.tables_details import LayerFiles
from weighbridge.service.values import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from weighbridge.service.database import Database
    from weighbridge.service.running import Service

_BATCH = 200


def export(service: Service, out: TextIO, *, records_only: bool = False) -> None:
    """Writes everything that pages show, or what a history branch could hold. Raises StoreUnavailable."""
    parts = [_repositories, _records] if records_only else [_repositories, _reports, _records, _pulls, _layers]
    for part in parts:
        out.writelines(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n" for value in part(service))


def _repositories(service: Service) -> Iterator[dict[str, Any]]:
    table = tables.Repository
    told = (table.name, table.private, table.default_branch, table.github_id, table.created, table.gone)
    for row in _all(service.database, select(table.id, *told), table.id):
        yield {"kind": "repository", **_told(row)}


def _reports(service: Service) -> Iterator[dict[str, Any]]:
    """Those that records refer to, and that are not lost."""
    table = tables.Report
    told = (table.commit, table.pull, table.received, table.actor, table.digest)
    statement = (
        select(table.id, tables.Repository.name.label("repository"), *told)
        .join(tables.Repository, tables.Repository.id == table.repository_id)
        .where(select(tables.Record.id).where(tables.Record.report_id == table.id).exists())
    )
    for row in _all(service.database, statement, table.id):
        content = service.store.get(named("reports", row.digest))
        if content is not None:
            yield {"kind": "report", **_told(row), "content": base64.b64encode(content).decode()}


def _records(service: Service) -> Iterator[dict[str, Any]]:
    table = tables.Record
    told = (table.pull, table.trunk, table.base_size, table.ref, table.release)
    statement = (
        select(
            table.id,
            table.line,
            tables.Repository.name.label("repository"),
            tables.Report.digest.label("report"),
            *told,
        )
        .join(tables.Image, tables.Image.id == table.image_id)
        .join(tables.Repository, tables.Repository.id == tables.Image.repository_id)
        .outerjoin(tables.Report, tables.Report.id == table.report_id)
    )
    for row in _all(service.database, statement, table.id):
        value = _told(row)
        # The columns win: the line may have been written before a tag was known.
        yield {**json.loads(unpacked(value.pop("line"), MAX_LINE)), **value}


def _pulls(service: Service) -> Iterator[dict[str, Any]]:
    table = tables.Pull
    statement = select(
        table.id, tables.Repository.name.label("repository"), table.number, table.open, table.commit, table.updated
    ).join(tables.Repository, tables.Repository.id == table.repository_id)
    for row in _all(service.database, statement, table.id):
        yield {"kind": "pull", **_told(row)}


def _layers(service: Service) -> Iterator[dict[str, Any]]:
    """The document of a layer that several have stands at the first of them."""
    table = LayerFiles
    statement = select(
        table.id, tables.Repository.name.label("repository"), table.pull, table.diff_id, table.digest, table.used
    ).join(tables.Repository, tables.Repository.id == table.repository_id)
    digest, key = "", -1
    while True:
        after = or_(table.digest > digest, and_(table.digest == digest, table.id > key))
        with service.database.reading() as session:
            rows = session.execute(statement.where(after).order_by(table.digest, table.id).limit(_BATCH)).all()
        if not rows:
            return
        for row in rows:
            content = None if row.digest == digest else service.store.get(named(KIND, row.digest))
            more = {} if content is None else {"content": base64.b64encode(content).decode()}
            yield {"kind": "layer", **_told(row), **more}
            digest, key = row.digest, row.id


def _told(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._asdict().items() if name != "id"}


def _all(database: Database, statement: Any, key: Any) -> Iterator[Any]:
    last = -1
    while True:
        with database.reading() as session:
            rows = session.execute(statement.where(key > last).order_by(key).limit(_BATCH)).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].id


def backup(database: Database, path: Path) -> None:
    """A copy of SQLite's database, whole, while it is written to. Raises UsageError for another one, and OSError."""
    if not database.sqlite:
        raise UsageError("on PostgreSQL its own tool makes the copy: pg_dump --format=custom --file FILE URL")
    if path.exists():
        raise UsageError(f"{path} is there already: choose another name")
    source = sqlite3.connect(f"file:{database.engine.url.database}?mode=ro", uri=True)
    copy = sqlite3.connect(path)
    try:
        source.backup(copy, pages=1000)
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        source.close()
