"""A report is taken: what it says is written down once, however often it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, text, update

from weighbridge.core.history.make import records_of
from weighbridge.service import tables
from weighbridge.service.arrival import Arrival, arrive
from weighbridge.service.auth.identity import settle
from weighbridge.service.database import upsert
from weighbridge.service.store import named
from weighbridge.service.values import Row, columns, digest_of, finding_rows, package_rows, packed, plain, seconds
from weighbridge.service.webhooks.breaches import tell_of_breach

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from weighbridge.model.record import Record
    from weighbridge.model.report import ImageReport, Report
    from weighbridge.service.database import Database
    from weighbridge.service.sender import Sender
    from weighbridge.service.store import Store

TREND = 30
"""How many sizes a sparkline shows."""
MONTH = 30 * 86_400
FOLDED = text("lower(name)")
"""What a repository is unique by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of one image of a report: `created`, `updated`, or `unchanged` where all of it was known."""

    image: str
    platform: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is durable once it is handed out."""

    repository: str
    commit: str
    pull: int
    images: tuple[Taken, ...]


def take(report: Report, content: bytes, sender: Sender, database: Database, store: Store, now: datetime) -> Receipt:
    """Writes a report down. `content` is its JSON as it came.

    Raises Refused where the sender may not, UsageError for a report that cannot be kept, StoreUnavailable, and
    SQLAlchemy's errors where the database is away: then nothing of it is there.
    """
    arrival = arrive(report, content, sender, now)
    # First the text, then the rows that speak of it: what is acknowledged can always be read.
    store.put(named("reports", arrival.digest), packed(content))
    with database.writing() as session:
        return _written(session, arrival)


def _written(session: Session, arrival: Arrival) -> Receipt:
    repository = _repository(session, arrival)
    report_id, is_new = _report(session, repository, arrival)
    records = records_of(arrival.report, arrival.occasion)
    by_key = {(image.name, image.platform): image for image in arrival.report.images}
    taken = []
    # Always in the same order, so that two writers wait for each other rather than deadlock.
    for record in sorted(records, key=lambda record: (record.image, record.platform)):
        image = _image(session, repository.id, record)
        before = image.status
        outcome = _record(session, image, record, by_key[record.image, record.platform], repository, report_id, arrival)
        if image.status != before:
            tell_of_breach(session, repository.name, before, record, arrival.received)
        taken.append(Taken(image=record.image, platform=record.platform, outcome=outcome if is_new else "unchanged"))
    if arrival.pull:
        _pull(session, repository.id, arrival)
    return Receipt(repository=repository.name, commit=arrival.occasion.commit, pull=arrival.pull, images=tuple(taken))


def _repository(session: Session, arrival: Arrival) -> tables.Repository:
    branch = arrival.occasion.default_branch
    sender = arrival.sender
    if sender.github_id is not None:
        settle(session, arrival.repository, sender.github_id, arrival.received)
    statement = upsert(session)(tables.Repository).values(
        name=arrival.repository,
        default_branch=None if arrival.pull else branch and plain(branch),
        private=bool(sender.private),
        github_id=sender.github_id,
        created=arrival.received,
    )
    excluded = statement.excluded
    changed: dict[str, object] = {"name": tables.Repository.name}
    # A fork's pull request says nothing about the repository itself.
    if branch is not None and not arrival.pull:
        known = func.coalesce(tables.Repository.default_branch, excluded.default_branch)
        changed["default_branch"] = excluded.default_branch if sender.knows_default_branch else known
    if sender.private is not None:
        changed["private"] = excluded.private
    if sender.github_id is not None:
        changed |= {"github_id": excluded.github_id, "gone": None}
    found = session.scalars(
        statement.on_conflict_do_update(index_elements=[FOLDED], set_=changed).returning(tables.Repository),
        execution_options={"populate_existing": True},
    )
    row: tables.Repository = found.one()
    return row


def _report(session: Session, repository: tables.Repository, arrival: Arrival) -> tuple[int, bool]:
    """Its row, and whether it is new."""
    key = {
        "repository_id": repository.id,
        "commit": arrival.occasion.commit,
        "pull": arrival.pull,
        "digest": arrival.digest,
    }
    made = session.scalar(
        upsert(session)(tables.Report)
        .values(**key, received=arrival.received, actor=plain(arrival.sender.actor), bytes=arrival.length)
        .on_conflict_do_nothing()
        .returning(tables.Report.id)
    )
    if made is not None:
        return made, True
    return session.scalars(select(tables.Report.id).filter_by(**key)).one(), False


def _image(session: Session, repository_id: int, record: Record) -> tables.Image:
    statement = upsert(session)(tables.Image).values(
        repository_id=repository_id, name=plain(record.image, 1000), platform=plain(record.platform, 1000), trend="[]"
    )
    keys = ["repository_id", "name", "platform"]
    # An update that changes nothing: it locks the row, and tells what it holds.
    statement = statement.on_conflict_do_update(index_elements=keys, set_={"name": statement.excluded.name})
    found = session.scalars(statement.returning(tables.Image), execution_options={"populate_existing": True})
    row: tables.Image = found.one()
    return row


