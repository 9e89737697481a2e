"""What the layers of one reading may take together: many that each keep within bounds must not add up to harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.model.files import LayerIndex

MAX_UNPACKED_BYTES = 1 << 36
"""Layers that unpack to more than 64 GiB are a bomb, not an image."""
MAX_ENTRIES = 4_000_000
MAX_EVIDENCE_BYTES = 1 << 28


class Allowance:
    """Counts down; raises MalformedImage where nothing is left."""

    def __init__(self) -> None:
        self._unpacked = MAX_UNPACKED_BYTES
        self._entries = MAX_ENTRIES
        self._evidence = MAX_EVIDENCE_BYTES

    @property
    def spent(self) -> bool:
        """Whether it has raised: nothing more can be read."""
        return min(self._unpacked, self._entries, self._evidence) < 0

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks as they are, while their bytes are within the allowance."""
        for chunk in chunks:
            self._unpacked -= len(chunk)
            if self._unpacked < 0:
                raise MalformedImage(f"its layers unpack to more than {MAX_UNPACKED_BYTES:,} bytes")
            yield chunk

    def take(self, index: LayerIndex) -> None:
        """A layer that stays in memory."""
        self._entries -= len(index.entries) + len(index.whiteouts) + len(index.opaque)
        if self._entries < 0:
            raise MalformedImage(f"its layers hold more than {MAX_ENTRIES:,} entries")
        self._evidence -= sum(map(len, index.contents.values()))
        if self._evidence < 0:
            raise MalformedImage(f"its package records take more than {MAX_EVIDENCE_BYTES:,} bytes")
