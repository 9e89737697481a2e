"""A layer's index as bytes for the cache: msgpack under zstd, with a version of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack
import zstandard

from weighbridge.model.files import Entry, Kind, LayerIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 3
_MAX_BYTES = 1 << 30
_KINDS = {kind.value: kind for kind in Kind}


def encode(index: LayerIndex) -> bytes:
    """Bytes that decode() takes back."""
    # A kind is a string, and an entry a tuple, also to msgpack.
    document = (
        VERSION, index.diff_id, index.size, index.packed_estimate, index.packed_size, index.entries,
        index.whiteouts, index.opaque, dict(index.contents),
    )  # fmt: skip
    packed = msgpack.packb(document, use_bin_type=True, unicode_errors="surrogateescape")
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(packed)


def _entries(stored: Sequence[tuple[str, str, int, int, int, int, str, bytes]]) -> tuple[Entry, ...]:
    new, kinds = tuple.__new__, _KINDS
    return tuple(
        [
            # What Entry() does, in half the time.
            new(Entry, (path, kinds[kind], mode, uid, gid, size, link, digest))
            for path, kind, mode, uid, gid, size, link, digest in stored
        ]
    )


def decode(data: bytes) -> LayerIndex:
    """Raises ValueError for anything that encode() of this version did not make."""
    try:
        # The library allocates what a frame claims, whatever limit it is given.
        if not 0 <= zstandard.get_frame_parameters(data).content_size <= _MAX_BYTES:
            raise ValueError("its size is unknown or too large")
        plain = zstandard.ZstdDecompressor().decompress(data)
        document = msgpack.unpackb(plain, raw=False, use_list=False, unicode_errors="surrogateescape")
        version, diff_id, size, packed_estimate, packed_size, entries, whiteouts, opaque, contents = document
        if version != VERSION:
            raise ValueError(f"version {version}")
        return LayerIndex(
            diff_id=diff_id,
            size=size,
            packed_estimate=packed_estimate,
            entries=_entries(entries),
            whiteouts=whiteouts,
            opaque=opaque,
            contents=contents,
            packed_size=packed_size,
        )
    except (zstandard.ZstdError, msgpack.UnpackException, KeyError, TypeError) as error:
        raise ValueError(f"not a layer index: {error}") from error
