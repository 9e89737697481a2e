"""What stands before the application: hosts, proxies, rates, sizes, and what browsers are told."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from weighbridge.errors import ConfigurationError
from weighbridge.service import schema
from weighbridge.service.app import create
from weighbridge.service.configuration import configured
from weighbridge.service.running import assembled
from weighbridge.service.security.limits import Rate

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

STRANGER = "203.0.113.9"


def serving(folder: Path, peer: str = STRANGER, **settings: Any) -> AbstractContextManager[TestClient]:
    service = assembled(configured(data=folder, **settings))
    schema.upgrade(service.database)
    return TestClient(create(service), client=(peer, 1234), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("host", "told", "untold"),
    [
        ("weigh.example", 200, 421),
        ("WEIGH.example:8443", 200, 421),
        ("inner.example", 200, 421),
        ("evil.example", 421, 421),
        ("weigh.example.evil.example", 421, 421),
        ("127.0.0.1:8000", 200, 200),
        ("[::1]:8000", 200, 200),
        ("machine:8000", 200, 200),
        ("", 421, 421),
        ("a b", 200, 200),
    ],
)
def test_the_service_answers_to_its_names_only(tmp_path: Path, host: str, told: int, untold: int) -> None:
    settings = {"public_url": "https://weigh.example", "hosts": "other.example, inner.example"}
    with serving(tmp_path / "1", **settings) as client:
        assert told == client.get("/", headers={"Host": host}).status_code
        assert 200 == client.get("/healthz", headers={"Host": host}).status_code
    with serving(tmp_path / "2") as client:
        assert untold == client.get("/", headers={"Host": host}).status_code


def test_browsers_are_told_to_trust_nothing_else(tmp_path: Path) -> None:
    with serving(tmp_path, public_url="https://weigh.example") as client:
        page, api, lost = client.get("/"), client.get("/api/v1/images"), client.get("/nowhere")

    policy = page.headers["content-security-policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ):
        assert part in policy
    assert "unsafe-inline" not in policy
    assert "<script>" not in page.text
    for answer in (page, api, lost):
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert "same-origin" == answer.headers["referrer-policy"]
        assert "max-age=31536000" == answer.headers["strict-transport-security"]
    assert "frame-ancestors 'none'" in api.headers["content-security-policy"]
    with serving(tmp_path) as client:
        assert "strict-transport-security" not in client.get("/").headers


@pytest.mark.parametrize("address", ["/badges/a/b/c/size.svg", "/badges/a/b/c/size.json", "/charts/a/b/c/size.svg"])
def test_pictures_carry_what_every_answer_carries(tmp_path: Path, address: str) -> None:
    with serving(tmp_path, public_url="https://weigh.example") as client:
        for answer in (client.get(address), client.get(address, headers={"Cookie": "a=b"}), client.post(address)):
            assert "max-age=31536000" == answer.headers["strict-transport-security"]
            assert "nosniff" == answer.headers["x-content-type-options"]
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            # The same to everybody who knows their address.
            assert "vary" not in answer.headers
        assert "cross-origin" == client.get(address).headers["cross-origin-resource-policy"]


def test_what_one_reader_gets_is_kept_for_nobody_else(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        answer = client.get("/api/v1/images", headers={"Cookie": "weighbridge-session=x"})

    assert "private, no-cache" == answer.headers["cache-control"]
    assert {"Cookie", "Authorization"} <= set(answer.headers["vary"].split(", "))


def test_an_address_asks_so_often_and_no_more(tmp_path: Path) -> None:
    with serving(tmp_path, read_rate=40) as client:
        statuses = [client.get("/api/v1/images").status_code for _ in range(12)]
        assert [200] * 10 + [429] * 2 == statuses
        answer = client.get("/")
        assert (429, True) == (answer.status_code, int(answer.headers["retry-after"]) >= 1)
        assert "application/problem+json" == answer.headers["content-type"]
        assert 200 == client.get("/healthz").status_code


def test_guessing_tokens_is_slow(tmp_path: Path) -> None:
    with serving(tmp_path, failure_rate=40) as client:
        statuses = [
            client.post("/api/v1/reports", content=b"{}", headers={"Authorization": f"Bearer wbu_{n}"}).status_code
            for n in range(12)
        ]
        assert [401] * 10 + [429] * 2 == statuses
        guess = {"Authorization": "Bearer wbr_x"}
        assert 429 == client.get("/api/v1/images", headers=guess).status_code


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "testclient"])
def test_this_machine_itself_is_not_counted(tmp_path: Path, peer: str) -> None:
    with serving(tmp_path, peer, read_rate=4) as client:
        assert {200} == {client.get("/api/v1/images").status_code for _ in range(5)}


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        (STRANGER, "198.51.100.1", STRANGER),  # nobody's proxy
        ("10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # the client wrote the first one
        ("10.0.0.5", "198.51.100.1, 10.0.0.7", "198.51.100.1"),
        ("10.0.0.5", "10.0.0.9", "10.0.0.9"),
        ("10.0.0.5", "nonsense", "10.0.0.5"),
        ("10.0.0.5", "198.51.100.1, nonsense", "10.0.0.5"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_proxies_are_believed_if_they_are_trusted(tmp_path: Path, peer: str, forwarded: str, counted: str) -> None:
    app = create(assembled(configured(data=tmp_path, trusted_proxies="10.0.0.0/8, 127.0.0.1")))
    seen: list[str] = []

    async def tell(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app.mount("/seen", tell)
    with TestClient(app, client=(peer, 1)) as client:
        assert 204 == client.get("/seen/", headers={"X-Forwarded-For": forwarded}).status_code
    assert [counted] == seen


def test_the_log_tells_of_the_client_and_the_route_behind_a_proxy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        serving(tmp_path, "10.0.0.5", trusted_proxies="10.0.0.0/8") as client,
        caplog.at_level(logging.INFO, "weighbridge.access"),
    ):
        client.head("/repositories", headers={"X-Forwarded-For": "198.51.100.1"})
    told = json.loads(caplog.messages[-1])
    assert ("HEAD", "/repositories", 200, 0, "198.51.100.1") == tuple(
        told[name] for name in ("method", "route", "status", "bytes", "client")
    )


def test_a_rate_recovers_and_forgets() -> None:
    clock = [0.0]
    rate = Rate(60, lambda: clock[0])
    for _ in range(15):
        assert 0 == rate.wait("a")
        rate.take("a")
    assert 1.0 == rate.wait("a")
    assert 0 == rate.wait("b")
    clock[0] += 1
    assert 0 == rate.wait("a")
    for number in range(30_000):
        rate.wait(str(number))
    assert len(rate._buckets) <= 20_000
    assert 0 == Rate(0, lambda: 0.0).wait("a")


def test_bodies_have_a_size(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        for content in (b"x" * 2_000_000, (b"x" * 100_000 for _ in range(20))):
            assert 413 == client.post("/api/v1/me/tokens", content=content).status_code
        huge = {"Content-Length": "9" * 30}
        assert 413 == client.post("/api/v1/me/tokens", content=b"x", headers=huge).status_code


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"trusted_proxies": "10.0.0.0/8, office"}, "TRUSTED_PROXIES: 'office'"),
        ({"trusted_proxies": "10.0.0.1/8"}, "TRUSTED_PROXIES"),
        ({"hosts": "a/b"}, "HOSTS: 'a/b'"),
        ({"senders": "octocat, a/b/c"}, "SENDERS: 'a/b/c'"),
        ({"admins": "a b"}, "ADMINS: 'a b'"),
        ({"reading": "repository"}, "GITHUB_CLIENT_ID"),
        ({"read_rate": -1}, "READ_RATE"),
    ],
)
def test_settings_that_make_no_sense_are_told_in_one_line(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        configured(**settings)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
