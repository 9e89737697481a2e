"""Many senders at once, and a database that comes and goes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from tests.support import reports
from tests.support.postgres import running_postgres
from tests.support.service import sent
from weighbridge.service import ingest, schema, tables, tokens
from weighbridge.service.app import create
from weighbridge.service.configuration import configured
from weighbridge.service.running import assembled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import httpx2 as httpx
    import pytest

    from weighbridge.service.running import Service

PROBLEM = "application/problem+json"


def at_once(client: TestClient, headers: dict[str, str], bodies: Sequence[bytes]) -> list[httpx.Response]:
    """Sends all of them, each begun when all are ready."""
    ready = threading.Barrier(len(bodies))

    def send(body: bytes) -> httpx.Response:
        ready.wait(30)
        return client.post("/api/v1/reports", content=body, headers=headers)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, bodies))


def counted(service: Service, *kinds: type[tables.Base]) -> list[int]:
    with service.database.reading() as session:
        return [ingest.count(session, kind) for kind in kinds]


def test_the_same_report_twenty_times_at_once_is_kept_once(
    client: TestClient, sender: dict[str, str], service: Service
) -> None:
    answers = at_once(client, sender, [sent()] * 20)

    assert [201] * 20 == [answer.status_code for answer in answers]
    assert [1] == [sum(one["outcome"] == "created" for answer in answers for one in answer.json()["images"])]
    assert [1, 1, 1] == counted(service, tables.Report, tables.Record, tables.Image)


def test_many_writers_of_the_same_images_do_not_deadlock(
    client: TestClient, sender: dict[str, str], service: Service
) -> None:
    """Images in every order, several commits, two spellings of the repository's name."""
    names = ["app", "base", "web", "worker"]
    bodies = [
        sent(
            *[reports.image(names[(start + step) % 4]) for step in range(4)],
            number=number,
            repository="octocat/yard" if start % 2 else "Octocat/Yard",
        )
        for number in range(5)
        for start in range(4)
    ]
    answers = at_once(client, sender, bodies)

    assert [201] * 20 == [answer.status_code for answer in answers]
    assert [1, 4, 20] == counted(service, tables.Repository, tables.Image, tables.Record)
    shown = client.get("/api/v1/images").json()["images"]
    assert [5] * 4 == [len(one["trend"]) for one in shown]


def test_repositories_are_the_same_in_any_case(client: TestClient, sender: dict[str, str]) -> None:
    for number, name in enumerate(("Octocat/Yard", "octocat/yard")):
        answer = client.post("/api/v1/reports", content=sent(number=number, repository=name), headers=sender)
        assert "Octocat/Yard" == answer.json()["repository"]

    assert 2 == len(client.get("/api/v1/images/OCTOCAT/yard/app").json()["records"])


def test_a_reader_sees_one_state_of_things(client: TestClient, sender: dict[str, str], service: Service) -> None:
    with service.database.reading() as session:
        before = ingest.count(session, tables.Record)
        assert 201 == client.post("/api/v1/reports", content=sent(), headers=sender).status_code
        assert (0, 0) == (before, ingest.count(session, tables.Record))
    assert [1] == counted(service, tables.Record)


def test_what_fails_in_the_middle_leaves_nothing(
    client: TestClient, sender: dict[str, str], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "trend_of", fails)
        answer = client.post("/api/v1/reports", content=sent(), headers=sender)
    assert 500 == answer.status_code
    assert [0, 0, 0, 0] == counted(service, tables.Repository, tables.Image, tables.Record, tables.Report)
    assert 201 == client.post("/api/v1/reports", content=sent(), headers=sender).status_code


def test_a_restart_of_postgresql_is_told_and_survived(tmp_path: Path) -> None:
    """A server of its own, since others would miss theirs."""
    with running_postgres() as server:
        service = assembled(configured(data=tmp_path, database_url=server.create()))
        schema.upgrade(service.database)
        with service.database.writing() as session:
            token = tokens.issue(session, "tests", "*", service.now())
        headers = {"Authorization": f"Bearer {token}"}
        with TestClient(create(service), raise_server_exceptions=False) as client:
            assert [201] * 4 == [each.status_code for each in at_once(client, headers, [sent(number=1)] * 4)]
            server.stop("immediate")
            for answer in (
                client.post("/api/v1/reports", content=sent(number=2), headers=headers),
                client.get("/api/v1/images"),
                client.get("/"),
                client.get("/readyz"),
            ):
                assert (503, PROBLEM) == (answer.status_code, answer.headers["content-type"])
            assert 200 == client.get("/healthz").status_code
            server.start()
            # Every connection of the pool is dead, and none is a reason to fail.
            assert [201] * 4 == [each.status_code for each in at_once(client, headers, [sent(number=2)] * 4)]
            assert 2 == len(client.get("/api/v1/images/octocat/yard/app").json()["records"])
            assert 200 == client.get("/readyz").status_code


def test_a_database_that_cannot_be_written_now_is_told(
    client: TestClient, sender: dict[str, str], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer that does not end; or, after a failover, a server that is no longer written to."""
    if service.database.sqlite:
        with monkeypatch.context() as patch:
            patch.setattr(service.database, "_turn", threading.Lock())
            patch.setattr("weighbridge.service.database._BUSY_SECONDS", 0.01)
            with service.database._turn:
                answer = client.post("/api/v1/reports", content=sent(), headers=sender)
    else:
        name = service.database.engine.url.database
        with service.database.engine.begin() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        service.database.engine.dispose()
        answer = client.post("/api/v1/reports", content=sent(), headers=sender)
    assert (503, PROBLEM) == (answer.status_code, answer.headers["content-type"])
    assert "5" == answer.headers["retry-after"]


def test_no_connection_left_is_told(
    client: TestClient, sender: dict[str, str], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = create_engine(service.database.engine.url, pool_size=1, max_overflow=0, pool_timeout=0.2)
    monkeypatch.setattr(service.database, "_sessions", type(service.database._sessions)(small))
    monkeypatch.setattr(service.database, "engine", small)
    with small.connect():
        for answer in (
            client.post("/api/v1/reports", content=sent(), headers=sender),
            client.get("/api/v1/images"),
            client.get("/readyz"),
        ):
            assert (503, PROBLEM) == (answer.status_code, answer.headers["content-type"])
    assert 201 == client.post("/api/v1/reports", content=sent(), headers=sender).status_code
    small.dispose()
