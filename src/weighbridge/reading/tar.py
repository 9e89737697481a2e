"""A tar stream, header by header.

Python's own tarfile takes about five times as long for a layer of many small files, and believes more than it
should. This reader takes ustar, GNU (long names, base-256 numbers, sparse files) and pax, checks every header's sum,
and bounds whatever an archive may claim. Formats: POSIX.1-2017 pax, GNU tar manual "Basic Tar Format". Where readers
differ it follows Go's archive/tar, which is what the engines extract with.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zlib import adler32

from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.reading.source import Source, StreamSource

BLOCK = 512
MAX_NAME_BYTES = 4096
"""PATH_MAX of Linux: nothing longer can be extracted."""
MAX_HEADER_BYTES = 1024 * 1024
MAX_ENTRY_BYTES = 1 << 42
MAX_OWNER = (1 << 32) - 1
_CHUNK_BYTES = 1 << 20
_ZEROS = bytes(BLOCK)
# The sum counts the checksum's own eight bytes as blanks.
_BLANK_SUM = 8 * 0x20
# Some old writers summed up signed bytes.
_SIGNED = 0x100

_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _SPARSE, _SOLARIS_PAX = b"L", b"K", b"x", b"g", b"S", b"X"
_EXTENSIONS = frozenset((_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _SOLARIS_PAX))
# No key of a pax record holds an equals sign.
_LONG_NAME_KEY, _LONG_LINK_KEY = b"name=", b"link="
_KEYS = {_LONG_NAME: _LONG_NAME_KEY, _LONG_LINK: _LONG_LINK_KEY}
_NOTHING: Mapping[bytes, bytes] = {}
# Links, devices, directories and pipes: whatever size they claim, no content follows them.
_WITHOUT_CONTENT = frozenset((b"1", b"2", b"3", b"4", b"5", b"6"))
_FILE_FLAG, _DIRECTORY_FLAG = b"05"
_ADLER_MODULUS = 65_521
_DAMAGED = "the archive is damaged or not a tar at all"
_BLANK = b"\0 "
_PAX_RECORD = re.compile(rb"(\d{1,10}) ([^=\n]{1,1024})=")


class Member(NamedTuple):
    """One member. `name` and `link` are as written; `typeflag` is one byte; `size` counts the content that follows.

    `real_size` is what the file holds once extracted; it differs from `size` for sparse files only.
    """

    name: str
    typeflag: bytes
    mode: int
    uid: int
    gid: int
    size: int
    link: str
    real_size: int


Ordinary = tuple[str, bool, tuple[int, int, int], memoryview]
"""A member's name, whether it is a file (else a directory), its mode, user and group, and its content."""


