"""The files of images: sent layer by layer, kept once, each repository's word for itself."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from sqlalchemy import select

from tests.support.service import REPOSITORY, Weighed, read, sent
from weighbridge.core.compare import compare
from weighbridge.core.filediff import diff_trees
from weighbridge.core.wire.layers import digest_of_layer
from weighbridge.model.image import Image
from weighbridge.model.report import Unavailable
from weighbridge.service import details, tables, tokens
from weighbridge.service.sender import Sender
from weighbridge.service.senders import sender as sender_of_request

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

BASE = "usr/\nusr/lib/\nusr/lib/libc 5000\netc/motd = hello\n"
APP = "app/main 700\n- etc/motd\nusr/lib/libm => usr/lib/libc\n"


@pytest.fixture
def weighed(tmp_path: Path) -> Weighed:
    return read(tmp_path, BASE, APP)


def lacking(client: TestClient, headers: dict[str, str], having: dict[str, Any]) -> list[str]:
    answer = client.post("/api/v1/layers/missing", json=having, headers=headers)
    assert 200 == answer.status_code, answer.text
    missing: list[str] = answer.json()["missing"]
    return missing


def send(
    client: TestClient, headers: dict[str, str], weighed: Weighed, repository: str = REPOSITORY, **more: Any
) -> None:
    for diff_id, document in weighed.documents.items():
        answer = client.put(
            f"/api/v1/layers/{diff_id}",
            params={"repository": repository, **more},
            content=zstandard.compress(document),
            headers={**headers, "Content-Encoding": "zstd"},
        )
        assert (201, digest_of_layer(document)) == (answer.status_code, answer.json()["digest"])


def images(service: Service) -> list[Image | Unavailable]:
    with service.database.reading() as session:
        records = session.scalars(select(tables.Record).order_by(tables.Record.time)).all()
        return list(details.images(session, service.store, *records))


def test_the_files_of_a_record_are_those_of_its_image(
    client: TestClient, sender: dict[str, str], service: Service, weighed: Weighed, tmp_path: Path
) -> None:
    grown = read(tmp_path, BASE, APP + "app/extra 900\n")
    for number, each in enumerate((weighed, grown)):
        client.post("/api/v1/reports", content=sent(each.reported, number=number), headers=sender)
        missing = lacking(client, sender, each.having())
        # The base layer was there already.
        assert 2 - number == len(missing)
        send(client, sender, each)
        assert [] == lacking(client, sender, each.having())

    before, after = images(service)
    assert isinstance(before, Image)
    assert isinstance(after, Image)
    assert (weighed.image.tree.nodes, weighed.image.waste) == (before.tree.nodes, before.waste)
    assert (weighed.image.layers, weighed.image.packages) == (before.layers, before.packages)
    assert compare(weighed.image, grown.image) == compare(before, after)
    assert ["app/extra"] == [change.path for change in diff_trees(before.tree, after.tree).changes]


def test_what_was_not_sent_is_not_made_up(
    client: TestClient, sender: dict[str, str], service: Service, weighed: Weighed
) -> None:
    client.post("/api/v1/reports", content=sent(weighed.reported), headers=sender)

    (found,) = images(service)
    assert isinstance(found, Unavailable)
    assert "were not sent" in found.reason


def test_documents_that_are_gone_are_told(
    client: TestClient, sender: dict[str, str], service: Service, weighed: Weighed
) -> None:
    client.post("/api/v1/reports", content=sent(weighed.reported), headers=sender)
    send(client, sender, weighed)
    for kind in ("layers", "reports"):
        for stored in list(service.store.stored(kind)):
            service.store.delete(stored.name, stored.time + 1)
        (found,) = images(service)
        assert isinstance(found, Unavailable)
        assert "not in the store any more" in found.reason


def test_nobody_speaks_for_another_repository(
    client: TestClient, sender: dict[str, str], service: Service, weighed: Weighed
) -> None:
    """A stranger's document of a shared layer is not what others see, and theirs is still asked for."""
    with service.database.writing() as session:
        token = tokens.issue(session, "mallory", "mallory/*", service.now())
    stranger = {"Authorization": f"Bearer {token}"}
    lies = Weighed(
        image=weighed.image,
        documents={diff_id: f'{{"v":1,"diff_id":"{diff_id}"}}\n'.encode() for diff_id in weighed.documents},
    )
    client.post("/api/v1/reports", content=sent(weighed.reported, repository="mallory/lies"), headers=stranger)
    client.post("/api/v1/reports", content=sent(weighed.reported), headers=sender)
    send(client, stranger, lies, "mallory/lies")

    assert 403 == client.post("/api/v1/layers/missing", json=lies.having(), headers=stranger).status_code
    assert 2 == len(lacking(client, sender, weighed.having()))
    send(client, sender, weighed)
    found = images(service)
    assert [0, len(weighed.image.tree.nodes)] == sorted(
        len(each.tree.nodes) for each in found if isinstance(each, Image)
    )


