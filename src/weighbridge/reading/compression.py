"""Layers as they are stored: plain, gzip or zstd."""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import IO, TYPE_CHECKING, cast

import zstandard

from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_OUTPUT_BYTES = 1 << 20
_INPUT_BYTES = 1 << 15
_MAX_WINDOW_BYTES = 1 << 27
"""What zstd's own tools take without being asked to take more."""


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
    """The plain bytes, in bounded pieces but of any number (see Allowance). Raises MalformedImage for damaged ones."""
    try:
        yield from _DECODERS[compression](chunks)
    except (zlib.error, zstandard.ZstdError) as error:
        raise MalformedImage(f"its {compression} data is damaged: {error}") from error


def _plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield from chunks


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(wbits=31)
    started = False
    for piece in _cut(chunks):
        data = piece
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
        raise MalformedImage("its gzip data ends too early: it is truncated or damaged")


def _cut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Small pieces: what follows a member is copied once for each member in the same piece."""
    for chunk in chunks:
        for start in range(0, len(chunk), _INPUT_BYTES):
            yield chunk[start : start + _INPUT_BYTES]


def _unzstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    feed = _ChunkReader(chunks)
    # It needs no more of a file than read().
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
    with decompressor.stream_reader(cast("IO[bytes]", feed), read_across_frames=True) as reader:
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
