"""Reports come in: kept once, bounded, from those who may send them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from sqlalchemy import select

from tests.support import service as sending
from tests.support.reports import HEAD, image, report, unbuilt
from weighbridge.core import wire
from weighbridge.model.packages import Ecosystem, Package
from weighbridge.model.report import WeighedImage
from weighbridge.service import tables, tokens
from weighbridge.service.store import named
from weighbridge.service.values import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

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


def streamed(text: bytes) -> bytes:
    """A frame that does not tell its size."""
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(text) + packer.flush()


def inflated(text: bytes) -> bytes:
    """A frame that tells its size (in 4 bytes, as one segment), with blocks that hold nothing before those that do."""
    assert len(text) < 1 << 17
    last = (len(text) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\xa0" + len(text).to_bytes(4, "little") + bytes(3 * 10_000) + last + text


@pytest.mark.parametrize(
    ("pack", "as_sent"),
    [
        (lambda text: zstandard.compress(text, 19), True),
        (lambda text: zstandard.compress(text, 19) + b"x", False),
        (lambda text: zstandard.compress(text, 19) + zstandard.compress(b"more"), False),
        (streamed, False),
        (inflated, False),
    ],
    ids=["one frame", "a frame and more", "two frames", "no size", "empty blocks"],
)
def test_a_frame_is_stored_as_it_was_sent(
    service: Service, client: TestClient, sender: dict[str, str], pack: Callable[[bytes], bytes], as_sent: bool
) -> None:
    headers = {**sender, "Content-Encoding": "zstd"}

    assert 201 == client.post("/api/v1/reports", content=pack(sent()), headers=headers).status_code

    stored = service.store.get(named("reports", hashlib.sha256(sent()).hexdigest()))
    assert stored is not None
    assert sent() == unpacked(stored, 1 << 20)
    assert as_sent == (pack(sent()) == stored)
    (record,) = client.get("/api/v1/images/octocat/yard/app").json()["records"]
    assert 100_000_000 == client.get(f"/api/v1/records/{record['id']}/report").json()["images"][0]["head"]["size"]


def test_a_frame_that_holds_nothing_ends_somewhere(client: TestClient, sender: dict[str, str]) -> None:
    # Blocks of no bytes, none of which is the last.
    pieces = [b"\x28\xb5\x2f\xfd\x00\x58", *[b"\x00\x00\x00" * 500_000] * 25]
    headers = {**sender, "Content-Encoding": "zstd"}

    assert 413 == client.post("/api/v1/reports", content=iter(pieces), headers=headers).status_code


def test_a_token_that_is_revoked_by_another_process_sends_nothing_more(
    service: Service, client: TestClient, sender: dict[str, str]
) -> None:
    assert 201 == client.post("/api/v1/reports", content=sent(1), headers=sender).status_code
    with service.database.writing() as session:
        tokens.revoke(session, "tests", service.now())

    answer = client.post("/api/v1/reports", content=sent(2), headers=sender)

    assert (401, "the token is unknown, was revoked, or has expired") == (answer.status_code, answer.json()["detail"])
    assert "invalid_token" in answer.headers["www-authenticate"]
    assert 1 == len(client.get("/api/v1/images/octocat/yard/app").json()["records"])
    having = {"repository": "octocat/yard", "layers": []}
    assert 401 == client.post("/api/v1/layers/missing", json=having, headers=sender).status_code


def test_only_packages_that_changed_are_written(service: Service, client: TestClient, sender: dict[str, str]) -> None:
    def take(number: int, *versions: str) -> dict[str, int]:
        packages = tuple(
            Package(ecosystem=Ecosystem.APT, name=name, version=version, size=1, path="var/lib/dpkg/status")
            for name, version in zip("aabcd", versions, strict=False)
        )
        made = image()
        assert isinstance(made.head, WeighedImage)
        body = sending.sent(replace(made, head=replace(made.head, packages=packages)), number=number)
        assert 201 == client.post("/api/v1/reports", content=body, headers=sender).status_code
        with service.database.reading() as session:
            rows = session.scalars(select(tables.Package)).all()
        # Nothing is lost, doubled, or left over.
        assert sorted((each.name, each.version) for each in packages) == sorted((row.name, row.version) for row in rows)
        return {row.name: row.id for row in rows if row.name != "a"}

    first = take(1, "1", "2", "1", "1", "1")
    second = take(2, "1", "2", "1", "1", "2")
    assert (first["b"], first["c"]) == (second["b"], second["c"])
    # The same one twice, one less, and none at all.
    assert second["b"] == take(3, "2", "2", "1", "1")["b"]
    assert {} == take(4)
    assert 2 == len(take(5, "1", "1", "3", "4"))


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