def _record(
    session: Session,
    image: tables.Image,
    record: Record,
    report: ImageReport,
    repository: tables.Repository,
    report_id: int,
    arrival: Arrival,
) -> str:
    key = {"image_id": image.id, "commit": record.commit, "pull": arrival.pull}
    trunk = arrival.is_trunk(repository.default_branch)
    values = {**columns(record, report), "report_id": report_id, "trunk": trunk}
    # Nearly every record is new: it is not looked for first.
    made = session.scalar(
        upsert(session)(tables.Record).values(**key, **values).on_conflict_do_nothing().returning(tables.Record.id)
    )
    if made is None:
        return _again(
            session, image, record, report, session.scalars(select(tables.Record).filter_by(**key)).one(), values
        )
    if trunk:
        appended = image.time is not None and seconds(record.time) > image.time
        _show(session, image, made, record, report, appended=appended)
    return "created"


def _again(
    session: Session, image: tables.Image, record: Record, report: ImageReport, old: tables.Record, values: Row
) -> str:
    """A record of a commit that there is one of: the later of the two stays."""
    if old.report_id == values["report_id"] or old.recorded > seconds(record.recorded):
        return "unchanged"
    # A commit of the default branch that is a release too is both.
    record = replace(record, release=record.release or old.release, ref=old.ref if old.trunk else record.ref)
    values |= {**columns(record, report), "trunk": values["trunk"] or old.trunk}
    session.execute(update(tables.Record).where(tables.Record.id == old.id).values(**values))
    if values["trunk"]:
        _show(session, image, old.id, record, report)
    return "updated"


def _show(
    session: Session,
    image: tables.Image,
    record_id: int,
    record: Record,
    report: ImageReport,
    *,
    appended: bool = False,
) -> None:
    """What pages show of an image, where the record is its newest one on the default branch.

    `appended`: it is known to follow all others.
    """
    if image.time is None or seconds(record.time) >= image.time:
        _show_newest(session, image, record_id, record, report)
    if appended:
        sizes = [*json.loads(image.trend), record.size][-TREND:]
        image.trend, image.month_change = (
            _compact(sizes),
            _month_change(session, image.id, record.size, image.time or 0),
        )
    else:
        image.trend, image.month_change = trend_of(session, image.id, image.time or 0)
    session.flush()


def _show_newest(session: Session, image: tables.Image, record_id: int, record: Record, report: ImageReport) -> None:
    image.record_id, image.time = record_id, seconds(record.time)
    image.size, image.packed, image.packed_estimated = record.size, record.packed.size, record.packed.estimated
    image.wasted, image.layer_count = record.wasted, len(record.layers)
    image.status, image.max_size, image.saving = record.verdict.value, record.max_size, record.saving
    findings = finding_rows(report)
    packages = package_rows(report)
    if (digest := digest_of(findings)) != image.findings_digest:
        _replace(session, tables.Finding, image.id, findings)
        image.findings_digest = digest
    if (digest := digest_of(packages)) != image.packages_digest:
        _replace(session, tables.Package, image.id, packages)
        image.packages_digest = digest


def trend_of(session: Session, image_id: int, newest: int) -> tuple[str, int | None]:
    """The last sizes on the default branch as JSON, and bytes against a month before the newest."""
    record = tables.Record
    on_trunk = (record.image_id == image_id, record.trunk)
    sizes = session.scalars(select(record.size).where(*on_trunk).order_by(record.time.desc()).limit(TREND)).all()
    change = _month_change(session, image_id, sizes[0], newest) if sizes else None
    return _compact(list(reversed(sizes))), change


def _month_change(session: Session, image_id: int, size: int, newest: int) -> int | None:
    record = tables.Record
    before = session.scalar(
        select(record.size)
        .where(record.image_id == image_id, record.trunk, record.time <= newest - MONTH)
        .order_by(record.time.desc())
        .limit(1)
    )
    return None if before is None else size - before


def _compact(sizes: list[int]) -> str:
    return json.dumps(sizes, separators=(",", ":"))


def _replace(
    session: Session,
    table: type[tables.Finding | tables.Package],
    image_id: int,
    rows: Sequence[Row],
) -> None:
    session.execute(delete(table).where(table.image_id == image_id))
    if rows:
        session.execute(insert(table), [{**row, "image_id": image_id} for row in rows])


def _pull(session: Session, repository_id: int, arrival: Arrival) -> None:
    recorded = seconds(arrival.occasion.recorded)
    statement = upsert(session)(tables.Pull).values(
        repository_id=repository_id, number=arrival.pull, open=True, commit=arrival.occasion.commit, updated=recorded
    )
    excluded = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["repository_id", "number"],
            set_={"open": True, "commit": excluded.commit, "updated": excluded.updated},
            where=tables.Pull.updated <= excluded.updated,
        )
    )


def count(session: Session, table: type[tables.Base]) -> int:
    """Rows of a table."""
    return session.scalar(select(func.count()).select_from(table)) or 0
