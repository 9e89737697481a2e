"""Records of one branch among very many others are read off their own index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, insert, select, text

from tests.service.test_ingest import sent
from weighbridge.service import queries_records
from weighbridge.service.tables import Image, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

BRANCHES, EACH = 60, 50
INDEX = "ix_records_image_id_ref_time"


@pytest.fixture
def image(client: TestClient, sender: dict[str, str], service: Service) -> int:
    """The number of an image with 3,000 records of branches, as many of pull requests and of the default branch."""
    assert 201 == client.post("/api/v1/reports", content=sent(1), headers=sender).status_code
    with service.database.writing() as session:
        number = session.scalars(select(Image.id)).one()
        like = session.execute(select(Record.__table__).limit(1)).mappings().one()
        rows = []
        for place in range(BRANCHES * EACH):
            ref = f"topic/{place % BRANCHES}"
            of = ({"ref": ref, "trunk": False}, {"ref": ref, "trunk": False, "pull": 7}, {"ref": "main", "trunk": True})
            for kind, more in enumerate(of):
                commit = f"{kind + 1}{place:039x}"
                rows.append({**like, "commit": commit, "time": 1_000_000 + place, "size": place, **more})
        for row in rows:
            del row["id"]
        session.execute(insert(Record), rows)
    if not service.database.sqlite:
        with service.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE records"))
    return number


def plan(service: Service, statement: str, parameters: Any) -> str:
    how = "EXPLAIN QUERY PLAN" if service.database.sqlite else "EXPLAIN"
    with service.database.engine.connect() as connection:
        return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{how} {statement}", parameters))


def test_a_branch_is_read_off_its_index(service: Service, image: int) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    with service.database.reading() as session:
        event.listen(service.database.engine, "before_cursor_execute", note)
        found = _sizes(queries_records.at(session, image, "topic/3", "main", limit=5))
        event.remove(service.database.engine, "before_cursor_execute", note)
    newest = range(BRANCHES * EACH - BRANCHES + 3, 0, -BRANCHES)
    assert list(newest)[:5] == found

    plans = [plan(service, *each) for each in asked if each[0].startswith("SELECT")]
    assert INDEX in plans[-1], plans[-1]
    # In its order, and of that image and branch alone.
    assert "Sort" not in plans[-1]
    assert "TEMP B-TREE" not in plans[-1]
    if service.database.sqlite:
        assert "(image_id=? AND ref=?)" in plans[-1]
    else:
        assert "Index Cond: ((image_id = " in plans[-1]
        assert "Filter" not in plans[-1].partition("Index Cond")[2].partition("\n")[0]


def test_old_branches_are_found_too(service: Service, image: int) -> None:
    """However many records there are that are newer."""
    with service.database.writing() as session:
        row = dict(session.execute(select(Record.__table__).limit(1)).mappings().one())
        del row["id"]
        session.execute(
            insert(Record).values({**row, "commit": "e" * 40, "ref": "old", "trunk": False, "time": 5, "size": 77})
        )
    with service.database.reading() as session:
        assert [77] == _sizes(queries_records.at(session, image, "old", "main", limit=5))
        assert [] == queries_records.at(session, image, "none", "main", limit=5)


def _sizes(records: Sequence[Record]) -> list[int]:
    return [record.size for record in records]
