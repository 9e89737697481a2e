"""What GitHub's events change, sent by a GitHub and made up by others."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import select

from tests.service.test_ingest import sent
from tests.support.github import running_github
from tests.support.reports import HEAD, image, report
from weighbridge.core import wire
from weighbridge.service import schema, tokens
from weighbridge.service.app import create
from weighbridge.service.configuration import configured
from weighbridge.service.running import Service, assembled
from weighbridge.service.tables import Pull, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "secret-of-the-hook"
YARD: dict[str, Any] = {"id": 7, "full_name": "octocat/yard", "private": False, "default_branch": "main"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = assembled(configured(data=tmp_path, github_webhook_secret=SECRET))
    schema.upgrade(made.database)
    with made.database.writing() as session:
        token = tokens.issue(session, "tests", "octocat/*", made.now())
    with TestClient(create(made)) as client:
        pull = wire.dump(replace(report(image(), head=HEAD), pull_request=7)).encode()
        for body in (sent(), pull):
            answer = client.post("/api/v1/reports", content=body, headers={"Authorization": f"Bearer {token}"})
            assert 201 == answer.status_code
    yield made
    made.database.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create(service), raise_server_exceptions=False) as made:
        yield made


def tell(client: TestClient, event: str, payload: object, secret: str = SECRET) -> Any:
    body = json.dumps(payload).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    return client.post("/api/v1/github/events", content=body, headers=headers)


def repositories(service: Service) -> dict[str, Repository]:
    with service.database.reading() as session:
        return {row.name: row for row in session.scalars(select(Repository)).all()}


def pull(service: Service) -> Pull:
    with service.database.reading() as session:
        return session.scalars(select(Pull)).one()


def closing(state: str, updated: str) -> dict[str, Any]:
    pull_request = {"number": 7, "state": state, "head": {"sha": "c" * 40}, "updated_at": updated}
    return {"action": state, "repository": YARD, "pull_request": pull_request}


def test_pull_requests_close_and_open_in_the_order_in_which_it_happened(client: TestClient, service: Service) -> None:
    assert {"heeded": True} == tell(client, "pull_request", closing("closed", "2099-01-02T00:00:00Z")).json()
    assert not pull(service).open
    tell(client, "pull_request", closing("open", "2099-01-01T00:00:00Z"))
    assert not pull(service).open
    tell(client, "pull_request", closing("open", "2099-01-03T00:00:00Z"))
    assert pull(service).open


def test_a_repository_becomes_private_moves_and_goes(client: TestClient, service: Service) -> None:
    tell(client, "repository", {"action": "privatized", "repository": YARD | {"private": True}})
    assert repositories(service)["octocat/yard"].private
    assert [] == client.get("/api/v1/images").json()["images"]
    tell(client, "repository", {"action": "publicized", "repository": YARD})
    assert not repositories(service)["octocat/yard"].private

    renamed = YARD | {"full_name": "octocat/scale", "default_branch": "trunk"}
    tell(client, "repository", {"action": "renamed", "repository": renamed})
    assert {"octocat/scale"} == set(repositories(service))
    assert "trunk" == repositories(service)["octocat/scale"].default_branch

    tell(client, "repository", {"action": "deleted", "repository": renamed})
    gone = repositories(service)["octocat/scale@7"]
    assert (True, True) == (gone.private, gone.gone is not None)


def test_one_that_is_known_by_name_only_is_renamed_too(client: TestClient, service: Service) -> None:
    changes = {"repository": {"name": {"from": "yard"}}}
    tell(
        client, "repository", {"action": "renamed", "repository": YARD | {"full_name": "octocat/s"}, "changes": changes}
    )

    assert {"octocat/s": 7} == {name: row.github_id for name, row in repositories(service).items()}


@pytest.mark.parametrize(
    "payload",
    [None, [], {}, {"repository": 1}, {"repository": YARD | {"id": "7"}}, {"repository": YARD | {"id": 1 << 70}},
     {"repository": YARD | {"full_name": "../etc"}}, {"repository": YARD | {"full_name": "hubot/other"}}],
)  # fmt: skip
def test_events_of_no_concern_change_nothing(client: TestClient, service: Service, payload: object) -> None:
    for event in ("push", "repository", "pull_request", "x" * 1000):
        assert {"heeded": False} == tell(client, event, payload).json()
    assert {"octocat/yard"} == set(repositories(service))


@pytest.mark.parametrize(
    "pull_request",
    [None, {"number": 7}, {"number": -1, "state": "open", "head": {"sha": "c" * 40}, "updated_at": "x"},
     {"number": 7, "state": "closed", "head": {"sha": "c" * 40}, "updated_at": "yesterday"}],
)  # fmt: skip
def test_pull_requests_that_make_no_sense_change_nothing(
    client: TestClient, service: Service, pull_request: object
) -> None:
    assert 200 == tell(client, "pull_request", {"repository": YARD, "pull_request": pull_request}).status_code
    assert pull(service).open


def test_strangers_tell_nothing(client: TestClient, service: Service) -> None:
    deleted = {"action": "deleted", "repository": YARD}
    assert 401 == tell(client, "repository", deleted, secret="guessed").status_code
    assert 401 == client.post("/api/v1/github/events", json=deleted).status_code
    wrong = {"X-Hub-Signature-256": "sha1=" + "0" * 40}
    assert 401 == client.post("/api/v1/github/events", json=deleted, headers=wrong).status_code
    assert {"octocat/yard"} == set(repositories(service))
    body = b" " * (5 << 20)
    headers = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    assert 413 == client.post("/api/v1/github/events", content=body, headers=headers).status_code


def test_without_a_secret_nothing_is_taken(tmp_path: Path) -> None:
    made = assembled(configured(data=tmp_path))
    with TestClient(create(made)) as client:
        assert 404 == tell(client, "ping", {}).status_code


def test_a_github_closes_its_pull_request(service: Service) -> None:
    config = uvicorn.Config(create(service), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with running_github(check=False) as github:
            hook = {"url": f"http://127.0.0.1:{port}/api/v1/github/events", "secret": SECRET, "content_type": "json"}
            body = {"name": "web", "active": True, "events": ["pull_request"], "config": hook}
            github.call("POST", "/repos/octocat/yard/hooks", body)
            numbers = [github.open_pull_request(f"topic-{number}")["number"] for number in range(2)]
            with service.database.writing() as session:
                row = session.scalars(select(Pull)).one()
                row.number, row.updated = numbers[0], 0
            github.call("PATCH", f"/repos/octocat/yard/pulls/{numbers[0]}", {"state": "closed"})
            end = time.monotonic() + 20
            while pull(service).open and time.monotonic() < end:
                time.sleep(0.1)
            assert not pull(service).open
    finally:
        server.should_exit = True
        thread.join()