class TarReader:
    """Iterates over the members; between two of them the content may be read with `read`, `chunks` or not at all."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[Member]:
        return self

    def __next__(self) -> Member:
        header = self._header()
        if header is None:
            raise StopIteration
        typeflag = header[156:157]
        if typeflag in _EXTENSIONS:
            return self._extended(header, typeflag)
        return self._member(header, typeflag, _NOTHING)

    def _header(self) -> bytes | None:
        """The next header, its sum checked; None at the end. What is left of the content before it is passed over."""
        header = self._source.block_after(self._left + self._padding, BLOCK)
        self._left = self._padding = 0
        if not header or header == _ZEROS:
            # A tar ends with two blocks of zeros; one, or the end itself, is good enough for every reader.
            return None
        _check_sum(header)
        return header

    def _extended(self, header: bytes | None, typeflag: bytes) -> Member:
        """The member behind headers that tell more of it than fits into its own."""
        records: dict[bytes, bytes] = {}
        names: dict[bytes, bytes] = {}
        budget = MAX_HEADER_BYTES
        while header is not None:
            if typeflag not in _EXTENSIONS:
                return self._member(header, typeflag, {**records, **names})
            size = _size(header)
            # One member may have several such headers, but not endlessly many.
            budget -= BLOCK + size
            if budget < 0:
                raise MalformedImage(f"a tar header claims more than {MAX_HEADER_BYTES:,} bytes of names")
            data = self._source.read(size)
            self._padding = -size % BLOCK
            if typeflag in _KEYS:
                names[_KEYS[typeflag]] = _text_field(data)
            elif typeflag != _PAX_GLOBAL:
                # Engines pass over global headers; of several others only the last one counts.
                records = _pax_records(data)
            header = self._header()
            typeflag = header[156:157] if header is not None else b""
        if records or any(names.values()):
            raise MalformedImage("the archive ends between a file's name and the file: it is truncated or damaged")
        raise StopIteration

    def read(self, count: int) -> bytes:
        """The next `count` bytes of the content, fewer at its end."""
        count = min(count, self._left)
        self._left -= count
        return self._source.read(count)

    def chunks(self) -> Iterator[bytes]:
        """The rest of the content, in pieces of at most 1 MiB."""
        while self._left:
            data = self._source.read_up_to(min(self._left, _CHUNK_BYTES))
            if not data:
                raise MalformedImage(f"the archive ends {self._left:,} bytes too early: it is truncated or damaged")
            self._left -= len(data)
            yield data

    def _member(self, header: bytes, typeflag: bytes, more: Mapping[bytes, bytes]) -> Member:
        """`more` is what extensions told: pax records by their keys, GNU's long names by keys of our own."""
        name, link = _short_name(header), _text_field(header[157:257]) if header[157] else b""
        mode, uid, gid = _owner(header[100:124])
        size = real_size = _size(header)
        if more:
            name = more.get(b"GNU.sparse.name") or more.get(b"path", name)
            link = more.get(b"linkpath", link)
            size = _decimal(more, b"size", size)
            uid, gid = _decimal(more, b"uid", uid), _decimal(more, b"gid", gid)
            real_size = _decimal(more, b"GNU.sparse.realsize", _decimal(more, b"GNU.sparse.size", size))
            name, link = more.get(_LONG_NAME_KEY) or name, more.get(_LONG_LINK_KEY) or link
            _check_names(name, link)
            _check_owner(uid, gid)
        if typeflag == _SPARSE:
            real_size = _number(header[483:495])
            self._skip_sparse_map(header)
        elif typeflag == b"\0":
            # The oldest format marks a directory by nothing but its name.
            typeflag = b"5" if name.endswith(b"/") else b"0"
        if typeflag in _WITHOUT_CONTENT:
            size = real_size = 0
        if not (0 <= size <= MAX_ENTRY_BYTES and 0 <= real_size <= MAX_ENTRY_BYTES):
            raise MalformedImage(f"a tar header claims a file of {max(size, real_size):,} bytes")
        self._left = size
        self._padding = -size % BLOCK
        text = name.decode("utf-8", "surrogateescape")
        target = link.decode("utf-8", "surrogateescape") if link else ""
        # What Member() does, in a third of the time: this runs for every file of every layer.
        return tuple.__new__(Member, (text, typeflag, mode, uid, gid, size, target, real_size))

    def _skip_sparse_map(self, header: bytes) -> None:
        """GNU's old sparse format continues its map in further blocks, each telling whether one more follows."""
        more = header[482:483] not in (b"\0", b"")
        blocks = 0
        while more:
            blocks += 1
            if blocks * BLOCK > MAX_HEADER_BYTES:
                raise MalformedImage("a sparse file's map never ends")
            more = self._source.read(BLOCK)[504:505] not in (b"\0", b"")


class LayerReader(TarReader):
    """A reader of a stream that has pieces of it at hand, so that it can read many members in one go."""

    def __init__(self, source: StreamSource) -> None:
        super().__init__(source)
        self._stream = source

    def ordinary(self) -> Iterator[Ordinary]:
        """The next members for as long as they are plain files and directories and lie whole in what was read already.

        Almost all members of a layer come this way, which takes a fifth of the time. It ends before whatever is
        unusual, damaged or not at hand yet: that is left to the iteration over members, which may be tried again after
        each of them. Nothing else may be read before it has ended.

        A header whose sum is off by exactly 65,521 passes; no bytes get another meaning by it.
        """
        at_hand = self._stream.at_hand(self._left + self._padding)
        if at_hand is None:
            return
        buffer, offset = at_hand
        end = len(buffer)
        view = memoryview(buffer)
        known_sums, known_owners = _expected_adler, _owner
        while (start := offset + BLOCK) <= end:
            header = buffer[offset:start]
            is_file = header[156] == _FILE_FLAG
            # A first byte of the prefix; an end that is none of the two which a plain size has.
            if not (is_file or header[156] == _DIRECTORY_FLAG) or header[345] or header[135] not in _BLANK:
                break
            digits = header[124:135]
            if not digits.isdigit() or adler32(header) & 0xFFFF != known_sums(header[148:156]):
                break
            size = int(digits, 8) if is_file else 0
            following = start + size + (-size % BLOCK)
            stop = header.find(b"\0", 0, 100)
            if following > end or not stop:
                break
            try:
                name = header[: 100 if stop < 0 else stop].decode()
            except UnicodeDecodeError:
                break
            offset = following
            yield name, is_file, known_owners(header[100:124]), view[start : start + size]
        self._left = self._padding = 0
        self._stream.go_to(offset)


