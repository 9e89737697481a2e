"""A report is taken: what it says is written down once, however often it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from weighbridge.core.history.make import records_of
from weighbridge.service import contents, tables
from weighbridge.service import ingest_statements as statements
from weighbridge.service.arrival import Arrival, arrive
from weighbridge.service.auth.identity import settle
from weighbridge.service.sender import TokenEnded
from weighbridge.service.store import named
from weighbridge.service.values import (
    Values,
    columns,
    finding_rows,
    findings_digest,
    package_rows,
    packages_digest,
    packed,
    plain,
    seconds,
)
from weighbridge.service.webhooks.breaches import tell_of_breach

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row
    from sqlalchemy.orm import Session

    from weighbridge.model.record import Record
    from weighbridge.model.report import ImageReport, Report
    from weighbridge.service.database import Database
    from weighbridge.service.sender import Sender
    from weighbridge.service.store import Store

TREND = 30
"""How many sizes a sparkline shows."""
MONTH = 30 * 86_400
SHOWN = (
    "time", "size", "packed", "packed_estimated", "wasted", "layer_count", "status", "max_size", "saving",
)  # fmt: skip
"""What an image's row has of its newest record's."""


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


def take(
    report: Report,
    content: bytes,
    sender: Sender,
    database: Database,
    store: Store,
    now: datetime,
    frame: bytes | None = None,
) -> Receipt:
    """Writes a report down. `content` is its JSON as it came; `frame`: see bodies.Body.

    Raises Refused where the sender may not, TokenEnded where that one may not any more, UsageError for a report that
    cannot be kept, StoreUnavailable, and SQLAlchemy's errors where the database is away: then no row of it is there.
    """
    arrival = arrive(report, content, sender, now)
    # First the text, then the rows that speak of it: what is acknowledged can always be read.
    store.put(named("reports", arrival.digest), packed(content) if frame is None else frame)
    with database.writing() as session:
        return _written(session, arrival)


def _written(session: Session, arrival: Arrival) -> Receipt:
    connection = session.connection()
    _check_token(connection, arrival)
    repository = _repository(session, connection, arrival)
    report_id, is_new = _report(connection, repository.id, arrival)
    records = records_of(arrival.report, arrival.occasion)
    by_key = {(image.name, image.platform): image for image in arrival.report.images}
    taken = []
    # Always in the same order, so that two writers wait for each other rather than deadlock.
    for record in sorted(records, key=lambda record: (record.image, record.platform)):
        weighed = _Weighed(
            record=record,
            image=by_key[record.image, record.platform],
            report_id=report_id,
            trunk=arrival.is_trunk(repository.default_branch),
            pull=arrival.pull,
        )
        shown = image_row(connection, repository.id, record)
        outcome, is_shown = _record(session, connection, shown, weighed)
        if is_shown:
            tell_of_breach(session, repository.name, shown.status, record, arrival.received)
        taken.append(Taken(image=record.image, platform=record.platform, outcome=outcome if is_new else "unchanged"))
    if arrival.pull:
        _pull(connection, repository.id, arrival)
    return Receipt(repository=repository.name, commit=arrival.occasion.commit, pull=arrival.pull, images=tuple(taken))


def _check_token(connection: Connection, arrival: Arrival) -> None:
    """That it was not revoked since its sender was looked up. Raises TokenEnded."""
    if arrival.sender.token_id is None:
        return
    values = {"token": arrival.sender.token_id, "now": arrival.received}
    if statements.run(connection, statements.find_token(), values).scalar() is None:
        raise TokenEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """A record on its way into the database, with what it is made of."""

    record: Record
    image: ImageReport
    report_id: int
    trunk: bool
    pull: int


def _repository(session: Session, connection: Connection, arrival: Arrival) -> Row[Any]:
    """With `id`, `name` and `default_branch`."""
    branch, sender = arrival.occasion.default_branch, arrival.sender
    if sender.github_id is not None:
        settle(session, arrival.repository, sender.github_id, arrival.received)
    # A fork's pull request says nothing about the repository itself.
    told = None if arrival.pull or branch is None else plain(branch)
    found = statements.run(connection, statements.find_repository(), {"name": arrival.repository}).one_or_none()
    if found is not None and _is_known(found, sender, told):
        # Nearly always: nothing is written, and reports of one repository do not wait for each other.
        return found
    statement = statements.put_repository(
        connection.dialect.name,
        branch=told is not None,
        sure=sender.knows_default_branch,
        private=sender.private is not None,
        numbered=sender.github_id is not None,
    )
    values = {
        "name": arrival.repository,
        "default_branch": told,
        "private": bool(sender.private),
        "github_id": sender.github_id,
        "created": arrival.received,
    }
    return statements.run(connection, statement, values).one()


def _is_known(found: Row[Any], sender: Sender, branch: str | None) -> bool:
    """Whether a repository's row has all that is told of it."""
    by_branch = branch in (None, found.default_branch) or not (sender.knows_default_branch or not found.default_branch)
    by_number = sender.github_id is None or (sender.github_id == found.github_id and found.gone is None)
    return by_branch and by_number and sender.private in (None, bool(found.private))


