"""A layer's index as bytes for the cache: msgpack under zstd, with a version of its own."""

from __future__ import annotations

import msgpack
import zstandard

from weighbridge.model.files import Entry, Kind, LayerIndex

VERSION = 2
_MAX_BYTES = 1 << 30
_KINDS = {kind.value: kind for kind in Kind}


def encode(index: LayerIndex) -> bytes:
    """Bytes that decode() takes back."""
    entries = [(*entry[:1], entry.kind.value, *entry[2:]) for entry in index.entries]
    document = (
        VERSION, index.diff_id, index.size, index.packed_estimate, index.packed_size, entries,
        index.whiteouts, index.opaque, dict(index.contents),
    )  # fmt: skip
    packed = msgpack.packb(document, use_bin_type=True, unicode_errors="surrogateescape")
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(packed)


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
            entries=tuple([Entry(path, _KINDS[kind], *rest) for path, kind, *rest in entries]),
            whiteouts=whiteouts,
            opaque=opaque,
            contents=contents,
            packed_size=packed_size,
        )
    except (zstandard.ZstdError, msgpack.UnpackException, KeyError, TypeError) as error:
        raise ValueError(f"not a layer index: {error}") from error
