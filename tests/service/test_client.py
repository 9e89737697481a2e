"""The client against the service on a socket: answers as values, failures as one line, nothing sent in vain."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.test_ingest import sent
from tests.support.reports import image, report
from tests.support.service_running import Running, listening_app, running_service
from weighbridge.client import ServiceClient, Taken
from weighbridge.errors import ServiceRefused, ServiceUnavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

BUSY = (503, {"Retry-After": "0"})


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_service(tmp_path / "data") as made:
        yield made


def client(running: Running, **options: Any) -> ServiceClient:
    return ServiceClient(running.url, running.token, **{"backoff": 0.01, **options})


def test_a_report_is_sent_packed_and_read_back(running: Running) -> None:
    with client(running) as service:
        receipt = service.send(sent(1, 5_000_000))
        again = service.send(sent(1, 5_000_000))
        (shown,) = service.images()
        history = service.history("octocat/yard", "app")

    assert ("octocat/yard", None) == (receipt.repository, receipt.pull_request)
    assert (Taken(image="app", platform="linux/amd64", outcome="created"),) == receipt.images
    assert ["unchanged"] == [each.outcome for each in again.images]
    assert ("octocat/yard", "app", 5_000_000, (5_000_000,)) == (shown.repository, shown.name, shown.size, shown.trend)
    assert [datetime(2026, 1, 1, 1, tzinfo=UTC)] == [weight.time for weight in history.records]
    assert shown == history.image
    assert "weighbridge/" in running.front.headers["user-agent"]


def test_a_report_may_be_the_value_itself(running: Running) -> None:
    with client(running) as service:
        assert 7 == service.send(replace(report(image()), pull_request=7)).pull_request


def test_lists_are_asked_for_page_by_page(running: Running) -> None:
    images = [image(f"app-{number}", size=1_000_000 + number) for number in range(230)]
    with client(running) as service:
        service.send(replace(report(*images), pull_request=None))

        names = [shown.name for shown in service.images()]
        found = next(service.images(text="app-17", repository="octocat/yard"))

    assert [f"app-{number}" for number in reversed(range(230))] == names
    assert "app-179" == found.name


@pytest.mark.parametrize("after", [False, True], ids=["before it was kept", "after it was kept"])
@pytest.mark.parametrize("fault", [BUSY, (429, {"Retry-After": "0"}), (502, {})], ids=["503", "429", "502"])
def test_a_report_is_sent_again_where_the_service_fails(
    running: Running, fault: tuple[int, dict[str, str]], after: bool
) -> None:
    running.front.faults = [fault, fault]
    running.front.after = after

    with client(running) as service:
        receipt = service.send(sent())
        assert 1 == len(service.history("octocat/yard", "app").records)

    assert ["unchanged" if after else "created"] == [each.outcome for each in receipt.images]
    assert 3 == running.front.seen.count("POST /api/v1/reports")


def test_it_waits_as_long_as_it_is_asked_to(running: Running) -> None:
    said: list[str] = []
    running.front.faults = [(429, {"Retry-After": "1"})]
    began = time.monotonic()

    with client(running, say=said.append) as service:
        service.send(sent())

    assert 1 <= time.monotonic() - began < 10
    assert ["it answers 429; trying again in 1 s"] == [line.partition(": ")[2] for line in said]


def test_it_gives_up_rather_than_wait_for_longer_than_it_may(running: Running) -> None:
    running.front.faults = [(503, {"Retry-After": "3600"})] * 9

    with client(running, deadline=5) as service, pytest.raises(ServiceUnavailable) as error:
        service.send(sent())

    assert "stayed away: it answers 503, and trying again would exceed the 5 s that it may take" in str(error.value)
    assert 1 == len(running.front.seen)


def test_what_stays_broken_is_one_line(running: Running) -> None:
    running.front.faults = [(500, {"Content-Type": "application/problem+json"})] * 3

    with (
        client(running, retries=2) as service,
        pytest.raises(ServiceUnavailable, match="answered 500, by a test, also"),
    ):
        service.send(sent())


def test_nobody_there_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        service = ServiceClient(f"http://127.0.0.1:{port}", "token-x", retries=2, backoff=0.01)

        with pytest.raises(ServiceUnavailable, match=f"127.0.0.1:{port} could not be asked: connection refused"):
            service.send(sent())


def test_a_token_that_may_not_is_refused_at_once(running: Running) -> None:
    body = replace(report(image()), repository="hubot/yard", pull_request=None)
    with client(running) as service, pytest.raises(ServiceRefused, match="answered 403") as refused:
        service.send(body)
    stranger = ServiceClient(running.url, "wbu_secret-word")
    with pytest.raises(ServiceRefused, match="answered 401") as unknown:
        stranger.send(sent())

    assert (403, 401) == (refused.value.status, unknown.value.status)
    assert "secret-word" not in f"{unknown.value}{stranger!r}"
    assert 2 == len(running.front.seen)


def test_a_token_is_not_carried_to_another_place(running: Running) -> None:
    running.front.faults = [(302, {"Location": f"{running.url}/elsewhere"})]

    with client(running) as service, pytest.raises(ServiceRefused, match="give the address of the service itself"):
        service.send(sent())

    assert ["POST /api/v1/reports"] == running.front.seen


def test_another_server_is_told_from_the_service() -> None:
    async def other(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"<html>"})

    with (
        listening_app(other) as url,
        pytest.raises(ServiceUnavailable, match="something else than a weighbridge service"),
    ):
        ServiceClient(url, "x").send(sent())


@pytest.mark.parametrize("url", ["", "ftp://x", "https://", "https://a:b@c", "https://c/?x=y", "http://["])
def test_addresses_that_can_not_be(url: str) -> None:
    with pytest.raises(UsageError, match="must be an http or https URL"):
        ServiceClient(url)


@pytest.mark.parametrize("token", ["", "a\nb", "ü"])
def test_tokens_that_can_not_be(token: str) -> None:
    with pytest.raises(UsageError, match="no usable token"):
        ServiceClient("https://c", token)
