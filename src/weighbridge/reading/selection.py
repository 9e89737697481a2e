"""A final file system's tar, taken apart into smaller ones: one pass, nothing unpacked, members kept as they are."""

from __future__ import annotations

import contextlib
import copy
import io
import shutil
import tarfile
import tempfile
from collections import defaultdict
from typing import IO, TYPE_CHECKING, NamedTuple

from weighbridge.errors import MalformedImage
from weighbridge.reading.layer import MAX_ENTRIES, normalized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from _typeshed import WriteableBuffer

_CHUNK_BYTES = 1 << 20
_SPOOLED_BYTES = 8 << 20
_TAKEN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE)


class Way(NamedTuple):
    """A path of the file system, the name that it gets, and the number of the tar that it goes to."""

    source: str
    path: str
    number: int


def take_apart(chunks: Iterator[bytes], into: Sequence[IO[bytes]], ways: Iterable[Way]) -> None:
    """Writes members into one of `into` each, with owner, mode, times and attributes as they are.

    A hard link goes where what it links to goes; where that is not taken, neither is it. `chunks` are what the engine
    wrote of a file system of its own (Python's own reader believes more than reading.tar does of a stranger's).
    Raises MalformedImage.
    """
    places: dict[str, list[Way]] = defaultdict(list)
    for way in ways:
        places[way.source].append(way)
    try:
        with contextlib.ExitStack() as stack:
            writers = [
                stack.enter_context(tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT)) for file in into
            ]
            stream = io.BufferedReader(_Stream(chunks), _CHUNK_BYTES)
            source = stack.enter_context(tarfile.open(fileobj=stream, mode="r|", bufsize=_CHUNK_BYTES))
            count = 0
            while (member := source.next()) is not None:
                count += 1
                if count > MAX_ENTRIES:
                    raise MalformedImage(f"the file system holds more than {MAX_ENTRIES:,} entries")
                _take(source, member, writers, places)
                # Otherwise every member is kept until the end.
                source.members = []  # type: ignore[attr-defined]
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise MalformedImage(f"the file system cannot be read: {error}") from error


def _take(
    source: tarfile.TarFile,
    member: tarfile.TarInfo,
    writers: Sequence[tarfile.TarFile],
    places: Mapping[str, Sequence[Way]],
) -> None:
    ways = places.get(normalized(member.name), ())
    if not ways or member.type not in _TAKEN:
        return
    content = source.extractfile(member) if member.isreg() else None
    with tempfile.SpooledTemporaryFile(_SPOOLED_BYTES) as kept:
        if content is not None and len(ways) > 1:
            # A stream is read once.
            shutil.copyfileobj(content, kept)
        for way in ways:
            named = copy.copy(member)
            named.name, named.pax_headers = way.path, {**member.pax_headers}
            named.pax_headers.pop("path", None)
            if member.islnk():
                linked = [
                    other.path for other in places.get(normalized(member.linkname), ()) if other.number == way.number
                ]
                if not linked:
                    continue
                named.linkname = linked[0]
                named.pax_headers.pop("linkpath", None)
            kept.seek(0)
            file = kept if content is not None and len(ways) > 1 else content
            writers[way.number].addfile(named, file)
            writers[way.number].members = []  # type: ignore[attr-defined]


class _Stream(io.RawIOBase):
    """Chunks as a file to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """What is there, at most a buffer full; nothing at the end."""
        room = memoryview(buffer).cast("B")
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        count = min(len(room), len(self._left))
        room[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
