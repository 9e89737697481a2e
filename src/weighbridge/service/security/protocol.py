"""HTTP as uvicorn speaks it, held to limits: heads that are small and come soon, answers that are taken.

uvicorn has no limit of its own for the head of a request with httptools, and waits for it without end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

HEAD_LIMIT = 1 << 16
"""Bytes of a request's first line and headers."""
HEADERS = 100
_TAKING_SECONDS = 60.0
"""How long a client may take nothing of an answer."""
_SAID = b'{"type":"about:blank","title":"Too large","status":431,"detail":"the head of the request is too large"}'
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_SAID), _SAID)
)


class _HeadTooLarge(Exception):
    """Ends the parser's work."""


class Guarded(HttpToolsProtocol):
    """A connection."""

    head_seconds: ClassVar[float] = 15.0

    _timer: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _in_head = False
    _in_body = False
    _size = 0
    _is_too_large = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        super().connection_made(transport)
        self._await_client()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._stop()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            self._size += len(data)
            if self._size > HEAD_LIMIT:
                self._is_too_large = True
                self.send_400_response("")
        elif not self._in_body and (self.cycle is None or self.cycle.response_complete):
            # Something came that is no request yet, and ended the wait for one.
            self._await_client()

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        self._in_head, self._in_body, self._size = True, False, 0
        self._await_client()

    def on_url(self, url: bytes) -> None:
        """See httptools."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools."""
        self._count(len(name) + len(value))
        if len(self.headers) >= HEADERS:
            self._count(HEAD_LIMIT)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._in_head, self._in_body = False, True
        self._stop()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """See httptools."""
        self._in_body = False
        self._stop()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """See uvicorn."""
        super().on_response_complete()
        if self._in_body and not self.transport.is_closing():
            # Nobody reads the rest of the body any more; it must end some time.
            self._await_client()

    def send_400_response(self, msg: str) -> None:
        """See uvicorn."""
        if not self._is_too_large:
            super().send_400_response(msg)
            return
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def pause_writing(self) -> None:
        """See asyncio."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(_TAKING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """See asyncio."""
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
        super().resume_writing()

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > HEAD_LIMIT:
            self._is_too_large = True
            raise _HeadTooLarge

    def _await_client(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
