"""Connections that the engine hands out raw: what a container prints, and what is said to it.

Both sides of its output come in frames: a byte for the stream, three of nothing, four of length (Docker Engine API,
"Attach to a container").
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAME = struct.Struct(">BxxxI")
_STDERR = 2
_CHUNK_BYTES = 1 << 16
_MAX_FLOOD_BYTES = 64 << 20


def link_of(stream: Any) -> socket.socket:
    """The socket in what the SDK hands out: for sockets of the file system it is wrapped, for reading only."""
    link: socket.socket = getattr(stream, "_sock", stream)
    return link


def hang_up(stream: Any, link: socket.socket) -> None:
    """Closes a connection, and the socket under its wrapper, which would stay open; again does no harm."""
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        stream.close()
    with contextlib.suppress(OSError):
        link.close()


def talk(stream: Any, data: bytes, deadline: float, limit: int) -> bytes:
    """Sends, and what comes back on stdout until it ends, `limit` bytes or the deadline (of time.monotonic())."""
    link = link_of(stream)
    received = bytearray()
    with contextlib.suppress(OSError):
        link.settimeout(max(deadline - time.monotonic(), 0.1))
        link.sendall(data)
        for kind, part in _frames(link, deadline):
            if kind != _STDERR:
                received += part
            if len(received) >= limit:
                break
    return bytes(received[:limit])


def _frames(link: socket.socket, deadline: float | None = None) -> Iterator[tuple[int, bytes]]:
    """Pieces of frames with the number of their stream; ends with the connection or at the deadline. Raises OSError."""
    waiting = bytearray()
    kind = left = 0
    while True:
        if deadline is not None:
            rest = deadline - time.monotonic()
            if rest <= 0:
                return
            link.settimeout(rest)
        data = link.recv(_CHUNK_BYTES)
        if not data:
            return
        waiting += data
        while waiting:
            if left == 0:
                if len(waiting) < _FRAME.size:
                    break
                kind, left = _FRAME.unpack_from(waiting)
                del waiting[: _FRAME.size]
            part = bytes(waiting[:left])
            del waiting[:left]
            left -= len(part)
            if part:
                yield kind, part
            elif left:
                break


class Output:
    """What a container prints, read by a thread as it comes: the first bytes are kept, the rest is counted.

    Reading on keeps the program from standing still; after 64 MiB the engine is left to throw it away.
    """

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream = stream
        self._link = link_of(stream)
        self._limit = limit
        self._kept = (bytearray(), bytearray())
        self._flooded = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="output", daemon=True)

    def start(self) -> None:
        """Reads until the container ends."""
        self._thread.start()

    def kept(self, *, ended: bool) -> tuple[bytes, bytes, bool]:
        """stdout, stderr, and whether there was more. Of a container that `ended`, waits for the last of it."""
        if ended and self._thread.ident is not None:
            self._thread.join(2.0)
        with self._lock:
            return bytes(self._kept[0]), bytes(self._kept[1]), self._flooded

    def close(self) -> None:
        """Gives the connection up."""
        hang_up(self._stream, self._link)

    def _read(self) -> None:
        total = 0
        with contextlib.suppress(OSError, ValueError):
            self._link.settimeout(None)
            for kind, part in _frames(self._link):
                total += len(part)
                kept = self._kept[kind == _STDERR]
                with self._lock:
                    room = self._limit - len(kept)
                    kept += part[:room] if room > 0 else b""
                    self._flooded |= len(part) > room
                if total > _MAX_FLOOD_BYTES:
                    break
        # Left open and unread, it would keep the engine from removing the container.
        self.close()
