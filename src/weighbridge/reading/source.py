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

    def block_after(self, skipped: int, count: int) -> bytes:
        """Goes on by `skipped` bytes and reads `count`, or none at the end. Raises MalformedImage in between."""
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

    def block_after(self, skipped: int, count: int) -> bytes:
        """See Source."""
        self.skip(skipped)
        return _whole_block(self, count)


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

    def block_after(self, skipped: int, count: int) -> bytes:
        """See Source."""
        start = self._offset + skipped
        end = start + count
        if end <= len(self._buffer):
            self._offset = end
            return self._buffer[start:end]
        self.skip(skipped)
        return _whole_block(self, count)

    def at_hand(self, skipped: int) -> tuple[bytes, int] | None:
        """What was read already, and where in it the byte after the next `skipped` is; None where it lies beyond.

        Where all of it is used up, more is read.
        """
        offset = self._offset + skipped
        if offset == len(self._buffer) and self._fill():
            return self._buffer, 0
        return (self._buffer, offset) if offset <= len(self._buffer) else None

    def go_to(self, offset: int) -> None:
        """Goes on at an offset in what `at_hand` gave."""
        self._offset = offset


def chunks_of(source: Source) -> Iterator[bytes]:
    """What is left, chunk by chunk."""
    while data := source.read_up_to(_CHUNK_BYTES):
        yield data


def _whole_block(source: Source, count: int) -> bytes:
    data = source.read_up_to(count)
    # A stream may hand it out in pieces.
    return data if len(data) in (0, count) else data + source.read(count - len(data))


def _truncated(wanted: int, got: int) -> MalformedImage:
    return MalformedImage(
        f"the archive ends {wanted - got:,} bytes too early: it is truncated or damaged; save it again"
    )
