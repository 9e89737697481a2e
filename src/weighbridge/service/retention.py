"""What is let go of, by the rules of the configuration: in small transactions, so that nobody waits for long."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, update

from weighbridge.service import tables
from weighbridge.service.database import take_turn
from weighbridge.service.details import KIND
from weighbridge.service.details_intake import TURN
from weighbridge.service.renewal import renew_trend
from weighbridge.service.tables_details import LayerFiles
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute

    from weighbridge.service.database import Database
    from weighbridge.service.running import Service

_DAY = 86_400
_WEEK = 7 * _DAY
_MONDAY = 4 * _DAY
"""The first one after the beginning of 1970 was the fifth of January."""
_BATCH = 500
GRACE = _DAY
"""Seconds that content is kept to which nothing refers: that of a report may be there before its rows are."""

Told = tuple[str, int]
"""What was let go of, and how many."""


def run(service: Service, told: Callable[[str, int], None] = lambda _what, _count: None) -> Counter[str]:
    """Applies all rules, and says what it did, also while it does it. Raises StoreUnavailable.

    May be ended at any moment, and be run by several at once: what is done is done, and what is left is found again.
    """
    found: Counter[str] = Counter()
    for what, count in _steps(service):
        if count:
            found[what] += count
        told(what, found[what])
    return found


def _steps(service: Service) -> Iterator[Told]:
    configuration, now = service.configuration, seconds(service.now())
    if configuration.close_pulls:
        yield "pull requests closed", _close(service.database, now - configuration.close_pulls * _DAY)
    if configuration.keep_pulls:
        before = now - configuration.keep_pulls * _DAY
        yield from _all(service.database, "records of pull requests", tables.Record, _of_old_pulls(before))
        yield from _all(service.database, "pull requests", tables.Pull, tables.Pull.updated < before)
    if configuration.keep_all:
        yield from _thin(service.database, now - configuration.keep_all * _DAY)
    yield from _all(service.database, "reports", tables.Report, _without_records(now - GRACE))
    if configuration.keep_files:
        old = LayerFiles.used < now - configuration.keep_files * _DAY
        yield from _all(service.database, "layers", LayerFiles, old)
    yield from _blobs(service, "reports", tables.Report.digest, now - GRACE)
    yield from _blobs(service, KIND, LayerFiles.digest, now - GRACE)


def _close(database: Database, before: int) -> int:
    with database.writing() as session:
        done = session.execute(
            update(tables.Pull).where(tables.Pull.open, tables.Pull.updated < before).values(open=False)
        )
        return int(getattr(done, "rowcount", 0))


def _of_old_pulls(before: int) -> ColumnElement[bool]:
    """Records of pull requests that had no report since; of those nobody knows of, by their own time."""
    record, pull, image = tables.Record, tables.Pull, tables.Image
    known = and_(
        image.id == record.image_id, pull.repository_id == image.repository_id, pull.number == record.pull,
        pull.updated >= before,
    )  # fmt: skip
    return and_(record.pull > 0, record.recorded < before, ~exists().where(known))


def _without_records(before: int) -> ColumnElement[bool]:
    """Reports that others have taken the place of, or whose records are gone."""
    referred = exists().where(tables.Record.report_id == tables.Report.id)
    return and_(tables.Report.received < before, ~referred)


def _all(database: Database, what: str, table: type[tables.Base], condition: ColumnElement[bool]) -> Iterator[Told]:
    key: InstrumentedAttribute[int] = table.id  # type: ignore[attr-defined]
    last = -1
    while True:
        with database.reading() as session:
            wanted = select(key).where(condition, key > last).order_by(key).limit(_BATCH)
            numbers = session.scalars(wanted).all()
        if not numbers:
            return
        last = numbers[-1]
        with database.writing() as session:
            # Asked again: a report may have come for it meanwhile.
            done = session.execute(delete(table).where(key.in_(numbers), condition))
            yield what, int(getattr(done, "rowcount", 0))


def _thin(database: Database, before: int) -> Iterator[Told]:
    """Of each image, branch and week the last stays, and what a release made, and what pages show as the newest."""
    last = -1
    while True:
        with database.reading() as session:
            images = session.scalars(
                select(tables.Image.id).where(tables.Image.id > last).order_by(tables.Image.id).limit(_BATCH)
            ).all()
        if not images:
            return
        last = images[-1]
        for image_id in images:
            if count := _thin_image(database, image_id, before):
                yield "old records", count


def _thin_image(database: Database, image_id: int, before: int) -> int:
    record = tables.Record
    week = (record.time - _MONDAY) // _WEEK
    order = func.row_number().over(
        partition_by=(record.ref, record.trunk, week), order_by=(record.time.desc(), record.id.desc())
    )
    ranked = (
        select(record.id, order.label("place"))
        .where(record.image_id == image_id, record.pull == 0, record.release.is_(None), record.recorded < before)
        .subquery()
    )
    shown = select(tables.Image.record_id).where(tables.Image.id == image_id).scalar_subquery()
    wanted = select(ranked.c.id).where(ranked.c.place > 1, or_(shown.is_(None), ranked.c.id != shown))
    with database.reading() as session:
        numbers = session.scalars(wanted).all()
    for start in range(0, len(numbers), _BATCH):
        with database.writing() as session:
            session.execute(
                delete(record).where(record.id.in_(numbers[start : start + _BATCH]), record.release.is_(None))
            )
    if numbers:
        with database.writing() as session:
            image = session.get(tables.Image, image_id, with_for_update=True)
            if image is not None:
                renew_trend(session, image)
    return len(numbers)


def _blobs(service: Service, kind: str, column: InstrumentedAttribute[str], before: int) -> Iterator[Told]:
    """Content that no row refers to."""
    batch: list[str] = []
    for stored in service.store.stored(kind):
        if stored.time < before:
            batch.append(stored.name)
        if len(batch) == _BATCH:
            yield f"stored {kind}", _delete_blobs(service, column, batch, before)
            batch = []
    if batch:
        yield f"stored {kind}", _delete_blobs(service, column, batch, before)


def _delete_blobs(service: Service, column: InstrumentedAttribute[str], names: Sequence[str], before: int) -> int:
    digests = {name[-68:-4]: name for name in names}
    with service.database.reading() as session:
        referred = set(session.scalars(select(column).where(column.in_(digests))))
    alone = {digest: name for digest, name in digests.items() if digest not in referred}
    if not alone:
        return 0
    with service.database.writing() as session:
        # Nobody may refer to it from here on: whoever wants to waits.
        take_turn(session, TURN)
        referred = set(session.scalars(select(column).where(column.in_(alone))))
        return sum(service.store.delete(name, before) for digest, name in alone.items() if digest not in referred)
