"""`weighbridge admin`: out and in again, a copy while it runs, tokens."""

from __future__ import annotations

import io
import sqlite3
import threading
from typing import TYPE_CHECKING

from sqlalchemy import select
from typer.testing import CliRunner

from tests.support.records import record
from tests.support.service import sent
from weighbridge.cli import app
from weighbridge.core.history.keep import History, write_history
from weighbridge.service import ingest, schema, tables, transfer
from weighbridge.service.configuration import configured
from weighbridge.service.running import assembled

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service


def admin(service: Service, *words: str) -> tuple[int, str]:
    address = ["--data", str(service.configuration.data), "--database", str(service.configuration.database_url)]
    done = CliRunner().invoke(app, ["admin", *words, *address])
    return done.exit_code, done.output


def exported(service: Service) -> list[str]:
    out = io.StringIO()
    transfer.export(service, out)
    return out.getvalue().splitlines()


def test_what_goes_out_comes_in(client: TestClient, sender: dict[str, str], service: Service, tmp_path: Path) -> None:
    for content in (sent(number=1), sent(number=2, release="v1", ref="v1"), sent(number=3, pull=7)):
        assert 201 == client.post("/api/v1/reports", content=content, headers=sender).status_code
    lines = exported(service)
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join([*lines, "no line of ours", ""]))

    other = assembled(configured(data=tmp_path / "other"))
    schema.upgrade(other.database)
    for outcome in ("3 new, 0 known, 1 not read, 3 reports, 1 pulls", "0 new, 3 known, 1 not read"):
        status, out = _imported(other, file)
        assert (0, True) == (status, outcome in out), out
    assert lines == exported(other)
    with service.database.reading() as here, other.database.reading() as there:
        one, same = (session.scalars(select(tables.Image)).one() for session in (here, there))
        shown = ("time", "size", "packed", "wasted", "layer_count", "status", "max_size", "saving", "trend")
        assert [getattr(one, name) for name in shown] == [getattr(same, name) for name in shown]
    other.database.close()


def _imported(service: Service, *words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["admin", "import", *map(str, words), "--data", str(service.configuration.data)])
    return done.exit_code, done.output


def test_a_history_branch_comes_in(service: Service, tmp_path: Path) -> None:
    records = tuple(record(number) for number in range(3))
    for name, content in write_history({}, History(records=records, unread={})).items():
        path = tmp_path / "branch" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    status, out = admin(service, "import", str(tmp_path / "branch"))
    assert (2, True) == (status, "--repository" in out)
    status, out = admin(service, "import", str(tmp_path / "branch"), "--repository", "octocat/yard")
    assert (0, True) == (status, "3 new" in out)
    with service.database.reading() as session:
        assert 3 == ingest.count(session, tables.Record)
    assert 2 == admin(service, "import", str(tmp_path / "nothing"))[0]
    assert 2 == admin(service, "import", str(tmp_path))[0]


def test_a_copy_is_made_while_reports_come_in(
    client: TestClient, sender: dict[str, str], service: Service, tmp_path: Path
) -> None:
    client.post("/api/v1/reports", content=sent(), headers=sender)
    copy = tmp_path / "copy.db"
    if not service.database.sqlite:
        status, out = admin(service, "backup", str(copy))
        assert (2, True) == (status, "pg_dump" in out)
        return
    sending = threading.Thread(
        target=lambda: [client.post("/api/v1/reports", content=sent(number=n), headers=sender) for n in range(1, 15)]
    )
    sending.start()
    assert 0 == admin(service, "backup", str(copy))[0]
    sending.join(60)
    with sqlite3.connect(copy) as connection:
        assert "ok" == connection.execute("PRAGMA integrity_check").fetchone()[0]
        (records,) = connection.execute("SELECT count(*) FROM records").fetchone()
        (reports,) = connection.execute("SELECT count(*) FROM reports").fetchone()
    connection.close()
    assert 1 <= records == reports
    assert 2 == admin(service, "backup", str(copy))[0]


def test_tokens_are_listed_and_revoked(client: TestClient, sender: dict[str, str], service: Service) -> None:
    assert "tests\toctocat/*" in admin(service, "tokens")[1]
    assert 0 == admin(service, "revoke", "tests")[0]
    assert "revoked" in admin(service, "tokens")[1]
    assert 401 == client.post("/api/v1/reports", content=sent(), headers=sender).status_code
    assert 2 == admin(service, "revoke", "nobody")[0]


def test_retention_runs_by_hand(service: Service) -> None:
    assert (0, "nothing is old enough\n") == admin(service, "retention")
