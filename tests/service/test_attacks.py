"""Clients that mean harm, against the service as it is run."""

from __future__ import annotations

import contextlib
import gzip
import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
import zstandard

from tests.service.test_ingest import sent
from tests.support.served import Served, served
from weighbridge.service import schema, tokens
from weighbridge.service.configuration import configured
from weighbridge.service.running import assembled
from weighbridge.service.security.protocol import HEAD_LIMIT

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

HEAD_SECONDS = 2.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """The service, and a token that sends to it."""
    folder = tmp_path_factory.mktemp("served") / "data"
    service = assembled(configured(data=folder))
    schema.upgrade(service.database)
    with service.database.writing() as session:
        token = tokens.issue(session, "tests", "octocat/*", service.now())
    service.database.close()
    with served(folder, head_seconds=HEAD_SECONDS, max_report=2_000_000) as process:
        yield process, token


@pytest.fixture
def service(running: tuple[Served, str]) -> Iterator[Served]:
    yield running[0]
    assert 200 == ask(running[0], "/readyz")[0], "it still serves"


@pytest.fixture
def token(running: tuple[Served, str]) -> str:
    return running[1]


def ask(service: Served, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(service.url + path, data=body, headers=named)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def raw(service: Served, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What comes back for bytes as they are, until the service closes the connection."""
    answer = b""
    with service.connect() as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            while piece := connection.recv(1 << 16):
                answer += piece
        except (ConnectionError, TimeoutError):
            pass
    return answer


def test_heads_that_trickle_do_not_keep_others_waiting(service: Served) -> None:
    """Slowloris: many connections, each of which sends a byte of its head now and then."""
    slow = [service.connect() for _ in range(300)]
    try:
        began = time.monotonic()
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ")
        while time.monotonic() - began < HEAD_SECONDS + 3:
            asked = time.monotonic()
            assert 200 == ask(service, "/healthz")[0]
            assert time.monotonic() - asked < 2
            for connection in slow:
                _trickle(connection)
            time.sleep(0.2)
        assert all(_is_closed(connection) for connection in slow)
    finally:
        for connection in slow:
            connection.close()


def _trickle(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"a")


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(5)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GET /healthz",),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /he"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"\r\n"),
        (b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", b"a"),
    ],
)
def test_who_stops_in_the_middle_is_let_go(service: Served, pieces: tuple[bytes, ...]) -> None:
    began = time.monotonic()
    raw(service, *pieces, pause=0.1)
    # uvicorn itself waits 5 s for another request.
    assert time.monotonic() - began < HEAD_SECONDS + 6


def test_heads_have_a_size(service: Served) -> None:
    start = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
    for head in (
        start + b"X-A: " + b"a" * (HEAD_LIMIT + 1),
        start + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n",
        start + b"X-A: a\r\n" * 200 + b"\r\n",
        b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n",
        start + b"A" * 300_000,
    ):
        assert raw(service, head).startswith(b"HTTP/1.1 431 ") or raw(service, head) == b""
    assert raw(service, start + b"X-A: a\r\n" * 50 + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x01\x02\xff" * 100 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"POST /api/v1/reports HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/reports HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/reports HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%ff%fe%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_no_http_breaks_nothing(service: Served, request_: bytes) -> None:
    answer = raw(service, request_)
    assert answer == b"" or 400 <= int(answer.split()[1]) < 500


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bombs_do_not_go_off(service: Served, token: str, encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zstandard.compress
    began = time.monotonic()
    for bomb in (pack(bytes(500_000_000)), pack(bytes(3_000_000)) + b"x"):
        status, _ = ask(service, "/api/v1/reports", bomb, Authorization=f"Bearer {token}", Content_Encoding=encoding)
        assert 413 == status
    assert time.monotonic() - began < 30


def test_oversize_bodies_are_refused_before_they_are_read(service: Served, token: str) -> None:
    head = f"POST /api/v1/reports HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n".encode()
    answer = raw(service, head + b"Content-Length: 100000000000\r\nConnection: close\r\n\r\n", b"x" * 1000)
    assert answer.startswith(b"HTTP/1.1 413 ")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = raw(service, head + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 40)
    assert answer.startswith(b"HTTP/1.1 413 ") or answer == b""


def test_json_without_an_end_is_refused(service: Served, token: str) -> None:
    for body in (
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b"1" * 100_000,
        b"\xff\xfe",
        b'{"schema":"weighbridge.report/1"}',
    ):
        status, _ = ask(service, "/api/v1/reports", body, Authorization=f"Bearer {token}")
        assert status in (400, 422), body[:20]


PATHS = [
    "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/static/../tables.py", "/static/%2e%2e/tables.py",
    "/static/..%2f..%2ftables.py", "/static//etc/passwd", "/static/%00", "/api/v1/images/../admin/tokens",
    "/api/v1/images/%2e%2e/%2e%2e/admin", "//evil.example/", "/\\evil.example", "/api/v1/images/a/b/" + "c" * 5000,
    "/api/v1/images/a%00/b/c", "/api/v1//admin/tokens", "/API/V1/ADMIN/TOKENS", "/admin%2ftokens", "/admin/./tokens",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_paths_lead_nowhere_else(service: Served, path: str) -> None:
    answer = raw(service, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())

    assert int(answer.split()[1]) in (400, 401, 404, 405, 422), answer[:200]
    assert b"root:" not in answer
    assert b"import " not in answer


SQL = [
    "' OR 1=1 --",
    "'; DROP TABLE images; --",
    '" OR ""="',
    "%",
    "_",
    "\\",
    "\x00",
    "a' UNION SELECT digest FROM upload_tokens --",
]


@pytest.mark.parametrize("text", SQL)
def test_text_is_no_sql(service: Served, token: str, text: str) -> None:
    assert 201 == ask(service, "/api/v1/reports", sent(), Authorization=f"Bearer {token}")[0]
    for name in ("q", "sort", "status", "repository", "cursor"):
        status, body = ask(service, f"/api/v1/images?{name}={quote(text)}")
        assert status in (200, 400, 422), name
        assert b"octocat/yard" not in body, (name, text)
    assert ask(service, f"/api/v1/images/octocat/yard/{quote(text, safe='')}")[0] in (400, 404)
    assert b"octocat/yard" in ask(service, "/api/v1/images")[1]


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "{% include '/etc/passwd' %}", "${7*7}",
    "javascript:alert(1)", "a\r\nSet-Cookie: evil=1", "&lt;b&gt;", "\u202egpj.exe", "]]><x/>",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_on_every_page(service: Served, token: str, name: str) -> None:
    document: dict[str, Any] = json.loads(sent(7))
    for image in document["images"]:
        image["name"] = name
    body = json.dumps(document).encode()
    status, said = ask(service, "/api/v1/reports", body, Authorization=f"Bearer {token}")
    assert status in (201, 422), said

    with urllib.request.urlopen(service.url + "/?q=", timeout=30) as answer:  # noqa: S310
        page, headers = answer.read().decode(), answer.headers
    assert "<script>alert" not in page
    assert "onerror=alert(1)>" not in page
    assert "{{7*7}}" in page or ">49<" not in page
    assert "evil" not in str(headers)
    for path in (f"/api/v1/images/octocat/yard/{quote(name, safe='')}", f"/images/octocat/yard/{quote(name, safe='')}"):
        assert ask(service, path)[0] in (200, 400, 404)
