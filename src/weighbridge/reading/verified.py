"""A stored layer to its index, believed only if its bytes are those of its diff ID."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from weighbridge.errors import MalformedImage
from weighbridge.reading.ahead import ahead
from weighbridge.reading.compression import decompressed
from weighbridge.reading.layer import index_layer
from weighbridge.reading.source import StreamSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.model.files import LayerIndex
    from weighbridge.reading.allowance import Allowance
    from weighbridge.reading.blobs import FileBlob


def index_blob(blob: FileBlob, diff_id: str, allowance: Allowance) -> LayerIndex:
    """Raises MalformedImage where the blob is not what its diff ID says."""
    chunks = blob.chunks()
    if blob.packed:
        chunks = allowance.counted(decompressed(chunks, blob.compression))
    hashing = Hashing(chunks)
    with ahead(hashing) as passing:
        index = index_layer(StreamSource(passing), diff_id, packed_size=blob.size if blob.packed else None)
        for _ in passing:
            # The padding after the last member is hashed too.
            pass
    check(hashing.diff_id, diff_id, blob.name)
    return index


class Hashing:
    """Chunks that pass through, and what they hash to."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._state = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._state.update(chunk)
            yield chunk

    def drain(self) -> None:
        """Hashes what nobody asked for: the padding after the last member."""
        for _ in self:
            pass

    @property
    def diff_id(self) -> str:
        """`sha256:…` of what has passed."""
        return f"sha256:{self._state.hexdigest()}"


def check(found: str, diff_id: str, name: str) -> None:
    """Raises MalformedImage where a layer hashes to something else than its diff ID."""
    if found != diff_id:
        raise MalformedImage(
            f"the layer {name[:200]!r} is not the {diff_id[:80]} that it claims to be: truncated, damaged or forged"
        )
