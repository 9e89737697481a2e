"""Bodies of requests: read in pieces, unpacked in pieces, never more than is allowed."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import zstandard

from weighbridge.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

_SECONDS = 60
"""How long a body may take to arrive."""


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent, unpacked. `frame` is the same in one frame of zstandard that tells its size, where it came so: as
    it is stored, and need not be packed again."""

    content: bytes
    frame: bytes | None


class _Unpacker(Protocol):
    def feed(self, data: bytes, room: int) -> bytes: ...

    def finished(self) -> bool: ...

    def is_kept_so(self) -> bool:
        """Whether nothing but one frame of the store's format went in, and it has ended."""
        ...


class _Plain:
    def feed(self, data: bytes, room: int) -> bytes:
        return data[: room + 1]

    def finished(self) -> bool:
        return True

    def is_kept_so(self) -> bool:
        return False


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    def feed(self, data: bytes, room: int) -> bytes:
        return self._stream.decompress(data, room + 1)

    def finished(self) -> bool:
        return self._stream.eof

    def is_kept_so(self) -> bool:
        return False


class _Zstd:
    """The library unpacks all of what it is fed: little is fed at once, so that a bomb is noticed early."""

    _PIECE = 1024

    def __init__(self) -> None:
        self._stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        self._has_more = False

    def feed(self, data: bytes, room: int) -> bytes:
        out = bytearray()
        for start in range(0, len(data), self._PIECE):
            if self._stream.eof:
                self._has_more = True
                break
            out += self._stream.decompress(data[start : start + self._PIECE])
            if len(out) > room:
                break
        return bytes(out)

    def finished(self) -> bool:
        return self._stream.eof

    def is_kept_so(self) -> bool:
        return self._stream.eof and not self._has_more and not self._stream.unused_data


_UNPACKERS: Mapping[str, Callable[[], _Unpacker]] = {"": _Plain, "identity": _Plain, "gzip": _Gzip, "zstd": _Zstd}


async def read(request: Request, limit: int, what: str = "a report") -> Body:
    """The body; `what` it is, for messages.

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


async def _read(request: Request, unpacker: _Unpacker, limit: int, what: str) -> Body:
    sent, body = bytearray(), bytearray()
    async for piece in request.stream():
        sent += piece
        body += unpacker.feed(piece, limit - len(body))
        # Packed it may not be larger either: there are frames without end that hold nothing.
        if len(body) > limit or len(sent) > limit:
            raise Problem(413, f"{what} may have {limit:,} bytes, unpacked")
    if not unpacker.finished():
        raise Problem(400, "the body ends early")
    content = bytes(body)
    is_kept_so = unpacker.is_kept_so() and zstandard.frame_content_size(sent) == len(content)
    # One may hold as many empty blocks as its sender likes.
    return Body(content, bytes(sent) if is_kept_so and len(sent) <= len(content) else None)
