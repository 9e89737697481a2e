"""What port and adapter promise of sending, and what the runner's identity is asked with."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.service.test_ingest import sent
from tests.support.fake_receiver import FakeReportReceiver
from tests.support.service import read
from tests.support.service import sent as of_image
from tests.support.service_running import running_service
from tests.support.serving import listening
from weighbridge.adapters.service import HttpReportReceiver, has_identity, identity_token
from weighbridge.core.wire.layers import digest_of_layer
from weighbridge.errors import ServiceRefused, ServiceUnavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from weighbridge.ports import ReportReceiver


@pytest.fixture(params=["fake", "real"])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportReceiver]:
    if request.param == "fake":
        yield FakeReportReceiver()
        return
    with running_service(tmp_path / "data") as running:
        yield HttpReportReceiver(running.url, lambda: running.token)


def test_a_report_is_kept_once(receiver: ReportReceiver) -> None:
    outcomes = [[each.outcome for each in receiver.send(sent(1).decode()).images] for _ in range(2)]

    assert [["created"], ["unchanged"]] == outcomes


def test_what_may_not_be_sent_is_refused(receiver: ReportReceiver) -> None:
    with pytest.raises(ServiceRefused, match="answered 403") as error:
        receiver.send(sent().decode().replace("octocat/yard", "hubot/yard"))

    assert 403 == error.value.status


class Issuer(BaseHTTPRequestHandler):
    """The runner's endpoint for identities, as GitHub documents it."""

    asked: ClassVar[list[tuple[str, str | None]]] = []
    answers: ClassVar[list[tuple[int, bytes]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization")))
        status, body = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def issuer() -> Iterator[dict[str, str]]:
    Issuer.asked.clear()
    Issuer.answers.clear()
    with listening(Issuer) as url:
        yield {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
        }


def test_the_runner_is_asked_for_a_token_for_the_service_alone(issuer: dict[str, str]) -> None:
    Issuer.answers += [(502, b""), (200, json.dumps({"value": "a.b.c"}).encode())]

    assert "a.b.c" == identity_token(issuer, "https://weighbridge.example", backoff=0.01)
    path = "/token?api-version=2.0&audience=https%3A%2F%2Fweighbridge.example"
    assert [(path, "Bearer of-the-job")] * 2 == Issuer.asked


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"value": 1}', b'{"value": ""}'])
def test_an_answer_that_makes_no_sense(issuer: dict[str, str], answer: bytes) -> None:
    Issuer.answers.append((200, answer))

    with pytest.raises(ServiceUnavailable, match="gives no identity token"):
        identity_token(issuer, "https://weighbridge.example")


def test_a_job_without_the_permission_has_none() -> None:
    assert not has_identity({"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"})
    with pytest.raises(UsageError, match="id-token: write"):
        identity_token({}, "https://weighbridge.example")


def test_the_files_of_layers_are_asked_for_and_taken(receiver: ReportReceiver, tmp_path: Path) -> None:
    made = read(tmp_path, "usr/\nusr/lib/libc 5000\n", "app/main 700\n")
    documents = made.documents
    receipt = receiver.send(of_image(made.reported).decode())
    digests = {diff_id: digest_of_layer(document) for diff_id, document in documents.items()}

    assert tuple(digests) == receiver.missing_layers(receipt, digests)
    for diff_id, document in documents.items():
        receiver.send_layer(receipt, diff_id, document)
    assert () == receiver.missing_layers(receipt, digests)
