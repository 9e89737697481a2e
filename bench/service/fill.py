"""Many rows into a database at once, past the application."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from sqlalchemy import Table, text
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from weighbridge.service import schema
from weighbridge.service.database import Database
from weighbridge.service.tables import Base

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.service.fleet import Fleet, Row

_BATCH = 5_000


def fill(url: str, fleet: Fleet) -> None:
    """Makes the tables and writes a fleet's rows into them."""
    database = Database(url)
    schema.upgrade(database)
    for name, rows in fleet.tables():
        table = Base.metadata.tables[name]
        (_insert if database.sqlite else _copy)(database, table, _complete(table, rows))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        if not database.sqlite:
            connection.execute(text("VACUUM"))
    database.close()


def _complete(table: Table, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows with the defaults that the application would write."""
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if isinstance(column.default, ScalarElementColumnDefault)
    }
    return ({**defaults, **row} for row in rows)


def _insert(database: Database, table: Table, rows: Iterator[Row]) -> None:
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        while batch := list(itertools.islice(rows, _BATCH)):
            names = list(batch[0])
            marks = ", ".join("?" * len(names))
            columns = ", ".join(f'"{name}"' for name in names)
            cursor.execute("BEGIN")
            cursor.executemany(
                f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})',  # noqa: S608 - our own names
                [tuple(row.values()) for row in batch],
            )
            cursor.execute("COMMIT")
    finally:
        connection.close()


def _copy(database: Database, table: Table, rows: Iterator[Row]) -> None:
    connection = database.engine.raw_connection()
    try:
        first = next(rows)
        columns = ", ".join(f'"{name}"' for name in first)
        cursor = connection.cursor()
        with cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
            for row in itertools.chain([first], rows):
                copy.write_row(tuple(row.values()))
        # The rows brought their numbers: those that follow go on after them.
        newest = f"SELECT max(id) FROM {table.name}"  # noqa: S608
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), ({newest}))")
        connection.commit()
    finally:
        connection.close()
