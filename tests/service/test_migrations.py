"""Every migration, from a database of each earlier version that is in use, on both databases."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tests.support.command import command as command_words
from tests.support.service import REPOSITORY, sent
from weighbridge.core import wire
from weighbridge.service import ingest, queries, schema
from weighbridge.service.configuration import configured
from weighbridge.service.database import Database
from weighbridge.service.running import assembled
from weighbridge.service.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import Postgres

ROWS = {
    "repositories": [
        {"id": 1, "name": "octocat/yard", "default_branch": "main", "private": False, "created": 1},
        # Before names were the same in any case.
        {"id": 2, "name": "Octocat/Yard", "default_branch": None, "private": False, "created": 2},
    ],
    "upload_tokens": [{"id": 1, "name": "ours", "digest": "0" * 64, "scope": "octocat/*", "created": 1}],
    "images": [
        {"id": 1, "repository_id": 1, "name": "app", "platform": "linux/amd64", "record_id": 1, "time": 5,
         "size": 1 << 50, "packed": 3, "packed_estimated": True, "wasted": 0, "layer_count": 1, "status": "pass",
         "month_change": -7, "trend": "[1]"},
        {"id": 2, "repository_id": 2, "name": "app", "platform": "linux/amd64", "trend": "[]"},
    ],
    "reports": [{"id": 1, "repository_id": 1, "commit": "a" * 40, "pull": 0, "received": 5, "actor": "token:ours",
                 "digest": "1" * 64, "bytes": 10}],
    "records": [{"id": 1, "image_id": 1, "report_id": 1, "commit": "a" * 40, "pull": 0, "time": 5, "recorded": 5,
                 "ref": "main", "trunk": True, "size": 1 << 50, "packed": 3, "packed_estimated": True, "wasted": 0,
                 "layer_count": 1, "file_count": 1, "status": "pass", "line": b"\x00\xff"}],
    "findings": [{"id": 1, "image_id": 1, "rule": "r", "severity": "warning", "message": "m"}],
    "packages": [{"id": 1, "image_id": 1, "ecosystem": "apt", "name": "gcc", "version": "12"}],
    "pulls": [{"id": 1, "repository_id": 1, "number": 7, "open": True, "commit": "b" * 40, "updated": 5}],
}  # fmt: skip
"""As version 0001 had them."""
# Nothing is opened: only the migrations are looked through.
SCRIPTS = ScriptDirectory.from_config(schema.configuration(Database("sqlite:///unused")))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any tables."""
    url = f"sqlite:///{tmp_path / 'weighbridge.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create()
    database = Database(configured(database_url=url).database())
    yield database
    database.close()


def fill(database: Database) -> None:
    with database.engine.begin() as connection:
        for table, rows in ROWS.items():
            for row in rows:
                names = ", ".join(f'"{name}"' for name in row)
                values = ", ".join(f":{name}" for name in row)
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)  # noqa: S608


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_a_version_kept_the_newest_has(empty: Database, revision: str) -> None:
    schema.upgrade(empty, "0001")
    fill(empty)
    schema.upgrade(empty, revision)
    assert (revision == REVISIONS[-1]) == schema.is_current(empty)
    schema.upgrade(empty)
    assert schema.is_current(empty)

    with empty.engine.connect() as connection:
        for table, rows in ROWS.items():
            found = connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings().all()  # noqa: S608
            assert len(rows) == len(found)
            for row, kept in zip(rows, found, strict=True):
                if row["id"] == 2 and table == "repositories":
                    assert "Octocat/Yard@2" == kept["name"]
                    continue
                assert row == {name: bytes(kept[name]) if name == "line" else kept[name] for name in row}
        if empty.sqlite:
            assert [1] == connection.execute(text("PRAGMA foreign_keys")).scalars().all()
            assert [] == connection.execute(text("PRAGMA foreign_key_check")).all()


def test_what_was_migrated_is_used_as_what_is_new(empty: Database, tmp_path: Path) -> None:
    schema.upgrade(empty, "0001")
    fill(empty)
    schema.upgrade(empty)
    if not empty.sqlite:
        with empty.engine.begin() as connection:
            for table in ROWS:
                # The rows above brought their own numbers.
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100)"))
    service = assembled(configured(data=tmp_path / "data", database_url=empty.url))
    content = sent(number=3)
    ingest.take(wire.load(content), content, Sender(actor="x", scope="*"), empty, service.store, service.now())
    with empty.reading() as session:
        shown = queries.image(session, REPOSITORY.upper(), "app")
        assert shown is not None
        assert (1, 100_000_000) == (shown.image.id, shown.image.size)
        assert 2 == len(queries.history(session, 1))
    service.database.close()


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_tables_are_as_the_code_has_them(empty: Database) -> None:
    schema.upgrade(empty)
    command.check(schema.configuration(empty))


def test_replicas_that_start_at_once_wait_for_each_other(empty: Database, tmp_path: Path) -> None:
    words = command_words("admin", "migrate", "--data", str(tmp_path / "data"), "--database", empty.url)
    started = [subprocess.Popen(words, stdin=subprocess.DEVNULL) for _ in range(3)]
    assert [0, 0, 0] == [process.wait(240) for process in started]
    assert schema.is_current(empty)
