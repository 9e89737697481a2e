"""Everything that pages show goes out as lines, and comes back in another service, on another database."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from tests.service.test_renewal import PAGES, everything, rows
from tests.support.fleet.plot import PROJECTS
from tests.support.fleet_service import filled
from weighbridge.service import schema, tables, transfer, transfer_in
from weighbridge.service.app import create
from weighbridge.service.configuration import configured
from weighbridge.service.running import assembled
from weighbridge.service.store import named
from weighbridge.service.tables_details import LayerFiles
from weighbridge.service.transfer_in import Unsaid
from weighbridge.service.values import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import Postgres
    from weighbridge.service.configuration import Configuration
    from weighbridge.service.running import Service

SHOP = tuple(project for project in PROJECTS if project.name == "shop")


@pytest.fixture
def year(configuration: Configuration) -> Iterator[tuple[Service, TestClient]]:
    """A repository with releases, pull requests, and the files of its layers."""
    with filled(configuration, every=8, days=60, projects=SHOP) as (service, client):
        yield service, client


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """An empty service."""
    url = f"sqlite:///{tmp_path / 'other.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create(request.getfixturevalue("migrated"))
    made = assembled(configured(data=tmp_path / "other", database_url=url))
    schema.upgrade(made.database)
    yield made
    made.database.close()


def exported(service: Service, **how: bool) -> list[str]:
    out = io.StringIO()
    transfer.export(service, out, **how)
    return out.getvalue().splitlines()


def imported(service: Service, lines: list[str], **unsaid: Any) -> Counter[str]:
    return transfer_in.take_in(service, io.StringIO("".join(f"{line}\n" for line in lines)), Unsaid(**unsaid))


def test_all_that_pages_show_comes_back(year: tuple[Service, TestClient], other: Service) -> None:
    service, client = year
    with service.database.writing() as session:
        session.execute(update(tables.Repository).values(github_id=7))
        session.execute(update(tables.Pull).where(tables.Pull.number % 2 == 0).values(open=False))
    lines = exported(service)

    taken = imported(other, lines)
    kinds = Counter(json.loads(line).get("kind", "new") for line in lines)
    assert {"new", "report", "repository", "layer", "pull"} == set(kinds)
    assert kinds == taken
    assert sorted(lines) == sorted(exported(other))
    left_out = ("id", "record_id", "image_id", "report_id", "repository_id", "used")
    for table in (tables.Repository, tables.Image, tables.Record, tables.Finding, tables.Package, tables.Pull):
        assert rows(service, table, *left_out), table
        assert rows(service, table, *left_out) == rows(other, table, *left_out), table
    assert rows(service, LayerFiles, *left_out) == rows(other, LayerFiles, *left_out)

    with TestClient(create(other), raise_server_exceptions=False) as there:
        for path in PAGES:
            assert numberless(client.get(path).json()) == numberless(there.get(path).json()), path
        for path in ("/api/v1/compare", "/compare"):
            here_pair, there_pair = pair(service), pair(other)
            one, same = client.get(path, params=here_pair), there.get(path, params=there_pair)
            assert 200 == one.status_code == same.status_code
            if path.startswith("/api"):
                assert one.json() == same.json()
            else:
                # File by file: nothing is said to be lacking.
                assert "were not sent" not in same.text

    before = everything(other)
    again = imported(other, lines)
    assert (0, kinds["new"]) == (again["new"], again["known"])
    assert before == everything(other)


def numberless(value: Any) -> Any:
    """Without the numbers of rows, which are each database's own."""
    if isinstance(value, dict):
        return {name: numberless(inner) for name, inner in value.items() if name not in ("id", "record", "next")}
    return [numberless(inner) for inner in value] if isinstance(value, list) else value


def pair(service: Service) -> dict[str, int]:
    """The first and the last record of the default branch of an image."""
    with service.database.reading() as session:
        image = session.scalars(select(tables.Image).order_by(tables.Image.name, tables.Image.platform)).first()
        assert image is not None
        found = session.scalars(
            select(tables.Record.id).filter_by(image_id=image.id, trunk=True).order_by(tables.Record.time)
        ).all()
    return {"base": found[0], "head": found[-1]}