def _check_names(name: bytes, link: bytes) -> None:
    """Raises MalformedImage for what no file system could hold."""
    if len(name) > MAX_NAME_BYTES or len(link) > MAX_NAME_BYTES:
        raise MalformedImage(f"a tar header holds a name of more than {MAX_NAME_BYTES:,} bytes")
    if b"\0" in name or b"\0" in link:
        raise MalformedImage("a tar header holds a name with a zero byte in it")


def _check_owner(uid: int, gid: int) -> None:
    """Raises MalformedImage for numbers that no file system could hold."""
    if not (0 <= uid <= MAX_OWNER and 0 <= gid <= MAX_OWNER):
        raise MalformedImage(f"a tar header claims {uid:,}:{gid:,} as an owner")


def _check_sum(header: bytes) -> None:
    stored = _number(header[148:156])
    # The lower half of an Adler-32 is one more than the sum of the bytes, modulo 65,521: half a header stays below.
    whole = (adler32(header[:256]) & 0xFFFF) + (adler32(header[256:]) & 0xFFFF) - 2
    summed = whole - sum(header[148:156]) + _BLANK_SUM
    if stored != summed and stored != summed - _SIGNED * sum(byte > 0x7F for byte in header):
        raise MalformedImage(f"a tar header's checksum is wrong: {_DAMAGED}")


@lru_cache(maxsize=1 << 13)
def _expected_adler(stored: bytes) -> int:
    """The lower half of the Adler-32 of a whole header whose checksum, as stored, is right; -1 if that is no number."""
    digits = stored.rstrip(_BLANK).lstrip(b" ")
    if not digits.isdigit():
        return -1
    try:
        return (1 + int(digits, 8) - _BLANK_SUM + sum(stored)) % _ADLER_MODULUS
    except ValueError:
        return -1


def _size(header: bytes) -> int:
    size = _number(header[124:136])
    if size < 0:
        raise MalformedImage(f"a tar header claims {size:,} bytes")
    return size


@lru_cache(maxsize=1 << 10)
def _owner(fields: bytes) -> tuple[int, int, int]:
    """Mode, user and group: a layer has few, again and again."""
    mode, uid, gid = _number(fields[:8]), _number(fields[8:16]), _number(fields[16:])
    _check_owner(uid, gid)
    return mode & 0o7777, uid, gid


def _short_name(header: bytes) -> bytes:
    end = header.find(b"\0", 0, 100)
    name = header[: 100 if end < 0 else end]
    # Only POSIX has a prefix; GNU keeps other things there.
    if header[345] and header[257:263] == b"ustar\0":
        return _text_field(header[345:500]) + b"/" + name
    return name


def _text_field(field: bytes) -> bytes:
    end = field.find(b"\0")
    return field if end < 0 else field[:end]


@lru_cache(maxsize=1 << 13)
def _number(field: bytes) -> int:
    """Octal text, or GNU's base-256 where the first bit is set."""
    digits = field.rstrip(_BLANK)
    try:
        # int() alone would take signs and underscores.
        if digits.isdigit():
            return int(digits, 8)
        if field[0] in (0x80, 0xFF):
            return int.from_bytes(field[1:], "big") - ((1 << (8 * (len(field) - 1))) if field[0] == 0xFF else 0)
        digits = digits.lstrip(_BLANK).split(b"\0", 1)[0]
        return int(digits if digits.isdigit() else b"", 8) if digits else 0
    except ValueError:
        raise MalformedImage(f"a tar header holds a number that is none: {_DAMAGED}") from None


def _decimal(records: Mapping[bytes, bytes], key: bytes, default: int) -> int:
    value = records.get(key)
    if value is None:
        return default
    if not value.isdigit() or len(value) > 20:
        raise MalformedImage("a pax header holds a number that is none: the archive is damaged")
    return int(value)


def _pax_records(data: bytes) -> dict[bytes, bytes]:
    """`LENGTH KEY=VALUE\\n`, one after the other. An empty value leaves the header's own in force."""
    records: dict[bytes, bytes] = {}
    position = 0
    while position < len(data) and data[position]:
        match = _PAX_RECORD.match(data, position)
        end = position + int(match[1]) if match else 0
        if match is None or not match.end() < end <= len(data):
            raise MalformedImage("a pax header is damaged")
        records[match[2]] = data[match.end() : end - 1]
        position = end
    return {key: value for key, value in records.items() if value}
