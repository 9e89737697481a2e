"""An archive that is compressed as a whole: it cannot be searched, so all that may be of use is kept as it passes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from weighbridge.errors import MalformedImage
from weighbridge.reading.blobs import Names, bounded, image_members
from weighbridge.reading.compression import Compression, compression_of, decompressed
from weighbridge.reading.source import StreamSource
from weighbridge.reading.stream import index_passing, is_tar
from weighbridge.reading.tar import BLOCK, Member, TarReader
from weighbridge.reading.verified import check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.model.files import LayerIndex
    from weighbridge.reading.allowance import Allowance
    from weighbridge.reading.blobs import Blob, Reading

MAX_KEPT_BYTES = 1 << 26
"""Of the small files that may be manifests and configurations."""


class PassingBlobs:
    """Implements Blobs. Every layer in the archive is indexed, also of images that nobody asks for."""

    def __init__(
        self, chunks: Iterable[bytes], compression: Compression, allowance: Allowance, small_bytes: int
    ) -> None:
        self._allowance = allowance
        self._small_bytes = small_bytes
        self._kept = 0
        self._blobs: Names[PassedBlob] = Names()
        reader = TarReader(StreamSource(allowance.counted(decompressed(chunks, compression))))
        for member in image_members(reader):
            self._blobs.add(member, self._taken(member, reader))
        self._blobs.check()

    def find(self, name: str) -> Blob | None:
        """See Blobs."""
        found = self._blobs.find(name)
        return found[1] if found is not None else None

    def _taken(self, member: Member, reader: TarReader) -> PassedBlob:
        blob = PassedBlob(member.name, member.size)
        start = reader.read(BLOCK)
        blob.compression = compression_of(start)
        if blob.compression is not Compression.PLAIN or is_tar(start):
            content = itertools.chain([start], reader.chunks())
            try:
                blob.index = index_passing(content, blob.compression, member.size, self._allowance)
                self._allowance.take(blob.index)
            except MalformedImage as error:
                if self._allowance.spent:
                    raise
                # It may belong to an image that nobody asks for.
                blob.error = error
        elif member.size <= self._small_bytes and self._kept + member.size <= MAX_KEPT_BYTES:
            self._kept += member.size
            blob.data = start + reader.read(member.size)
        return blob


class PassedBlob:
    """Implements Blob with what was kept of it."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.compression = Compression.PLAIN
        self.data: bytes | None = None
        self.index: LayerIndex | None = None
        self.error: MalformedImage | None = None

    def content(self, limit: int) -> bytes:
        """See Blob."""
        bounded(self.name, self.size, limit)
        if self.data is None:
            raise MalformedImage(f"{self.name[:200]!r} is not the text that it should be")
        return self.data

    def layer(self, diff_id: str, reading: Reading) -> LayerIndex:  # noqa: ARG002 - counted when it passed
        """See Blob."""
        if self.error is not None:
            raise self.error
        if self.index is None:
            raise MalformedImage(f"the layer {self.name[:200]!r} is not a tar archive")
        check(self.index.diff_id, diff_id, self.name)
        return self.index
