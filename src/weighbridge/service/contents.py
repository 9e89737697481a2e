"""What is known of an image's newest record, row by row: its findings and its packages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from weighbridge.service import ingest_statements as statements
from weighbridge.service import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    Rows = Sequence[Mapping[str, object]]
    Kind = type[tables.Finding | tables.Package]


def put_findings(connection: Connection, image_id: int, rows: Rows) -> None:
    """An image has these from now on, in this order, and no others."""
    if [tuple(row.values()) for row in rows] != [values for _, values in _there(connection, tables.Finding, image_id)]:
        _replace(connection, tables.Finding, image_id, rows)


def put_packages(connection: Connection, image_id: int, rows: Rows) -> None:
    """An image has these from now on, and no others. Of hundreds few change at a time: only those are written."""
    new = Counter(tuple(row.values()) for row in rows)
    gone = []
    for number, values in _there(connection, tables.Package, image_id):
        if new[values]:
            new[values] -= 1
        else:
            gone.append({"row": number})
    if len(gone) > len(rows) // 2:
        _replace(connection, tables.Package, image_id, rows)
        return
    if gone:
        statements.run_many(connection, statements.drop_row(tables.Package), gone)
    _put(connection, tables.Package, image_id, [dict(zip(rows[0], values, strict=True)) for values in new.elements()])


def _there(connection: Connection, table: Kind, image_id: int) -> list[tuple[int, tuple[object, ...]]]:
    """The number of each row, and its values as they are written."""
    found = statements.run(connection, statements.find_rows(table), {"image": image_id})
    return [(row[0], tuple(row[1:])) for row in found]


def _replace(connection: Connection, table: Kind, image_id: int, rows: Rows) -> None:
    statements.run(connection, statements.drop_rows(table), {"image": image_id})
    _put(connection, table, image_id, rows)


def _put(connection: Connection, table: Kind, image_id: int, rows: Rows) -> None:
    if rows:
        statements.run_many(connection, statements.put_rows(table), [{**row, "image_id": image_id} for row in rows])
