"""Where the parts of an archive or layout folder lie. Nothing is unpacked, no name is trusted."""

from __future__ import annotations

import errno
import os
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from weighbridge.errors import MalformedImage
from weighbridge.reading.ahead import ahead
from weighbridge.reading.allowance import Allowance
from weighbridge.reading.compression import Compression, compression_of, decompressed
from weighbridge.reading.layer import index_layer
from weighbridge.reading.source import FileSource, StreamSource, chunks_of
from weighbridge.reading.tar import Member, TarReader
from weighbridge.reading.verified import Hashing, Verifier, check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from weighbridge.model.files import LayerIndex
    from weighbridge.reading.allowance import Allowance

MAX_MEMBERS = 100_000
_LINK_HOPS = 4
_LINKED = (b"1", b"2")

Place = TypeVar("Place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one reading of an archive has: bounds for all of its layers together, and who verifies them."""

    archive: str
    allowance: Allowance
    verifier: Verifier


class Blob(Protocol):
    """A part: `size` bytes as stored, in which `compression`."""

    name: str
    size: int
    compression: Compression

    def content(self, limit: int) -> bytes:
        """All of it. Raises MalformedImage beyond the limit."""
        ...

    def layer(self, diff_id: str, reading: Reading) -> LayerIndex:
        """The index of the layer that it is.

        Raises MalformedImage where it is not the one with this diff ID; or the reading's verifier does, later.
        """
        ...


class Blobs(Protocol):
    """The parts by name."""

    def find(self, name: str) -> Blob | None:
        """The part, None if there is none."""
        ...


class FileBlob:
    """A region of an open file."""

    def __init__(self, name: str, descriptor: int, start: int, size: int) -> None:
        self.name = name
        self.size = size
        self._descriptor = descriptor
        self._start = start
        self.compression = compression_of(self.source().read_up_to(4))

    def source(self) -> FileSource:
        """A source of its own on the stored bytes."""
        return FileSource(self._descriptor, self._start, self.size)

    def chunks(self) -> Iterator[bytes]:
        """The stored bytes."""
        return chunks_of(self.source())

    def content(self, limit: int) -> bytes:
        """See Blob."""
        return self.source().read(bounded(self.name, self.size, limit))

    def layer(self, diff_id: str, reading: Reading) -> LayerIndex:
        """See Blob."""
        if self.compression is Compression.PLAIN:
            place = (self._descriptor, self._start, self.size)
            reading.verifier.expect(*place, diff_id, name=self.name, archive=reading.archive)
            return index_layer(StreamSource(self.chunks()), diff_id)
        hashing = Hashing(reading.allowance.counted(decompressed(self.chunks(), self.compression)))
        with ahead(hashing) as passing:
            index = index_layer(StreamSource(passing), diff_id, packed_size=self.size)
            for _ in passing:
                # The padding after the last member is hashed too.
                pass
        check(hashing.diff_id, diff_id, self.name)
        return index


@dataclass(slots=True, kw_only=True)
class AbsentBlob:
    """One that is named and not there; `size` and `compression` are the manifest's word."""

    name: str
    size: int
    compression: Compression

    def content(self, limit: int) -> bytes:  # noqa: ARG002 - see Blob
        """See Blob."""
        raise missing(self.name)

    def layer(self, diff_id: str, reading: Reading) -> LayerIndex:  # noqa: ARG002 - see Blob
        """See Blob."""
        raise missing(self.name)


class ArchiveBlobs:
    """A tar's members. Reads headers only; the file stays open for as long as the blobs are used."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        source = FileSource(descriptor, 0, size)
        self._members: Names[tuple[int, int]] = Names()
        for member in image_members(TarReader(source)):
            self._members.add(member, (source.position, member.size))
        self._members.check()

    def find(self, name: str) -> Blob | None:
        """See Blobs."""
        found = self._members.find(name)
        return FileBlob(found[0], self._descriptor, *found[1]) if found is not None else None


class FolderBlobs:
    """An OCI layout's folder. Only regular files inside it count; symlinks that leave it do not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._open: list[_Descriptor] = []

    def find(self, name: str) -> Blob | None:
        """See Blobs."""
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder) or not path.is_file():
                return None
        except (RuntimeError, ValueError, OSError) as error:
            # Symlinks that loop; a zero byte in the name; a name that no file can have.
            if isinstance(error, OSError) and error.errno not in (errno.ELOOP, errno.ENAMETOOLONG):
                raise
            return None
        held = _Descriptor(path)
        self._open.append(held)
        return FileBlob(name, held.number, 0, os.fstat(held.number).st_size)


class Names(Generic[Place]):
    """What lies where in an archive, by names that are compared as paths; links lead to what they name."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._links: dict[str, str] = {}

    def add(self, member: Member, place: Place) -> None:
        """A member of the archive."""
        name = posixpath.normpath(member.name)
        if member.typeflag == b"0":
            self._places[name] = place
        elif member.typeflag in _LINKED:
            # Engine 20.10 writes a layer that a second image shares as a symlink to the first.
            folder = posixpath.dirname(name) if member.typeflag == b"2" else ""
            self._links[name] = posixpath.normpath(posixpath.join(folder, member.link))

    def check(self) -> None:
        """Raises MalformedImage where there is nothing."""
        if not self._places:
            raise MalformedImage("it holds no files: not an image archive")

    def find(self, name: str) -> tuple[str, Place] | None:
        """The name that the archive has for it, and the place."""
        name = posixpath.normpath(name)
        for _ in range(_LINK_HOPS):
            if name not in self._links:
                break
            name = self._links[name]
        return (name, self._places[name]) if name in self._places else None


def image_members(reader: TarReader) -> Iterator[Member]:
    """The members of an image archive. Raises MalformedImage where there are more than one can have."""
    for count, member in enumerate(reader):
        if count >= MAX_MEMBERS:
            raise MalformedImage(f"it has more than {MAX_MEMBERS:,} members: not an image archive")
        yield member


def missing(name: str) -> MalformedImage:
    """The error of a part that is not there."""
    return MalformedImage(f"{name[:200]!r} is named in it but not there: it is truncated or damaged")


def bounded(name: str, size: int, limit: int) -> int:
    """The size. Raises MalformedImage beyond the limit."""
    if size > limit:
        raise MalformedImage(f"{name[:200]!r} has {size:,} bytes, more than the {limit:,} that are read")
    return size


class _Descriptor:
    """An open file, closed when nobody holds it any more."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)

    def __del__(self) -> None:
        os.close(self.number)