def test_records_may_come_first_and_their_reports_later(year: tuple[Service, TestClient], other: Service) -> None:
    service, _ = year
    records = exported(service, records_only=True)
    assert {"repository", None} == {json.loads(line).get("kind") for line in records}
    imported(other, records)
    assert not rows(other, tables.Finding)

    assert 0 == imported(other, exported(service))["new"]
    for table in (tables.Finding, tables.Package):
        assert rows(service, table, "id", "image_id") == rows(other, table, "id", "image_id")


def test_what_is_private_stays_private(year: tuple[Service, TestClient], other: Service) -> None:
    service, _ = year
    with service.database.writing() as session:
        session.execute(update(tables.Repository).values(private=True))
    imported(other, exported(service))
    assert [True] == [row["private"] for row in rows(other, tables.Repository)]
    with TestClient(create(other), raise_server_exceptions=False) as client:
        assert [] == client.get("/api/v1/images").json()["images"]

    # A history branch does not tell.
    (record, *_) = [line for line in exported(service) if "kind" not in json.loads(line)]
    bare = {name: value for name, value in json.loads(record).items() if name not in ("repository", "trunk", "pull")}
    imported(other, [json.dumps(bare)], repository="octocat/new", private=True)
    imported(other, [json.dumps(bare)], repository="octocat/open")
    assert {"octocat/shop": True, "octocat/new": True, "octocat/open": False} == {
        row["name"]: row["private"] for row in rows(other, tables.Repository)
    }


def test_what_makes_no_sense_is_left(year: tuple[Service, TestClient], other: Service) -> None:
    service, _ = year
    lines = exported(service)
    by_kind = {json.loads(line).get("kind"): json.loads(line) for line in lines}
    repository, report, pull, layer = (by_kind[kind] for kind in ("repository", "report", "pull", "layer"))
    report = next(each for line in lines if (each := json.loads(line)).get("kind") == "report")
    layer = next(each for line in lines if "content" in (each := json.loads(line)) and each["kind"] == "layer")
    bomb = base64.b64encode(packed(b"0" * (65 << 20))).decode()
    nonsense: list[object] = [
        "no JSON",
        [],
        {"kind": 5},
        {"kind": "token"},
        {**repository, "name": "a"},
        {**repository, "name": None},
        {**report, "repository": "octocat/nobody"},
        {**report, "digest": "0" * 64},
        {**report, "content": "?"},
        {**report, "content": base64.b64encode(packed(b"{}")).decode()},
        {**report, "content": bomb},
        {**report, "commit": "../x"},
        {**pull, "number": 0},
        {**pull, "commit": 5},
        {**layer, "diff_id": "../../x"},
        {**layer, "diff_id": "0" * 64},
        {**layer, "content": bomb},
        {**{name: value for name, value in layer.items() if name != "content"}, "digest": "1" * 64},
    ]
    made = imported(other, [json.dumps(repository)])
    assert {"repository": 1} == made
    before = [rows(other, table) for table in (tables.Repository, tables.Report, tables.Pull, LayerFiles)]

    text = [each if isinstance(each, str) else json.dumps(each) for each in nonsense]
    assert {"unread": len(nonsense)} == imported(other, text)
    assert before == [rows(other, table) for table in (tables.Repository, tables.Report, tables.Pull, LayerFiles)]
    # A line without an end is passed over, and the next one is read.
    assert {"unread": 1, "pull": 1} == imported(other, ["x" * (97 << 20), json.dumps(pull)])


def test_a_report_that_is_lost_leaves_its_record(year: tuple[Service, TestClient], other: Service) -> None:
    service, _ = year
    digest = rows(service, tables.Report)[-1]["digest"]
    assert unpacked(service.store.get(named("reports", digest)) or b"", 1 << 25)
    service.store.delete(named("reports", digest), 1 << 40)
    taken = imported(other, exported(service))
    assert len(rows(service, tables.Record)) == taken["new"]
    assert len(rows(service, tables.Report)) > taken["report"]
