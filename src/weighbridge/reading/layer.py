"""One layer's tar to its index, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xxhash import xxh3_128, xxh3_128_digest

from weighbridge.errors import MalformedImage
from weighbridge.model.files import Entry, Kind, LayerIndex
from weighbridge.reading.links import Links
from weighbridge.reading.packages import is_evidence
from weighbridge.reading.packed_estimate import PackedEstimate
from weighbridge.reading.tar import LayerReader, Member

if TYPE_CHECKING:
    from weighbridge.reading.source import StreamSource

MAX_ENTRIES = 2_000_000
MAX_NAMES_BYTES = 1 << 28
"""Of all names and link targets of a layer: what its index may take of the memory."""
MAX_LAYER_BYTES = 1 << 50
"""Sparse files can claim any size without bringing a byte."""
MAX_EVIDENCE_BYTES = 16 * 1024 * 1024
MAX_EVIDENCE_TOTAL_BYTES = 64 * 1024 * 1024

_WHITEOUT = ".wh."
_WHITEOUT_META = ".wh..wh."
_OPAQUE = ".wh..wh..opq"
# Looking a member of an enumeration up costs as much as three calls, for every file of every layer.
_FILE, _DIRECTORY, _SYMLINK, _HARDLINK = Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK, Kind.HARDLINK
KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER_DEVICE,
    b"4": Kind.BLOCK_DEVICE,
    b"5": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}


def index_layer(source: StreamSource, diff_id: str, *, packed_size: int | None = None) -> LayerIndex:
    """Reads a plain layer tar from `source` to its last member (padding may be left).

    Raises MalformedImage. Time follows the bytes of the layer, memory the number of its entries.
    """
    with PackedEstimate() as sample:
        return _Indexer(source, sample).run(diff_id, packed_size)


class _Indexer:
    def __init__(self, source: StreamSource, sample: PackedEstimate) -> None:
        self._tar = LayerReader(source)
        self._entries: dict[str, Entry] = {}
        self._whiteouts: dict[str, None] = {}
        self._opaque: dict[str, None] = {}
        self._contents: dict[str, bytes] = {}
        self._kept = 0
        self._members = 0
        self._names_bytes = 0
        self._links = Links()
        self._sample = sample

    def run(self, diff_id: str, packed_size: int | None) -> LayerIndex:
        self._read_ordinary()
        for member in self._tar:
            self._take(member)
            self._read_ordinary()
        entries = tuple(self._entries.values())
        size = sum(entry.size for entry in entries)
        if size > MAX_LAYER_BYTES:
            raise MalformedImage(f"a layer claims to hold {size:,} bytes")
        return LayerIndex(
            diff_id=diff_id,
            size=size,
            packed_estimate=self._sample.result(len(entries)),
            entries=entries,
            whiteouts=tuple(self._whiteouts),
            opaque=tuple(self._opaque),
            contents=self._contents,
            packed_size=packed_size,
        )

    def _read_ordinary(self) -> None:
        """What goes for nearly every entry of every layer, with as few steps as can be."""
        entries, real, sample, new = self._entries, self._links.followed(), self._sample.add, tuple.__new__
        members = names_bytes = 0
        for name, is_file, (mode, uid, gid), content in self._tar.ordinary():
            path = normalized(name)
            if real is not None:
                path = real(path)
            members += 1
            names_bytes += len(path)
            size = len(content)
            if path in entries or not path or _WHITEOUT in path:
                self._place(path, Member(name, b"0" if is_file else b"5", mode, uid, gid, size, "", size), content)
            elif is_file:
                sample(content)
                if size <= MAX_EVIDENCE_BYTES and is_evidence(path):
                    self._keep(path, bytes(content))
                # What Entry() does, in half the time.
                entries[path] = new(Entry, (path, _FILE, mode, uid, gid, size, "", xxh3_128_digest(content)))
            else:
                entries[path] = new(Entry, (path, _DIRECTORY, mode, uid, gid, size, "", b""))
        # There is no more of it at a time than what was read at once.
        self._count(members, names_bytes)

    def _take(self, member: Member) -> None:
        path = self._links.real(normalized(member.name))
        self._count(1, len(path) + len(member.link))
        self._place(path, member, None)

    def _count(self, members: int, names_bytes: int) -> None:
        """Raises MalformedImage where a layer takes more memory than layers may."""
        self._members += members
        self._names_bytes += names_bytes
        if self._members > MAX_ENTRIES:
            raise MalformedImage(f"a layer holds more than {MAX_ENTRIES:,} entries")
        if self._names_bytes > MAX_NAMES_BYTES:
            raise MalformedImage(f"a layer's names take more than {MAX_NAMES_BYTES:,} bytes")

    def _place(self, path: str, member: Member, content: memoryview | None) -> None:
        """Anything, anywhere. `content` where it was read already."""
        if _WHITEOUT in path and self._take_whiteout(path):
            return
        kind = KINDS.get(member.typeflag)
        if kind is None or not path:
            # Vendor types carry nothing that a file system shows; the root has no name of its own.
            return
        if path in self._entries:
            self._replace(path)
        size, digest, link = 0, b"", ""
        if kind is _FILE:
            size = member.real_size
            digest = self._digest(path, member, content)
        elif kind is _SYMLINK:
            link = member.link
            self._links.add(path, link)
        elif kind is _HARDLINK:
            link = self._linked_file(path, member.link)
        self._entries[path] = Entry(path, kind, member.mode, member.uid, member.gid, size, link, digest)

    def _take_whiteout(self, path: str) -> bool:
        """Whether the path is one, or one of aufs' own files, which mean nothing to a file system."""
        folder, _, name = path.rpartition("/")
        if not name.startswith(_WHITEOUT):
            return path.startswith(_WHITEOUT_META)
        if name == _OPAQUE:
            self._opaque[folder] = None
        elif not name.startswith(_WHITEOUT_META) and name != _WHITEOUT:
            hidden = name[len(_WHITEOUT) :]
            if hidden in (".", ".."):
                raise MalformedImage(f"a layer's {path[:200]!r} takes nothing away that has a name")
            self._whiteouts[f"{folder}/{hidden}" if folder else hidden] = None
        return True

    def _linked_file(self, path: str, link: str) -> str:
        """The file that a hard link names, by the name that holds its content where it has several."""
        target = self._links.real(normalized(link))
        entry = self._entries.get(target)
        if entry is not None and entry.kind is _HARDLINK:
            target = entry.link
        self._links.add_hard(path, target)
        return target

    def _replace(self, path: str) -> None:
        """What a layer names twice, the second one is extracted last; a hard link to the first keeps its content."""
        old = self._entries.pop(path)
        data = self._contents.pop(path, b"")
        self._kept -= len(data)
        self._links.remove(path)
        heirs = [
            heir for heir in self._links.take_hard(path) if heir in self._entries and self._entries[heir].link == path
        ]
        if old.kind is not _FILE or not heirs:
            return
        first = heirs[0]
        self._entries[first] = self._entries[first]._replace(kind=_FILE, size=old.size, link="", digest=old.digest)
        if data and is_evidence(first):
            self._keep(first, data)
        for heir in heirs[1:]:
            self._entries[heir] = self._entries[heir]._replace(link=first)
            self._links.add_hard(heir, first)

    def _digest(self, path: str, member: Member, content: memoryview | None) -> bytes:
        evidence = is_evidence(path) and member.size <= MAX_EVIDENCE_BYTES and member.size == member.real_size
        parts = []
        state = xxh3_128()
        for chunk in self._tar.chunks() if content is None else (content,):
            state.update(chunk)
            self._sample.add(chunk)
            if evidence:
                parts.append(chunk)
        if evidence:
            self._keep(path, b"".join(parts))
        return state.digest()

    def _keep(self, path: str, data: bytes) -> None:
        if self._kept + len(data) <= MAX_EVIDENCE_TOTAL_BYTES:
            self._kept += len(data)
            self._contents[path] = data


def normalized(name: str) -> str:
    """A tar's name as a path from the root, without `.`, `..` and doubled slashes.

    Raises MalformedImage for a name that climbs out: no engine would extract it.
    """
    path = name[2:] if name[:2] == "./" else name
    if path[-1:] == "/" or path[:1] == "/":
        path = path.strip("/")
    # Every name comes through here, and hardly one has a part that begins with a dot.
    if path[:1] != "." and "/." not in path and "//" not in path:
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            raise MalformedImage(f"a layer names {name[:200]!r}, which climbs out of the image")
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
