"""What pages show of an image, worked out anew from what is kept of it: its records, and the newest one's report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from weighbridge.core.history.make import records_of
from weighbridge.core.wire.records import load_records
from weighbridge.errors import UsageError
from weighbridge.model.record import Occasion
from weighbridge.model.report import Unavailable
from weighbridge.service import contents, details, tables
from weighbridge.service.ingest import SHOWN, trend_of
from weighbridge.service.values import (
    columns,
    finding_rows,
    findings_digest,
    moment,
    package_rows,
    packages_digest,
    unpacked,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from weighbridge.model.report import ImageReport, Report
    from weighbridge.service.database import Database
    from weighbridge.service.store import Store
    from weighbridge.service.values import Values

MAX_LINE = 1 << 20
"""Bytes of a record as a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Derived:
    """What a record's report says: the record's columns, and the image with its findings and packages."""

    record: Values
    image: ImageReport


def renew(database: Database, store: Store, image_id: int) -> None:
    """Works out anew all that pages show of an image. Done again, it changes nothing. Raises StoreUnavailable.

    Where the report is not kept, the record itself says what it can; its findings and packages nobody knows then.
    """
    with database.reading() as session:
        # Before the image is locked: the store may be far away.
        before = _newest(session, image_id)
        derived = None if before is None else _derived(session, store, before)
    with database.writing() as session:
        image = session.get(tables.Image, image_id, with_for_update=True)
        if image is None:
            return
        newest = _newest(session, image_id)
        if _same(before, newest):
            _show(session, image, newest, derived)
        # Else a report came meanwhile, and was shown when it was taken.
        renew_trend(session, image)


def renew_trend(session: Session, image: tables.Image) -> None:
    """Works out anew how an image changed, after records went or came."""
    image.trend, image.month_change = "[]", None
    if image.time is not None:
        image.trend, image.month_change = trend_of(session, image.id, image.time)


def _newest(session: Session, image_id: int) -> tables.Record | None:
    record = tables.Record
    statement = select(record).where(record.image_id == image_id, record.trunk)
    return session.scalars(statement.order_by(record.time.desc(), record.id.desc()).limit(1)).one_or_none()


def _same(one: tables.Record | None, other: tables.Record | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.id, one.report_id) == (other.id, other.report_id)


def _derived(session: Session, store: Store, record: tables.Record) -> _Derived | None:
    whole = details.report(session, store, record)
    image = whole if isinstance(whole, Unavailable) else details.image_in(session, whole, record)
    if isinstance(whole, Unavailable) or isinstance(image, Unavailable):
        return None
    made = _remade(record, whole, image)
    if made is None:
        return None
    return _Derived(record=made, image=image)


def _remade(record: tables.Record, report: Report, image: ImageReport) -> Values | None:
    """The record as its report would make it today; what only its sender told stays."""
    occasion = Occasion(
        commit=record.commit, time=moment(record.time), recorded=moment(record.recorded), ref=record.ref,
        release=record.release, recipes=_recipes(record, image.name),
    )  # fmt: skip
    made = records_of(replace(report, images=(image,)), occasion)
    return columns(made[0], image) if made else None


def _recipes(record: tables.Record, name: str) -> dict[str, str]:
    try:
        known = load_records(unpacked(record.line, MAX_LINE).decode("utf-8", "replace")).records
    except UsageError:
        return {}
    return {name: known[0].recipe} if known and known[0].recipe is not None else {}


def _show(session: Session, image: tables.Image, newest: tables.Record | None, derived: _Derived | None) -> None:
    if newest is not None and derived is not None:
        session.execute(update(tables.Record).where(tables.Record.id == newest.id).values(**derived.record))
        session.refresh(newest)
    is_known = newest is not None and newest.report_id is not None and image.record_id == newest.id
    image.record_id = None if newest is None else newest.id
    for name in SHOWN:
        setattr(image, name, None if newest is None else getattr(newest, name))
    if derived is None and is_known:
        # Its report was there when it was taken: what was read from it then is all there is.
        return
    told = None if derived is None else derived.image
    contents.put_findings(session.connection(), image.id, () if told is None else finding_rows(told))
    contents.put_packages(session.connection(), image.id, () if told is None else package_rows(told))
    image.findings_digest = None if told is None else findings_digest(told)
    image.packages_digest = None if told is None else packages_digest(told)
