"""Layers as they are stored: plain, gzip or zstd."""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import IO, TYPE_CHECKING, cast

import zstandard

from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_UNPACKED_BYTES = 1 << 38
"""A layer that unpacks to more than 256 GiB is a bomb, not an image."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_OUTPUT_BYTES = 1 << 20


class Compression(StrEnum):
    """How the bytes of a layer are stored."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"


def compression_of(start: bytes) -> Compression:
    """Told by the first four bytes: RFC 1952, RFC 8878."""
    if start.startswith(_GZIP):
        return Compression.GZIP
    return Compression.ZSTD if start.startswith(_ZSTD) else Compression.PLAIN


def decompressed(chunks: Iterable[bytes], compression: Compression) -> Iterator[bytes]:
    """The plain bytes, in bounded pieces. Raises MalformedImage where they are damaged or endless."""
    total = 0
    try:
        for piece in _DECODERS[compression](chunks):
            total += len(piece)
            if total > MAX_UNPACKED_BYTES:
                raise MalformedImage(f"a layer unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
            yield piece
    except (zlib.error, zstandard.ZstdError) as error:
        raise MalformedImage(f"a {compression} layer is damaged: {error}") from error


def _plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield from chunks


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(wbits=31)
    started = False
    for chunk in chunks:
        data = chunk
        while data:
            if decoder.eof:
                # Members may follow each other (pigz, estargz); zeros after the last are padding.
                if not data.strip(b"\0"):
                    break
                decoder = zlib.decompressobj(wbits=31)
            started = True
            yield decoder.decompress(data, _OUTPUT_BYTES)
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    if started and not decoder.eof:
        raise MalformedImage("a gzip layer ends too early: it is truncated or damaged")


def _unzstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    feed = _ChunkReader(chunks)
    # It needs no more of a file than read().
    with zstandard.ZstdDecompressor().stream_reader(cast("IO[bytes]", feed), read_across_frames=True) as reader:
        while data := reader.read(_OUTPUT_BYTES):
            yield data


class _ChunkReader:
    """The file interface that zstandard reads from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        data = self._rest or next(self._chunks, b"")
        if size < 0:
            size = len(data)
        self._rest = data[size:]
        return data[:size]


_DECODERS = {Compression.PLAIN: _plain, Compression.GZIP: _gunzip, Compression.ZSTD: _unzstd}
