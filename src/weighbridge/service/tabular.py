"""Tables as CSV: a row a thing, the API's own names as heads, sizes in bytes, what is unknown empty."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from weighbridge.core.rendering.tables import Table

MEDIA_TYPE = "text/csv; charset=utf-8"
MOST = 100_000
"""Rows of one file at most."""
PAGE = 200
_NUMBER = re.compile(r"−?[0-9][0-9,]*")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """How a table is given."""

    JSON = "json"
    CSV = "csv"


As = Annotated[Format, Query(description="`csv` gives all pages as one table.")]

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "name,size\r\napp,98200000\r\n"}}}
}
"""What a route that may give CSV says of it in the OpenAPI document."""


def table(name: str, kind: type[BaseModel], rows: Iterable[BaseModel]) -> StreamingResponse:
    """A file of rows, which is sent as it is made."""
    heads = list(kind.model_fields)
    values = ([_cell(getattr(row, head)) for head in heads] for row in rows)
    return _file(name, heads, values)


def shown(name: str, of: Table) -> StreamingResponse:
    """A table of a report's page: numbers where it sorts by numbers, texts otherwise."""
    heads = [column.name for column in of.columns]
    rows = (
        [_cell(_value(field, column.number)) for field, column in zip(row, of.columns, strict=True)] for row in of.rows
    )
    return _file(name, heads, rows)


def values(of: Table) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {column.name: _value(field, column.number) for field, column in zip(row, of.columns, strict=True)}
        for row in of.rows
    ]


def _value(field: Any, number: bool) -> Any:
    if not number:
        return field.text
    # Where nothing is known, the key is only there to sort by.
    return field.key if field.exact or _NUMBER.fullmatch(field.text) else None


def _file(name: str, heads: list[str], rows: Iterable[list[Any]]) -> StreamingResponse:
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe[:100]}.csv"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(_lines(heads, rows), media_type=MEDIA_TYPE, headers=headers)


def _lines(heads: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heads)
    for number, row in enumerate(rows):
        if number >= MOST:
            break
        writer.writerow(row)
        if text.tell() > 1 << 16:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _cell(value: Any) -> Any:
    """A spreadsheet runs text that begins like a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    text = value.value if isinstance(value, StrEnum) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def every(page: Callable[[str | None], tuple[Iterable[BaseModel], str | None]]) -> Iterator[BaseModel]:
    """All rows of all pages: `page` gives those after a cursor, and the next cursor."""
    cursor: str | None = None
    while True:
        rows, cursor = page(cursor)
        yield from rows
        if cursor is None:
            return
