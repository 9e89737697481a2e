"""Where the parts of an archive or layout folder lie. Nothing is unpacked, no name is trusted."""

from __future__ import annotations

import hashlib
import os
import posixpath
from typing import TYPE_CHECKING, Protocol

from weighbridge.errors import MalformedImage
from weighbridge.reading.compression import Compression, compression_of
from weighbridge.reading.source import FileSource
from weighbridge.reading.tar import TarReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_MEMBERS = 100_000
_CHUNK_BYTES = 1 << 20
_LINK_HOPS = 4


class Blob:
    """A region of a file: `size` bytes as stored."""

    def __init__(self, name: str, descriptor: int, start: int, size: int) -> None:
        self.name = name
        self.size = size
        self._descriptor = descriptor
        self._start = start
        self.compression = compression_of(self.source().read_up_to(4))

    @property
    def packed(self) -> bool:
        """Whether it is stored compressed."""
        return self.compression is not Compression.PLAIN

    def source(self) -> FileSource:
        """A source of its own on the stored bytes."""
        return FileSource(self._descriptor, self._start, self.size)

    def chunks(self) -> Iterator[bytes]:
        """The stored bytes."""
        source = self.source()
        while data := source.read_up_to(_CHUNK_BYTES):
            yield data

    def content(self, limit: int) -> bytes:
        """All of it. Raises MalformedImage beyond the limit."""
        if self.size > limit:
            raise MalformedImage(f"{self.name[:200]!r} has {self.size:,} bytes, more than the {limit:,} that are read")
        return self.source().read(self.size)

    def sha256(self, limit: int) -> str:
        """Of the stored bytes, hexadecimal."""
        return hashlib.sha256(self.content(limit)).hexdigest()


class Blobs(Protocol):
    """The parts by name."""

    def find(self, name: str) -> Blob | None:
        """The part, None if there is none."""
        ...


class ArchiveBlobs:
    """A tar's members. Reads headers only; the file stays open for as long as the blobs are used."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        source = FileSource(descriptor, 0, size)
        for count, member in enumerate(TarReader(source)):
            if count >= MAX_MEMBERS:
                raise MalformedImage(f"it has more than {MAX_MEMBERS:,} members: not an image archive")
            name = posixpath.normpath(member.name)
            if member.typeflag in (b"0", b"\0"):
                self._members[name] = (source.position, member.size)
            elif member.typeflag in (b"1", b"2"):
                # Engine 20.10 writes a layer that a second image shares as a symlink to the first.
                folder = posixpath.dirname(name) if member.typeflag == b"2" else ""
                self._links[name] = posixpath.normpath(posixpath.join(folder, member.link))
        if not self._members:
            raise MalformedImage("it holds no files: not an image archive, or compressed as a whole (unpack it first)")

    def find(self, name: str) -> Blob | None:
        """See Blobs."""
        name = posixpath.normpath(name)
        for _ in range(_LINK_HOPS):
            if name not in self._links:
                break
            name = self._links[name]
        place = self._members.get(name)
        return Blob(name, self._descriptor, *place) if place is not None else None


class FolderBlobs:
    """An OCI layout's folder. Only regular files inside it count; symlinks that leave it do not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._open: list[_Descriptor] = []

    def find(self, name: str) -> Blob | None:
        """See Blobs."""
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            return None
        held = _Descriptor(path)
        self._open.append(held)
        return Blob(name, held.number, 0, path.stat().st_size)


class _Descriptor:
    """An open file, closed when nobody holds it any more."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        os.close(self.number)
