"""A `docker save` stream from the engine, read in one pass and never kept.

Engine 20.10 writes `ID/layer.tar`, later ones blobs in the order of their digests and the manifest last. So a
layer is known by its digest alone: a plain blob's name under overlay2 is its diff ID; of what is compressed, or
is named otherwise, the diff ID is computed as it passes.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.errors import MalformedImage
from weighbridge.reading.allowance import Allowance
from weighbridge.reading.blobs import image_members
from weighbridge.reading.compression import Compression, compression_of, decompressed
from weighbridge.reading.layer import index_layer
from weighbridge.reading.source import StreamSource
from weighbridge.reading.tar import BLOCK, Member, TarReader
from weighbridge.reading.verified import Hashing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from weighbridge.model.files import LayerIndex
    from weighbridge.model.image import ImageDescription

_BLOB_FOLDER = "blobs/sha256/"


def read_stream(
    chunks: Iterator[bytes],
    wanted: Sequence[ImageDescription],
    *,
    cached: Callable[[str], LayerIndex | None],
    progress: Callable[[int], None] = lambda _: None,
) -> Mapping[str, LayerIndex]:
    """The indexes of the layers that `wanted` need and `cached` does not know, by diff ID.

    Stops as soon as all are there. The engine is trusted to have checked its own store. Raises MalformedImage.
    """
    missing = {diff_id for image in wanted for diff_id in image.diff_ids if cached(diff_id) is None}
    found: dict[str, LayerIndex] = {}
    outer = TarReader(StreamSource(chunks, progress))
    allowance = Allowance()
    for member in image_members(outer):
        if not missing:
            break
        index = _layer(member, outer, missing, allowance)
        if index is not None:
            allowance.take(index)
            found[index.diff_id] = index
            missing.discard(index.diff_id)
    return found


def _layer(member: Member, outer: TarReader, missing: set[str], allowance: Allowance) -> LayerIndex | None:
    """The member's index if it is a layer that is wanted."""
    name = member.name
    if member.typeflag != b"0" or not (name.startswith(_BLOB_FOLDER) or name.endswith("/layer.tar")):
        return None
    start = outer.read(BLOCK)
    compression = compression_of(start)
    content = itertools.chain([start], outer.chunks())
    if compression is Compression.PLAIN:
        if not is_tar(start):
            return None
        digest = f"sha256:{name.removeprefix(_BLOB_FOLDER)}"
        if digest in missing:
            return index_layer(StreamSource(content), digest)
        if name.startswith(_BLOB_FOLDER):
            return None
    index = index_passing(content, compression, member.size, allowance)
    return index if index.diff_id in missing else None


def index_passing(
    content: Iterable[bytes], compression: Compression, stored_size: int, allowance: Allowance
) -> LayerIndex:
    """The index of a layer whose diff ID is not known before it has passed. Raises MalformedImage."""
    hashing = Hashing(allowance.counted(decompressed(content, compression)))
    packed_size = None if compression is Compression.PLAIN else stored_size
    index = index_layer(StreamSource(iter(hashing)), "", packed_size=packed_size)
    hashing.drain()
    return replace(index, diff_id=hashing.diff_id)


def is_tar(start: bytes) -> bool:
    """Whether a member's first block is a tar header, or the blocks of zeros that an empty layer is."""
    if len(start) < BLOCK:
        return False
    if not start.strip(b"\0"):
        return True
    try:
        next(TarReader(StreamSource(iter([start]))))
    except (MalformedImage, StopIteration):
        return start[257:262] == b"ustar"
    return True
