"""HTTP/1.1 as far as a probe speaks it: a request to bytes, whatever came back to an Answer."""

from __future__ import annotations

import http.client
import io
import re
import zlib
from typing import TYPE_CHECKING

import xxhash

from weighbridge.model.behaviour import Answer, AnswerKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.behaviour import Request

MAX_ANSWER_BYTES = 2 << 20
_MAX_LINES = 2_000
_MAX_LINE = 2_000
_MAX_LINKS = 8
_OWN_HEADERS = frozenset({"host", "connection", "content-length", "transfer-encoding"})
_LINK = re.compile(
    r"""(?:src|href)=["']?(/?[A-Za-z0-9._~%/-]{1,200}\.(?:js|css|mjs|svg|png|ico|json|woff2?|txt))["'\s>?]"""
)
_LOCAL_URL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::(\d{1,5}))?(/[A-Za-z0-9._~%/?&=+-]{0,300})?"
)


def request_bytes(request: Request, port: int) -> bytes:
    """What is sent. `Connection: close` makes the answer end with the connection."""
    body = request.body.encode()
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        f"Host: localhost:{port}",
        "Connection: close",
        "User-Agent: weighbridge",
        "Accept: */*",
    ]
    lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in _OWN_HEADERS]
    if body or request.method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


class _Received:
    """Bytes where http.client wants a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def read_answer(received: bytes | None, method: str) -> Answer:
    """What came back; None where nobody listened. Never raises."""
    if received is None:
        return Answer(kind=AnswerKind.REFUSED)
    if not received:
        return Answer(kind=AnswerKind.NOTHING)
    if not received.startswith(b"HTTP/"):
        return _answer(AnswerKind.BYTES, received)
    try:
        response = http.client.HTTPResponse(_Received(received), method=method)  # type: ignore[arg-type]
        response.begin()
        body = _body(response)
        encoding = response.getheader("Content-Encoding", "")
        if encoding in ("gzip", "deflate"):
            body = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MAX_ANSWER_BYTES)
        return _answer(
            AnswerKind.HTTP,
            body,
            status=response.status,
            content_type=response.getheader("Content-Type", "").lower().replace(" ", "")[:200],
            location=response.getheader("Location", "")[:1000],
        )
    except (http.client.HTTPException, OSError, ValueError, zlib.error):
        return _answer(AnswerKind.BYTES, received)


def _body(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(MAX_ANSWER_BYTES)
    except http.client.IncompleteRead as error:
        return error.partial


def _answer(
    kind: AnswerKind, body: bytes, *, status: int | None = None, content_type: str = "", location: str = ""
) -> Answer:
    text = body.decode("utf-8", "replace") if b"\0" not in body[:8192] else ""
    return Answer(
        kind=kind,
        status=status,
        content_type=content_type,
        location=location,
        length=len(body),
        digest=xxhash.xxh3_128_hexdigest(body),
        lines=tuple(line[:_MAX_LINE] for line in text.splitlines()[:_MAX_LINES]),
    )


def linked_paths(answer: Answer) -> tuple[str, ...]:
    """Scripts, styles and pictures that a page on the top of a server names, as paths of that server; bounded."""
    if "html" not in answer.content_type:
        return ()
    found: dict[str, None] = {}
    for line in answer.lines:
        for match in _LINK.finditer(line):
            found.setdefault("/" + match[1].lstrip("/"))
            if len(found) >= _MAX_LINKS:
                return tuple(found)
    return tuple(found)


def health_urls(test: tuple[str, ...]) -> Iterator[tuple[int | None, str]]:
    """Port and path of what a health check asks of its own container."""
    for word in test[1:]:
        for match in _LOCAL_URL.finditer(word):
            yield int(match[1]) if match[1] else None, match[2] or "/"
