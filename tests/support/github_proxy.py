"""What stands between weighbridge and the GitHub API of the tests: it checks, records, and makes faults.

Every request and answer is held against GitHub's own description of its API. Where the API behind it has a gap, a
stand-in answers from what that API does know.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

from tests.support.openapi import Description, Exchange

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"})


@dataclass
class Fault:
    """What goes wrong with requests of a method (None: any) whose path contains `path`, `times` times (None: always).

    `delay` seconds come first. Then `reset` drops the connection, `status` answers in the API's place; with `after`
    that happens once the API has done what it was asked, so that only the answer is lost. With neither, it goes on.
    """

    method: str | None = None
    path: str = ""
    times: int | None = None
    delay: float = 0.0
    reset: bool = False
    status: int | None = None
    message: str = "made up by the test"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False

    def applies(self, method: str, target: str) -> bool:
        """Whether it strikes this request."""
        return self.times != 0 and self.method in (None, method) and self.path in target


def forbid_writes() -> list[Fault]:
    """A token that may only read, such as a fork's."""
    message = "Resource not accessible by integration"
    return [Fault(method=method, status=403, message=message) for method in ("POST", "PATCH", "PUT", "DELETE")]


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, status: int, document: object, headers: Mapping[str, str] | None = None) -> Answer:
        """A JSON answer."""
        return cls(status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, _dump(document))


Ask = Callable[[str, str], Any]
"""Asks the API itself: method and target → decoded JSON."""

StandIn = Callable[[str, str, bytes, Mapping[str, str], Ask], Answer | None]
"""Answers method, target, body and headers, or leaves it to the API (None)."""


class Proxy:
    """Listens on a loopback port and forwards to the API at `upstream` (a port). Use as a context manager.

    `upstream` is set once the proxy has its own port: a free port that is picked before may become the proxy's own,
    which would then forward to itself without end.
    """

    def __init__(
        self,
        description: Description | None,
        *,
        port: int = 0,
        stand_ins: list[StandIn] | None = None,
        on_exchange: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self.faults: list[Fault] = []
        self.exchanges: list[Exchange] = []
        self.request_violations: list[str] = []
        self.response_violations: list[str] = []
        self.minimized: set[int] = set()
        self.viewer: str | None = None
        self.upstream = 0
        self._description = description
        self._stand_ins = stand_ins or []
        self._on_exchange = on_exchange
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The API's base URL, by a host name that is in the API's links as well."""
        return f"http://localhost:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def clear(self) -> None:
        """Forgets exchanges, violations, faults, the viewer and what was minimized."""
        for record in (self.faults, self.exchanges, self.request_violations, self.response_violations):
            record.clear()
        self.minimized.clear()
        self.viewer = None

    def seen(self, method: str, path: str = "") -> list[Exchange]:
        """The exchanges of a method whose target contains `path`, in order."""
        return [each for each in self.exchanges if each.method == method and path in each.target]

    def strike(self, method: str, target: str) -> Fault | None:
        """The first fault that applies, used up by one."""
        with self._lock:
            for fault in self.faults:
                if fault.applies(method, target):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def answer(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The stand-ins' answer, or the API's. `viewer` is who GraphQL says that asks; the API has no GraphQL."""
        if target == "/graphql" and self.viewer is not None:
            return Answer.of(200, {"data": {"viewer": {"login": self.viewer}}})
        for stand_in in self._stand_ins:
            found = stand_in(method, target, body, headers, lambda *asked: self._ask(*asked, headers=headers))
            if found is not None:
                return found
        return self._with_minimized(self.forward(method, target, body, headers))

    def forward(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The API's own answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
            connection.request(method, target, body=body or None, headers=kept)
            response = connection.getresponse()
            received = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
            return Answer(response.status, received, response.read())
        finally:
            connection.close()

    def record(self, exchange: Exchange, *, real: bool) -> None:
        """Keeps an exchange. `real` answers are the API's, and checked as well as the request."""
        with self._lock:
            self.exchanges.append(exchange)
            self._on_exchange(exchange)
            if self._description is None or exchange.target.startswith("/graphql"):
                # There is no such description of GraphQL.
                return
            self.request_violations += self._description.request_violations(exchange)
            if real:
                self.response_violations += self._description.response_violations(exchange)

    def _ask(self, method: str, target: str, *, headers: Mapping[str, str]) -> Any:
        return json.loads(self.forward(method, target, b"", headers).body or b"null")

    def _with_minimized(self, answer: Answer) -> Answer:
        if not self.minimized or not 200 <= answer.status < 300:
            return answer
        document = json.loads(answer.body or b"null")
        for each in document if isinstance(document, list) else [document]:
            if isinstance(each, dict) and "issue_url" in each and each.get("id") in self.minimized:
                each["minimized"] = {"reason": "outdated"}
        return Answer(answer.status, answer.headers, _dump(document))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: ClassVar[Proxy]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing: the proxy keeps what was exchanged."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.strike(self.command, self.path)
        real = fault is None or fault.after or not (fault.reset or fault.status)
        if fault is not None:
            time.sleep(fault.delay)
        answer = Answer(0, {}, b"")
        if real:
            answer = self.proxy.answer(self.command, self.path, body, dict(self.headers.items()))
        if fault is not None and fault.status is not None:
            answer = Answer.of(fault.status, {"message": fault.message, "documentation_url": ""}, fault.headers)
        lost = fault is not None and fault.reset
        self.proxy.record(
            Exchange(
                method=self.command,
                target=self.path,
                headers={name: value for name, value in self.headers.items() if name.lower() != "authorization"},
                body=body,
                status=0 if lost else answer.status,
                answer_headers=answer.headers,
                answer=answer.body,
            ),
            real=real and not lost and not (fault and fault.status),
        )
        if lost:
            self._reset()
        else:
            self._send(answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 - the base class's names

    def _reset(self) -> None:
        # No lingering: the client gets a reset, not a tidy end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _send(self, answer: Answer) -> None:
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
        except (BrokenPipeError, ConnectionResetError):
            # The client had no patience left, as tests of slow answers want.
            self.close_connection = True


def _dump(document: object) -> bytes:
    return json.dumps(document).encode()
