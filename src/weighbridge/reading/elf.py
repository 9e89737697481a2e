"""ELF files, as far as starting them is concerned. System V ABI (gABI) and the GNU symbol versions of the LSB.

Own code, since an image holds thousands of them and each may be hostile: every offset and count is checked against the
bytes there are, and one file takes a fraction of a millisecond. The tests hold it to pyelftools.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.model.programs import Elf, GoBuild, Mention
from weighbridge.reading.gobuild import go_build

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAGIC = b"\x7fELF"

_MAX_SEGMENTS = 512
_MAX_SECTIONS = 16_384
_MAX_DYNAMIC = 8_192
_MAX_VERSIONS = 4_096
_MAX_TEXT_BYTES = 4_096
_MAX_GO_BYTES = 1 << 20

_MACHINES = {
    3: "EM_386",
    8: "EM_MIPS",
    20: "EM_PPC",
    21: "EM_PPC64",
    22: "EM_S390",
    40: "EM_ARM",
    62: "EM_X86_64",
    183: "EM_AARCH64",
    243: "EM_RISCV",
    258: "EM_LOONGARCH",
}
_EXECUTABLE, _SHARED = 2, 3
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_WRITABLE = 2
_NOBITS = 8
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 1, 5, 10, 14, 15, 29
_FLAGS_1, _VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = 0x6FFFFFFB, 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_PIE = 0x08000000
_BASE_VERSION, _WEAK = 1, 2

# Nothing runs worse without these sections: they are what `strip` takes away.
_STRIPPABLE = (".debug_", ".zdebug_", ".symtab", ".strtab", ".stab", ".gnu_debuglink", ".comment")

# /etc/ssl/certs, /usr/lib/ssl/certs, /etc/ssl/cert.pem: OpenSSL, GnuTLS, Go's crypto/x509 and rustls all name one.
_CERTIFICATES = b"ssl/cert"
# Names of functions, which stay in a Go program also when it is stripped, and only if they can be called.
_GO_MENTIONS = {
    Mention.TIME_ZONES: (b"time.LoadLocation",),
    Mention.OWN_TIME_ZONES: (b"time/tzdata",),
    Mention.TEMPORARY_FILES: (b"os.CreateTemp", b"os.MkdirTemp", b"os.TempDir"),
    Mention.PROGRAMS: (b"os/exec.(*Cmd).Start",),
}
# `package._Cfunc_name`: what cgo makes of each C function that Go code calls. These packages do without.
_CGO_FUNCTIONS = (b"._Cfunc_", b"._C2func_")
_GO_PACKAGE = re.compile(rb"[\w./%-]{1,200}\Z")
_MAX_CGO_FUNCTIONS = 20_000
_GO_WITHOUT_C = frozenset({b"net", b"os/user", b"runtime/cgo", b"_cgo", b"plugin"})


class Content:
    """The bytes of one file: all of them, or its start and its end where it is too large to be held."""

    def __init__(self, size: int, head: bytes, tail: bytes = b"") -> None:
        self.size = size
        self._head = head
        self._tail = tail
        self._tail_start = size - len(tail)

    def at(self, offset: int, count: int) -> bytes:
        """The bytes there, fewer or none where the file ends or what is asked for is not held."""
        if offset < 0 or count <= 0:
            return b""
        if offset < len(self._head):
            return self._head[offset : offset + count]
        start = offset - self._tail_start
        return self._tail[start : start + count] if start >= 0 else b""

    def holds(self, text: bytes) -> bool:
        """Whether the text occurs in what is held."""
        return text in self._head or text in self._tail

    def packages_before(self, mark: bytes) -> Iterator[bytes]:
        """The Go packages whose names stand right before a mark."""
        at = self._head.find(mark)
        for _ in range(_MAX_CGO_FUNCTIONS):
            if at < 0:
                return
            found = _GO_PACKAGE.search(self._head, max(0, at - 200), at)
            if found is not None:
                yield found[0]
            at = self._head.find(mark, at + 1)


class _Segment(NamedTuple):
    kind: int
    flags: int
    offset: int
    address: int
    size: int


class _Section(NamedTuple):
    name: str
    kind: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    bits: int
    order: str
    kind: int
    machine: int
    segments: tuple[int, int, int]
    sections: tuple[int, int, int]
    section_names: int

    def unpack(self, layout: str, data: bytes) -> tuple[int, ...]:
        return struct.unpack_from(self.order + layout, data)


def read_elf(path: str, content: Content) -> Elf | None:
    """The program or shared library, None for anything else: object files, split debug files, damaged ones."""
    try:
        return _read(path, content)
    except (struct.error, ValueError):
        return None


def _read(path: str, content: Content) -> Elf | None:
    header = _header(content.at(0, 64))
    if header is None or header.kind not in (_EXECUTABLE, _SHARED):
        return None
    segments = tuple(_segments(header, content))
    sections = tuple(_sections(header, content))
    if any(section.kind == _NOBITS and section.name in (".interp", ".dynamic", ".dynstr") for section in sections):
        return None
    dynamic = _Dynamic(header, content, segments)
    interpreter = _interpreter(content, segments)
    soname = dynamic.text(_SONAME)
    # The C library and the loader can be started as well, for what they print; they are libraries all the same.
    pie = bool(dynamic.first(_FLAGS_1) & _PIE) or (interpreter is not None and soname is None)
    debug = [section for section in sections if section.name.startswith(_STRIPPABLE) and section.kind != _NOBITS]
    go = _go(header, content, segments, sections)
    return Elf(
        path=path,
        size=content.size,
        machine=_MACHINES.get(header.machine, f"EM_{header.machine}"),
        bits=header.bits,
        executable=header.kind == _EXECUTABLE or pie,
        interpreter=interpreter,
        needed=tuple(dynamic.texts(_NEEDED)),
        search=_directories(dynamic.text(_RUNPATH) or dynamic.text(_RPATH)),
        inherited_search=dynamic.text(_RUNPATH) is None and dynamic.text(_RPATH) is not None,
        soname=soname,
        versions=tuple(dynamic.versions()),
        provides=tuple(dynamic.definitions()),
        stripped=not any(section.name == ".symtab" for section in sections),
        debug_bytes=sum(section.size for section in debug if section.size <= content.size),
        go=go,
        mentions=frozenset(_mentions(content, is_go=go is not None)),
    )


def _header(data: bytes) -> _Header | None:
    if len(data) < 52 or not data.startswith(MAGIC) or data[4] not in (1, 2) or data[5] not in (1, 2):
        return None
    bits, order = (64 if data[4] == 2 else 32), ("<" if data[5] == 1 else ">")
    word = "Q" if bits == 64 else "I"
    kind, machine, _, _, at_segments, at_sections, _, _, segment_size, segments, section_size, sections, names = (
        struct.unpack_from(f"{order}HHI{word}{word}{word}I6H", data, 16)
    )
    return _Header(
        bits=bits,
        order=order,
        kind=kind,
        machine=machine,
        segments=(at_segments, segment_size, min(segments, _MAX_SEGMENTS)),
        sections=(at_sections, section_size, min(sections, _MAX_SECTIONS)),
        section_names=names,
    )


def _rows(content: Content, table: tuple[int, int, int], row_bytes: int) -> Iterator[bytes]:
    """The rows of a table of headers; a row may be longer than what is known of it, never shorter."""
    start, size, count = table
    if size < row_bytes:
        return
    data = content.at(start, size * count)
    for offset in range(0, len(data) - row_bytes + 1, size):
        yield data[offset : offset + row_bytes]


def _segments(header: _Header, content: Content) -> Iterator[_Segment]:
    if header.bits == 64:
        for row in _rows(content, header.segments, 56):
            kind, flags, offset, address, _, size, _, _ = header.unpack("IIQQQQQQ", row)
            yield _Segment(kind, flags, offset, address, size)
        return
    for row in _rows(content, header.segments, 32):
        kind, offset, address, _, size, _, flags, _ = header.unpack("IIIIIIII", row)
        yield _Segment(kind, flags, offset, address, size)


def _sections(header: _Header, content: Content) -> Iterator[_Section]:
    layout, row_bytes = ("IIQQQQIIQQ", 64) if header.bits == 64 else ("IIIIIIIIII", 40)
    rows = [header.unpack(layout, row) for row in _rows(content, header.sections, row_bytes)]
    names = b""
    if header.section_names < len(rows):
        names = content.at(rows[header.section_names][4], min(rows[header.section_names][5], _MAX_SECTIONS * 64))
    for row in rows:
        yield _Section(_text(names, row[0]), row[1], row[4], row[5])


def _interpreter(content: Content, segments: tuple[_Segment, ...]) -> str | None:
    for segment in segments:
        if segment.kind == _INTERP:
            return _text(content.at(segment.offset, min(segment.size, _MAX_TEXT_BYTES)), 0) or None
    return None


class _Dynamic:
    """The dynamic section with the strings and symbol versions that it points to."""

    def __init__(self, header: _Header, content: Content, segments: tuple[_Segment, ...]) -> None:
        self._header = header
        self._content = content
        self._loads = [segment for segment in segments if segment.kind == _LOAD]
        self._values: Mapping[int, list[int]] = self._entries(segments)
        strings = self._offset(self.first(_STRTAB))
        self._strings = -1 if strings is None else strings
        self._strings_size = self.first(_STRSZ)

    def _entries(self, segments: tuple[_Segment, ...]) -> Mapping[int, list[int]]:
        values: dict[int, list[int]] = {}
        size = 16 if self._header.bits == 64 else 8
        layout = self._header.order + ("QQ" if size == 16 else "II")
        for segment in segments:
            if segment.kind == _DYNAMIC:
                data = self._content.at(segment.offset, min(segment.size, _MAX_DYNAMIC * size))
                for tag, value in struct.iter_unpack(layout, data[: len(data) // size * size]):
                    if tag == 0:
                        break
                    values.setdefault(tag, []).append(value)
                break
        return values

    def _offset(self, address: int) -> int | None:
        """Where in the file an address is loaded from."""
        for load in self._loads:
            if load.address <= address < load.address + load.size:
                return address - load.address + load.offset
        return None

    def first(self, tag: int) -> int:
        """The tag's value, zero where there is none."""
        return self._values.get(tag, [0])[0]

    def _string(self, index: int) -> str:
        if self._strings < 0 or not 0 <= index < self._strings_size:
            return ""
        return _text(self._content.at(self._strings + index, min(self._strings_size - index, _MAX_TEXT_BYTES)), 0)

    def text(self, tag: int) -> str | None:
        """The string that the tag names."""
        return (self._string(self._values[tag][0]) or None) if tag in self._values else None

    def texts(self, tag: int) -> Iterator[str]:
        """The strings of a tag that may stand several times."""
        for index in self._values.get(tag, ()):
            if name := self._string(index):
                yield name

    def versions(self) -> Iterator[tuple[str, str]]:
        """What is asked of libraries; a weak one may be missing."""
        budget = _MAX_VERSIONS
        for row, start in self._chain(self._offset(self.first(_VERNEED)), self.first(_VERNEEDNUM), "HHIII"):
            _, count, file, first, _ = row
            library = self._string(file)
            for aux, _ in self._chain(start + first, min(count, budget), "IHHII"):
                budget -= 1
                if not aux[1] & _WEAK and (name := self._string(aux[3])):
                    yield library, name

    def definitions(self) -> Iterator[str]:
        """What is offered to others; the first definition is the library's own name."""
        for row, start in self._chain(self._offset(self.first(_VERDEF)), self.first(_VERDEFNUM), "HHHHIII"):
            _, flags, _, _, _, first, _ = row
            if flags & _BASE_VERSION:
                continue
            for aux, _ in self._chain(start + first, 1, "II"):
                if name := self._string(aux[0]):
                    yield name

    def _chain(self, start: int | None, count: int, layout: str) -> Iterator[tuple[tuple[int, ...], int]]:
        """Records that each tell, in their last field, how far away the next one is."""
        size = struct.calcsize("=" + layout)
        for _ in range(min(count, _MAX_VERSIONS)):
            data = b"" if start is None else self._content.at(start, size)
            if start is None or len(data) < size:
                return
            row = self._header.unpack(layout, data)
            yield row, start
            if row[-1] == 0:
                return
            start += row[-1]


