"""Bytes that are read once, front to back: from a file that can seek, or from a stream that cannot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK_BYTES = 1 << 20


class Source(Protocol):
    """Sequential bytes. `read` gives exactly what was asked for, or raises MalformedImage."""

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes. Raises MalformedImage where they end earlier."""
        ...

    def read_up_to(self, count: int) -> bytes:
        """At most `count` bytes, none only at the end."""
        ...

    def skip(self, count: int) -> None:
        """Goes on by `count` bytes. Raises MalformedImage where they end earlier."""
        ...


class FileSource:
    """A region of an open file. Skipping costs nothing. Several may share one descriptor (pread)."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self._descriptor = descriptor
        self._position = start
        self._end = start + size

    @property
    def position(self) -> int:
        """Where in the file the next byte is."""
        return self._position

    def read_up_to(self, count: int) -> bytes:
        """See Source."""
        data = os.pread(self._descriptor, min(count, self._end - self._position), self._position)
        self._position += len(data)
        return data

    def read(self, count: int) -> bytes:
        """See Source."""
        data = self.read_up_to(count)
        while len(data) < count:
            more = self.read_up_to(count - len(data))
            if not more:
                raise _truncated(count, len(data))
            data += more
        return data

    def skip(self, count: int) -> None:
        """See Source."""
        if count > self._end - self._position:
            raise _truncated(count, self._end - self._position)
        self._position += count


class StreamSource:
    """Chunks of any size, as an engine or a decompressor hands them out."""

    def __init__(self, chunks: Iterator[bytes], on_bytes: Callable[[int], None] | None = None) -> None:
        self._chunks = chunks
        self._on_bytes = on_bytes
        self._buffer = b""
        self._offset = 0

    def _fill(self) -> bool:
        for chunk in self._chunks:
            if chunk:
                self._buffer, self._offset = chunk, 0
                if self._on_bytes is not None:
                    self._on_bytes(len(chunk))
                return True
        return False

    def read_up_to(self, count: int) -> bytes:
        """See Source."""
        if self._offset == len(self._buffer) and not self._fill():
            return b""
        data = self._buffer[self._offset : self._offset + count]
        self._offset += len(data)
        return data

    def read(self, count: int) -> bytes:
        """See Source."""
        end = self._offset + count
        if end <= len(self._buffer):
            data = self._buffer[self._offset : end]
            self._offset = end
            return data
        parts = [self._buffer[self._offset :]]
        missing = count - len(parts[0])
        self._offset = len(self._buffer)
        while missing:
            part = self.read_up_to(missing)
            if not part:
                raise _truncated(count, count - missing)
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """See Source."""
        left = count
        while left:
            available = len(self._buffer) - self._offset
            if available == 0:
                if not self._fill():
                    raise _truncated(count, count - left)
                continue
            step = min(left, available)
            self._offset += step
            left -= step


class Limited:
    """The next `size` bytes of another source, as the content of a tar member is."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self._left = size

    def read_up_to(self, count: int) -> bytes:
        """See Source."""
        if self._left == 0:
            return b""
        data = self._source.read_up_to(min(count, self._left))
        if not data:
            raise _truncated(self._left, 0)
        self._left -= len(data)
        return data

    def read(self, count: int) -> bytes:
        """See Source."""
        if count > self._left:
            raise _truncated(count, self._left)
        self._left -= count
        return self._source.read(count)

    def skip(self, count: int) -> None:
        """See Source."""
        if count > self._left:
            raise _truncated(count, self._left)
        self._left -= count
        self._source.skip(count)

    def drain(self) -> None:
        """Skips what nobody read."""
        self.skip(self._left)


def chunks_of(source: Source) -> Iterator[bytes]:
    """What is left, chunk by chunk."""
    while data := source.read_up_to(_CHUNK_BYTES):
        yield data


def _truncated(wanted: int, got: int) -> MalformedImage:
    return MalformedImage(
        f"the archive ends {wanted - got:,} bytes too early: it is truncated or damaged; save it again"
    )