def test_a_document_is_stored_once(
    client: TestClient, sender: dict[str, str], service: Service, weighed: Weighed
) -> None:
    for repository in (REPOSITORY, "octocat/other"):
        client.post("/api/v1/reports", content=sent(weighed.reported, repository=repository), headers=sender)
    send(client, sender, weighed)

    assert [] == lacking(client, sender, weighed.having(repository="octocat/other"))
    assert 2 == len(list(service.store.stored("layers")))
    assert all(isinstance(found, Image) for found in images(service))


def test_what_a_fork_sends_counts_for_its_pull_request_only(
    client: TestClient, sender: dict[str, str], service: Service, weighed: Weighed
) -> None:
    client.post("/api/v1/reports", content=sent(weighed.reported), headers=sender)
    client.post("/api/v1/reports", content=sent(weighed.reported, number=1, pull=7), headers=sender)
    client.app.dependency_overrides[sender_of_request] = lambda: Sender(actor="fork", scope=REPOSITORY, pull=7)  # type: ignore[attr-defined]

    assert 403 == client.post("/api/v1/layers/missing", json=weighed.having()).status_code
    assert 403 == client.post("/api/v1/layers/missing", json=weighed.having(pull_request=8)).status_code
    send(client, {}, weighed, pull_request=7)
    trunk, pull = images(service)
    assert isinstance(trunk, Unavailable)
    assert isinstance(pull, Image)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"repository": "octocat/unknown"}, 422),
        ({"repository": "hubot/yard"}, 403),
        ({"repository": "../yard"}, 403),
        ({"repository": "octocat/yard\0"}, 422),
        ({"pull_request": 0}, 422),
        ({"layers": [{"diff_id": "sha256:1", "digest": "f" * 64}]}, 422),
        ({"layers": [{"diff_id": "sha256:" + "0" * 64, "digest": "f" * 63}]}, 422),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    client: TestClient, sender: dict[str, str], weighed: Weighed, change: dict[str, Any], status: int
) -> None:
    client.post("/api/v1/reports", content=sent(weighed.reported), headers=sender)

    answer = client.post("/api/v1/layers/missing", json=weighed.having(**change), headers=sender)
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_documents_that_make_no_sense_are_refused(
    client: TestClient, sender: dict[str, str], service: Service, weighed: Weighed
) -> None:
    client.post("/api/v1/reports", content=sent(weighed.reported), headers=sender)
    one, other = weighed.documents
    headers, params = {**sender, "Content-Encoding": "gzip"}, {"repository": REPOSITORY}

    for diff_id, body, status in (
        (one, weighed.documents[other], 422),
        (one, b"{}\n", 422),
        ("sha256:1", weighed.documents[one], 422),
        (one, bytes(70_000_000), 413),
    ):
        content = gzip.compress(body, 1)
        answer = client.put(f"/api/v1/layers/{diff_id}", params=params, content=content, headers=headers)
        assert status == answer.status_code, answer.text
    assert [] == list(service.store.stored("layers"))
