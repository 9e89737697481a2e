"""Images in archives and folders: `docker save` of every age, OCI layouts, and either compressed as a whole.

An archive is a stranger's: what claims to be a layer is checked against its diff ID before anything else believes it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.errors import MalformedImage, WeighbridgeError
from weighbridge.model.files import LayerIndex
from weighbridge.reading.allowance import Allowance
from weighbridge.reading.blobs import AbsentBlob, ArchiveBlobs, Blob, Blobs, FolderBlobs, Reading, missing
from weighbridge.reading.compression import Compression, compression_of
from weighbridge.reading.config import description
from weighbridge.reading.manifests import MAX_JSON_BYTES, StoredImage, StoredLayer, check_size, find_image
from weighbridge.reading.passing import PassingBlobs
from weighbridge.reading.source import FileSource, chunks_of

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.model.image import ImageDescription
    from weighbridge.reading.verified import Verifier

_MAX_SIZE = 1 << 50
"""Of a layer that is told and not there."""
Cached = Callable[[str], LayerIndex | None]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveImage:
    """An image of an archive: its description, and the index of each of its layers by diff ID."""

    description: ImageDescription
    indexes: Mapping[str, LayerIndex]


def read_archive(
    path: Path,
    reference: str | None = None,
    *,
    platform: str | None = None,
    cached: Cached,
    verifier: Verifier,
    progress: Progress = lambda _: None,
) -> ArchiveImage:
    """Reads one image of a docker archive, OCI archive or OCI folder.

    `reference` and `platform` choose where there are several. Layers that `cached` knows are not read. Raises
    MalformedImage, ImageNotFound, UsageError (see find_image); the message names the archive. That the layers are what
    they claim to be is known when the verifier has ended.
    """
    reading = Reading(archive=str(path), allowance=Allowance(), verifier=verifier)
    try:
        with _opened(path, reading.allowance) as blobs:
            image = find_image(blobs, reference, platform)
            return _read(blobs, image, reference or next(iter(image.names), str(path)), reading, cached, progress)
    except WeighbridgeError as error:
        raise type(error)(f"{path}: {error}") from error
    except OSError as error:
        raise MalformedImage(f"{path}: cannot be read: {error.strerror}") from error


@contextlib.contextmanager
def _opened(path: Path, allowance: Allowance) -> Iterator[Blobs]:
    if path.is_dir():
        yield FolderBlobs(path)
        return
    # Without O_NONBLOCK a pipe that nobody writes to would be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise MalformedImage("an archive must be a regular file")
        source = FileSource(descriptor, 0, status.st_size)
        compression = compression_of(FileSource(descriptor, 0, status.st_size).read_up_to(4))
        if compression is Compression.PLAIN:
            yield ArchiveBlobs(descriptor, status.st_size)
        else:
            yield PassingBlobs(chunks_of(source), compression, allowance, MAX_JSON_BYTES)
    finally:
        os.close(descriptor)


def _read(
    blobs: Blobs, image: StoredImage, name: str, reading: Reading, cached: Cached, progress: Progress
) -> ArchiveImage:
    layers = [_stored(blobs, layer) for layer in image.layers]
    plain = [blob.compression is Compression.PLAIN for blob in layers]
    described = description(
        image.config,
        reference=name,
        image_id=image.id,
        packed_sizes=[None if is_plain else blob.size for blob, is_plain in zip(layers, plain, strict=True)],
        compressions=["" if is_plain else blob.compression.value for blob, is_plain in zip(layers, plain, strict=True)],
    )
    indexes: dict[str, LayerIndex] = {}
    for diff_id, blob in zip(described.diff_ids, layers, strict=True):
        if diff_id not in indexes:
            indexes[diff_id] = cached(diff_id) or blob.layer(diff_id, reading)
            reading.allowance.take(indexes[diff_id])
        progress(blob.size)
    return ArchiveImage(description=described, indexes=indexes)


def _stored(blobs: Blobs, layer: StoredLayer) -> Blob:
    """A layer as it is stored, or as the manifest tells it: one that is known needs not be there."""
    blob = blobs.find(layer.name)
    if blob is not None:
        check_size(blob, layer.size)
        return blob
    if layer.size is None or not 0 <= layer.size <= _MAX_SIZE or layer.compression is None:
        raise missing(layer.name)
    return AbsentBlob(name=layer.name, size=layer.size, compression=layer.compression)
