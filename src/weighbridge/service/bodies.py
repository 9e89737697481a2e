"""Bodies of requests: read in pieces, unpacked in pieces, never more than is allowed."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Protocol

import zstandard

from weighbridge.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

_SECONDS = 60
"""How long a body may take to arrive."""


class _Unpacker(Protocol):
    def feed(self, data: bytes, room: int) -> bytes: ...

    def finished(self) -> bool: ...


class _Plain:
    def feed(self, data: bytes, room: int) -> bytes:
        return data[: room + 1]

    def finished(self) -> bool:
        return True


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    def feed(self, data: bytes, room: int) -> bytes:
        return self._stream.decompress(data, room + 1)

    def finished(self) -> bool:
        return self._stream.eof


class _Zstd:
    """The library unpacks all of what it is fed: little is fed at once, so that a bomb is noticed early."""

    _PIECE = 1024

    def __init__(self) -> None:
        self._stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()

    def feed(self, data: bytes, room: int) -> bytes:
        out = bytearray()
        for start in range(0, len(data), self._PIECE):
            if self._stream.eof:
                break
            out += self._stream.decompress(data[start : start + self._PIECE])
            if len(out) > room:
                break
        return bytes(out)

    def finished(self) -> bool:
        return self._stream.eof


_UNPACKERS: Mapping[str, Callable[[], _Unpacker]] = {"": _Plain, "identity": _Plain, "gzip": _Gzip, "zstd": _Zstd}


async def read(request: Request, limit: int, what: str = "a report") -> bytes:
    """The body, unpacked; `what` it is, for messages.

    Raises Problem where it is too large, too slow, or not packed as it says.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _UNPACKERS:
        raise Problem(415, "Content-Encoding must be gzip or zstd, or none")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 15 or int(announced) > limit):
        raise Problem(413, f"{what} may have {limit:,} bytes")
    unpacker = _UNPACKERS[encoding]()
    try:
        async with asyncio.timeout(_SECONDS):
            return await _read(request, unpacker, limit, what)
    except TimeoutError:
        raise Problem(408, f"the body took longer than {_SECONDS} s") from None
    except (zlib.error, zstandard.ZstdError):
        raise Problem(400, f"the body is not {encoding}, or is damaged") from None


async def _read(request: Request, unpacker: _Unpacker, limit: int, what: str) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += unpacker.feed(piece, limit - len(body))
        if len(body) > limit:
            raise Problem(413, f"{what} may have {limit:,} bytes, unpacked")
    if not unpacker.finished():
        raise Problem(400, "the body ends early")
    return bytes(body)