def _report(connection: Connection, repository_id: int, arrival: Arrival) -> tuple[int, bool]:
    """Its row, and whether it is new."""
    key = {
        "repository_id": repository_id,
        "commit": arrival.occasion.commit,
        "pull": arrival.pull,
        "digest": arrival.digest,
    }
    values = {**key, "received": arrival.received, "actor": plain(arrival.sender.actor), "bytes": arrival.length}
    made = statements.run(connection, statements.put_new(connection.dialect.name, tables.Report), values).scalar()
    if made is not None:
        return made, True
    return statements.run(connection, statements.find_report(), key).scalar_one(), False


def image_row(connection: Connection, repository_id: int, record: Record) -> Row[Any]:
    """The row of a record's image, made where there is none; locked, as it is before this record."""
    key = {
        "repository_id": repository_id,
        "name": plain(record.image, 1000),
        "platform": plain(record.platform, 1000),
    }
    found = statements.run(connection, statements.find_image(), key).one_or_none()
    if found is not None:
        return found
    return statements.run(connection, statements.put_image(connection.dialect.name), {**key, "trend": "[]"}).one()


def _record(session: Session, connection: Connection, shown: Row[Any], weighed: _Weighed) -> tuple[str, bool]:
    """What came of it, and whether pages show it from now on."""
    record = weighed.record
    key = {"image_id": shown.id, "commit": record.commit, "pull": weighed.pull}
    values = {**columns(record, weighed.image), "report_id": weighed.report_id, "trunk": weighed.trunk}
    # Nearly every record is new: it is not looked for first.
    statement = statements.put_new(connection.dialect.name, tables.Record)
    made = statements.run(connection, statement, {**key, **values}).scalar()
    if made is None:
        old = session.scalars(select(tables.Record).filter_by(**key)).one()
        return _again(session, shown, weighed, old, values)
    if not weighed.trunk:
        return "created", False
    appended = shown.time is not None and seconds(record.time) > shown.time
    return "created", _show(session, shown, made, weighed, values, appended=appended)


def _again(
    session: Session, shown: Row[Any], weighed: _Weighed, old: tables.Record, values: Values
) -> tuple[str, bool]:
    """A record of a commit that there is one of: the later of the two stays."""
    record = weighed.record
    if old.report_id == values["report_id"] or old.recorded > seconds(record.recorded):
        return "unchanged", False
    # A commit of the default branch that is a release too is both.
    record = replace(record, release=record.release or old.release, ref=old.ref if old.trunk else record.ref)
    values |= {**columns(record, weighed.image), "trunk": values["trunk"] or old.trunk}
    session.execute(update(tables.Record).where(tables.Record.id == old.id).values(**values))
    if not values["trunk"]:
        return "updated", False
    return "updated", _show(session, shown, old.id, weighed, values)


def _show(
    session: Session, shown: Row[Any], record_id: int, weighed: _Weighed, row: Values, *, appended: bool = False
) -> bool:
    """What pages show of an image; gives whether it is this record, as the newest one on the default branch.

    `row` is the record's; `appended`: it is known to follow all others.
    """
    connection, record = session.connection(), weighed.record
    newest = shown.time is None or seconds(record.time) >= shown.time
    values: Values = {}
    if newest:
        values = {"record_id": record_id, **{name: row[name] for name in SHOWN}}
        values |= _contents(connection, shown, weighed.image)
    time = seconds(record.time) if newest else shown.time
    if appended:
        # The one before is the newest of those that there were.
        sizes = [*json.loads(shown.trend), record.size][-TREND:]
        values |= {"trend": _compact(sizes), "month_change": _month_change(connection, shown.id, record.size, time)}
    else:
        values["trend"], values["month_change"] = trend_of(session, shown.id, time)
    statements.run(connection, statements.show_image(), {"image": shown.id, **values})
    return newest


def _contents(connection: Connection, shown: Row[Any], image: ImageReport) -> Values:
    """Writes the rows of findings and packages that changed, and gives their digests."""
    values: Values = {}
    findings = findings_digest(image)
    if findings != shown.findings_digest:
        contents.put_findings(connection, shown.id, finding_rows(image))
        values["findings_digest"] = findings
    packages = packages_digest(image)
    if packages != shown.packages_digest:
        contents.put_packages(connection, shown.id, package_rows(image))
        values["packages_digest"] = packages
    return values


def trend_of(session: Session, image_id: int, newest: int) -> tuple[str, int | None]:
    """The last sizes on the default branch as JSON, and bytes against a month before the newest."""
    record = tables.Record
    on_trunk = (record.image_id == image_id, record.trunk)
    sizes = session.scalars(select(record.size).where(*on_trunk).order_by(record.time.desc()).limit(TREND)).all()
    change = _month_change(session.connection(), image_id, sizes[0], newest) if sizes else None
    return _compact(list(reversed(sizes))), change


def _month_change(connection: Connection, image_id: int, size: int, newest: int) -> int | None:
    values = {"image": image_id, "before": newest - MONTH}
    before = statements.run(connection, statements.earlier_size(), values).scalar()
    return None if before is None else size - before


def _compact(sizes: list[int]) -> str:
    return json.dumps(sizes, separators=(",", ":"))


def _pull(connection: Connection, repository_id: int, arrival: Arrival) -> None:
    values = {
        "repository_id": repository_id,
        "number": arrival.pull,
        "open": True,
        "commit": arrival.occasion.commit,
        "updated": seconds(arrival.occasion.recorded),
    }
    statements.run(connection, statements.put_pull(connection.dialect.name), values)


def count(session: Session, table: type[tables.Base]) -> int:
    """Rows of a table."""
    return session.scalar(select(func.count()).select_from(table)) or 0
