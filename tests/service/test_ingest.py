"""Reports come in: kept once, bounded, from those who may send them."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from tests.support import service as sending
from tests.support.reports import HEAD, image, report, unbuilt
from weighbridge.core import wire

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

START = datetime(2026, 1, 1, tzinfo=UTC)


def sent(number: int = 0, size: int = 100_000_000, **changes: Any) -> bytes:
    """A push to main, an hour after the one before it."""
    return sending.sent(image(size=size), number=number, **changes)


def test_a_report_is_kept_and_shown(client: TestClient, sender: dict[str, str]) -> None:
    answer = client.post("/api/v1/reports", content=sent(), headers=sender)

    assert 201 == answer.status_code
    assert [{"image": "app", "platform": "linux/amd64", "outcome": "created"}] == answer.json()["images"]
    shown = client.get("/api/v1/images").json()["images"]
    assert [("octocat/yard", "app", 100_000_000)] == [(one["repository"], one["name"], one["size"]) for one in shown]
    assert "octocat/yard" in client.get("/").text


def test_sending_again_changes_nothing(client: TestClient, sender: dict[str, str]) -> None:
    for _ in range(2):
        outcome = client.post("/api/v1/reports", content=sent(), headers=sender).json()["images"][0]["outcome"]

    assert "unchanged" == outcome
    assert 1 == len(client.get("/api/v1/images/octocat/yard/app").json()["records"])


def test_the_newest_of_the_default_branch_is_what_an_image_weighs(client: TestClient, sender: dict[str, str]) -> None:
    client.post("/api/v1/reports", content=sent(2, 300_000_000), headers=sender)
    client.post("/api/v1/reports", content=sent(1, 200_000_000), headers=sender)
    client.post("/api/v1/reports", content=sent(3, 900_000_000, ref="topic"), headers=sender)
    client.post("/api/v1/reports", content=sent(4, 800_000_000, ref="v1", release="v1"), headers=sender)

    shown = client.get("/api/v1/images").json()["images"][0]
    assert 300_000_000 == shown["size"]
    assert [200_000_000, 300_000_000] == shown["trend"]
    history = client.get("/api/v1/images/octocat/yard/app").json()["records"]
    assert [800_000_000, 300_000_000, 200_000_000] == [record["size"] for record in history]


def test_a_tag_of_a_commit_that_is_known_makes_it_a_release(client: TestClient, sender: dict[str, str]) -> None:
    client.post("/api/v1/reports", content=sent(1), headers=sender)
    later = START + timedelta(hours=2)
    client.post("/api/v1/reports", content=sent(1, ref="v1", release="v1", recorded=later), headers=sender)

    (record,) = client.get("/api/v1/images/octocat/yard/app").json()["records"]
    assert ("main", "v1") == (record["ref"], record["release"])


def test_a_pull_request_is_not_the_image(client: TestClient, sender: dict[str, str]) -> None:
    body = wire.dump(replace(report(image(), head=HEAD), pull_request=7)).encode()

    assert 7 == client.post("/api/v1/reports", content=body, headers=sender).json()["pull_request"]
    assert [None] == [one["size"] for one in client.get("/api/v1/images").json()["images"]]


def test_an_image_that_was_not_weighed_is_not_kept(client: TestClient, sender: dict[str, str]) -> None:
    body = wire.dump(replace(report(unbuilt()), pull_request=None)).encode()

    assert [] == client.post("/api/v1/reports", content=body, headers=sender).json()["images"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_may_be_packed(client: TestClient, sender: dict[str, str], encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zstandard.compress
    headers = {**sender, "Content-Encoding": encoding}

    assert 201 == client.post("/api/v1/reports", content=pack(sent()), headers=headers).status_code
    assert 400 == client.post("/api/v1/reports", content=pack(sent())[:-9], headers=headers).status_code
    assert 400 == client.post("/api/v1/reports", content=b"no such thing", headers=headers).status_code
    bomb = pack(bytes(200_000_000))
    assert 413 == client.post("/api/v1/reports", content=bomb, headers=headers).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer wbu_no"}, 401), ({"Authorization": "Basic eDp5"}, 401)],
)
def test_strangers_may_not_send(client: TestClient, headers: dict[str, str], status: int) -> None:
    answer = client.post("/api/v1/reports", content=sent(), headers=headers)

    assert status == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    assert "www-authenticate" in answer.headers


def test_others_repositories_are_refused(client: TestClient, sender: dict[str, str]) -> None:
    body = wire.dump(replace(report(image()), repository="hubot/yard", pull_request=None)).encode()

    assert 403 == client.post("/api/v1/reports", content=body, headers=sender).status_code
