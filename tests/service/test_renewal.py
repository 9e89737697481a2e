"""What pages show of images is worked out anew from what is kept, as it was when the reports came."""

from __future__ import annotations

import io
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from tests.support.fleet.plot import PROJECTS
from tests.support.fleet_service import filled
from tests.support.service import sent
from weighbridge.service import tables, transfer, transfer_in
from weighbridge.service.auth.reader import STRANGER
from weighbridge.service.jobs import listing, work
from weighbridge.service.jobs.tasks import tasks
from weighbridge.service.renewal import MAX_LINE
from weighbridge.service.store import named
from weighbridge.service.tables_jobs import Job
from weighbridge.service.transfer_in import Unsaid
from weighbridge.service.values import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

    from weighbridge.service.configuration import Configuration
    from weighbridge.service.running import Service

SHOP = tuple(project for project in PROJECTS if project.name == "shop")
PAGES = ("/api/v1/images", "/api/v1/findings", "/api/v1/packages", "/api/v1/repositories/octocat/shop")


@pytest.fixture
def year(configuration: Configuration) -> Iterator[tuple[Service, TestClient]]:
    """A repository's images with findings, fixes, packages and budgets."""
    with filled(configuration, every=8, days=90, projects=SHOP) as made:
        yield made


def refresh(service: Service) -> str:
    """What the job says in the end."""
    number = listing.ask(service, STRANGER, "refresh", {})
    assert work.run(service, tasks(), number, threading.Event())
    with service.database.reading() as session:
        found = session.get_one(Job, number)
    assert "done" == found.state, found.message
    return found.message


def rows(service: Service, table: type[tables.Base], *left_out: str) -> list[dict[str, Any]]:
    columns = [column for column in table.__table__.columns if column.name not in left_out]
    with service.database.reading() as session:
        found = session.execute(select(*columns).order_by(*columns)).mappings()
        return [dict(row) for row in found]


def everything(service: Service) -> list[list[dict[str, Any]]]:
    """All that is derived of reports. Numbers of rows that are written anew do not matter."""
    derived = [rows(service, table, "id") for table in (tables.Finding, tables.Package)]
    return [rows(service, tables.Image), rows(service, tables.Record), *derived]


def spoil(service: Service) -> None:
    """As a fault in an older version may have left it."""
    nonsense = {
        "record_id": 999, "time": 5, "size": 1, "packed": 1, "packed_estimated": False, "wasted": 1, "layer_count": 1,
        "status": "unknown", "max_size": 1, "saving": 1, "month_change": 1, "trend": "[1]",
    }  # fmt: skip
    with service.database.writing() as session:
        newest = session.scalars(select(tables.Image.record_id)).all()
        for record in session.scalars(select(tables.Record).where(tables.Record.id.in_(newest))):
            record.status, record.max_size, record.saving, record.wasted, record.delta = "unknown", 7, 7, 7, 7
            # Of how it was built the report says nothing: that stays.
            record.line = packed(unpacked(record.line, MAX_LINE).replace(b'"wasted":', b'"wasted":1'))
        # The digests of the rows stay: they say that nothing is to be done.
        session.execute(update(tables.Image).values(**nonsense))
        session.execute(delete(tables.Finding).where(tables.Finding.id % 2 == 0))
        session.execute(update(tables.Package).where(tables.Package.id % 2 == 0).values(version="wrong", size=None))


def test_all_that_pages_show_is_derived_anew_from_the_reports(year: tuple[Service, TestClient]) -> None:
    service, client = year
    before, shown = everything(service), [client.get(path).json() for path in PAGES]
    images = before[0]
    assert all(before)
    # There is something of everything that could come out wrong.
    for column in ("saving", "month_change", "max_size", "findings_digest", "packages_digest"):
        assert any(image[column] for image in images), column

    spoil(service)
    assert before != everything(service)
    assert f"{len(images):,} images" == refresh(service)
    assert before == everything(service)
    assert shown == [client.get(path).json() for path in PAGES]

    kept = [rows(service, table) for table in (tables.Finding, tables.Package)]
    refresh(service)
    # What is as it should be is not written again.
    assert kept == [rows(service, table) for table in (tables.Finding, tables.Package)]


def test_what_is_imported_has_no_findings_of_another_record(year: tuple[Service, TestClient]) -> None:
    service, _ = year
    out = io.StringIO()
    transfer.export(service, out, records_only=True)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    last = max((line for line in lines if "kind" not in line), key=lambda line: (line["trunk"], line["time"]))
    newer = {**last, "commit": "f" * 40, "time": service.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "size": 123_456_789}
    assert {"new": 1} == transfer_in.take_in(service, io.StringIO(json.dumps(newer)), Unsaid())

    (image,) = [one for one in rows(service, tables.Image) if one["size"] == 123_456_789]
    assert 123_456_789 == json.loads(image["trend"])[-1]
    for table in (tables.Finding, tables.Package):
        assert rows(service, table), "those of the other images stay"
        assert image["id"] not in {row["image_id"] for row in rows(service, table)}
    before = everything(service)
    refresh(service)
    assert before == everything(service)


def test_a_report_that_is_lost_takes_nothing_with_it(year: tuple[Service, TestClient]) -> None:
    service, _ = year
    before = everything(service)
    for digest in {row["digest"] for row in rows(service, tables.Report)}:
        service.store.delete(named("reports", digest), 1 << 40)
    refresh(service)
    assert before == everything(service)


def test_an_image_without_a_record_shows_none(client: TestClient, sender: dict[str, str], service: Service) -> None:
    for content in (sent(number=1), sent(number=2, pull=7)):
        assert 201 == client.post("/api/v1/reports", content=content, headers=sender).status_code
    with service.database.writing() as session:
        session.execute(delete(tables.Record).where(tables.Record.trunk))
    assert "1 images" == refresh(service)
    (image,) = rows(service, tables.Image)
    assert (None, None, "[]") == (image["size"], image["record_id"], image["trend"])
    assert [] == rows(service, tables.Package)