def _go(
    header: _Header, content: Content, segments: tuple[_Segment, ...], sections: tuple[_Section, ...]
) -> GoBuild | None:
    places = [(section.offset, section.size) for section in sections if section.name == ".go.buildinfo"]
    # A stripped program may lack its sections; then it stands near the start of what can be written.
    places = places or [(load.offset, load.size) for load in segments if load.kind == _LOAD and load.flags & _WRITABLE]
    loads = [segment for segment in segments if segment.kind == _LOAD]

    def bytes_at(address: int, count: int) -> bytes:
        for load in loads:
            if load.address <= address < load.address + load.size:
                return content.at(address - load.address + load.offset, min(count, _MAX_GO_BYTES))
        return b""

    def pointed(address: int, wide: bool) -> bytes:
        where, length = header.unpack("QQ" if wide else "II", bytes_at(address, 16 if wide else 8))
        return bytes_at(where, length)

    for offset, size in places[:1]:
        return go_build(content.at(offset, min(size, _MAX_GO_BYTES)), pointed)
    return None


def _mentions(content: Content, *, is_go: bool) -> Iterator[Mention]:
    if content.holds(_CERTIFICATES):
        yield Mention.CERTIFICATES
    for mention, texts in _GO_MENTIONS.items() if is_go else ():
        if any(map(content.holds, texts)):
            yield mention
    if is_go and any(name not in _GO_WITHOUT_C for mark in _CGO_FUNCTIONS for name in content.packages_before(mark)):
        yield Mention.FOREIGN_CODE


def _directories(value: str | None) -> tuple[str, ...]:
    return tuple(part for part in (value or "").split(":") if part)


def _text(data: bytes, offset: int) -> str:
    end = data.find(b"\0", offset)
    return data[offset : len(data) if end < 0 else end].decode("utf-8", "surrogateescape")
