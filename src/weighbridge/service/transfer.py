"""Records out of the service and into it, as JSON lines; and a copy of its database while it runs.

A line is a record as a history branch has it (core/wire/records.py), with `repository`, `pull` and `trunk` beside it,
which files of a history branch lack: there the repository is given, and what no release made is of the branch.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, TextIO

from sqlalchemy import insert, select

from weighbridge.core.wire.records import load_records
from weighbridge.errors import UsageError
from weighbridge.service import tables
from weighbridge.service.database import upsert
from weighbridge.service.ingest import FOLDED
from weighbridge.service.renewal import MAX_LINE, renew
from weighbridge.service.values import plain, record_columns, seconds, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from weighbridge.model.record import Record
    from weighbridge.service.database import Database
    from weighbridge.service.running import Service

_BATCH = 200
_MAX_LINE = 300_000


def export(database: Database, out: TextIO) -> int:
    """Writes all records, oldest first within an image; the number of them."""
    record, image, repository = tables.Record, tables.Image, tables.Repository
    count, last = 0, -1
    while True:
        with database.reading() as session:
            rows = session.execute(
                select(record.id, record.line, record.pull, record.trunk, repository.name)
                .join(image, image.id == record.image_id)
                .join(repository, repository.id == image.repository_id)
                .where(record.id > last)
                .order_by(record.id)
                .limit(_BATCH)
            ).all()
        if not rows:
            return count
        for row in rows:
            value = json.loads(unpacked(row.line, MAX_LINE))
            told = {"repository": row.name, "pull": row.pull, "trunk": row.trunk, **value}
            out.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n")
        count, last = count + len(rows), rows[-1].id


def take_in(service: Service, lines: Iterable[str], repository: str | None) -> Counter[str]:
    """Keeps records that are not known yet, and says how many were `new`, `known` and `unread`.

    `repository` is whose they are, where the lines do not tell. Raises UsageError where nothing tells, and
    StoreUnavailable. Done again, it changes nothing.
    """
    now = seconds(service.now())
    found: Counter[str] = Counter()
    touched: set[int] = set()
    for batch in _batches(lines):
        with service.database.writing() as session:
            for line in batch:
                outcome, image_id = _take_line(session, line, repository, now)
                found[outcome] += 1
                touched |= {image_id} if outcome == "new" else set()
    for image_id in sorted(touched):
        renew(service.database, service.store, image_id)
    return found


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for line in lines:
        if line.strip():
            batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def _take_line(session: Session, line: str, repository: str | None, now: int) -> tuple[str, int]:
    records = load_records(line.rstrip("\n")).records if len(line) <= _MAX_LINE else ()
    if not records:
        return "unread", 0
    (record,) = records
    told = json.loads(line)
    name = told.get("repository", repository)
    if not isinstance(name, str) or not len(plain(name, 201)) >= 3 or name.count("/") != 1:
        raise UsageError("whose records are these? give --repository owner/name")
    pull = told.get("pull", 0)
    pull = pull if type(pull) is int and 0 <= pull < 1 << 53 else 0
    trunk = told.get("trunk", record.release is None) is True and not pull
    image_id = _image(session, plain(name, 201), record, now)
    known = select(tables.Record.id).filter_by(image_id=image_id, commit=record.commit, pull=pull)
    if session.scalar(known) is not None:
        return "known", image_id
    row = {**record_columns(record), "image_id": image_id, "commit": record.commit, "pull": pull, "trunk": trunk}
    session.execute(insert(tables.Record).values(**row))
    return "new", image_id


def _image(session: Session, repository: str, record: Record, now: int) -> int:
    made = upsert(session)(tables.Repository).values(name=repository, private=False, created=now)
    repository_id = session.scalar(
        made.on_conflict_do_update(index_elements=[FOLDED], set_={"name": tables.Repository.name}).returning(
            tables.Repository.id
        )
    )
    image = upsert(session)(tables.Image).values(
        repository_id=repository_id, name=plain(record.image, 1000), platform=plain(record.platform, 1000), trend="[]"
    )
    keys = ["repository_id", "name", "platform"]
    image = image.on_conflict_do_update(index_elements=keys, set_={"name": image.excluded.name})
    return int(session.scalars(image.returning(tables.Image.id)).one())


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
