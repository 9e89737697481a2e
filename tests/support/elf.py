"""Small ELF files, byte by byte, for tests: nothing is compiled."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER_BYTES, _SEGMENT_BYTES, _SECTION_BYTES = 64, 56, 64
_X86_64 = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfFile:
    """A 64-bit little-endian ELF file; `bytes()` of it is the file. Fields mean what they mean in model.programs.Elf.

    `pie` False and `soname` None make an ET_EXEC program; `symbols` adds a symbol table of that many bytes.
    """

    interpreter: str | None = None
    needed: tuple[str, ...] = ()
    runpath: str | None = None
    rpath: str | None = None
    soname: str | None = None
    pie: bool = False
    versions: tuple[tuple[str, str], ...] = ()
    provides: tuple[str, ...] = ()
    machine: int = _X86_64
    symbols: int = 0
    go: bytes = b""
    extra: bytes = b""

    def __bytes__(self) -> bytes:
        return _Writer(self).file()


class _Writer:
    def __init__(self, elf: ElfFile) -> None:
        self._elf = elf
        self._strings = bytearray(b"\0")

    def _string(self, text: str) -> int:
        position = len(self._strings)
        self._strings += text.encode() + b"\0"
        return position

    def file(self) -> bytes:
        elf = self._elf
        tags: list[tuple[int, int]] = [(1, self._string(name)) for name in elf.needed]
        for tag, text in ((14, elf.soname), (29, elf.runpath), (15, elf.rpath)):
            if text is not None:
                tags.append((tag, self._string(text)))
        if elf.pie:
            tags.append((0x6FFFFFFB, 0x08000000))
        needs, offers = self._needs(), self._offers()
        interpreter = elf.interpreter.encode() + b"\0" if elf.interpreter is not None else b""
        body = _HEADER_BYTES + 4 * _SEGMENT_BYTES
        places, content = {}, bytearray()
        for name, data in (
            ("interp", interpreter), ("strings", bytes(self._strings)), ("needs", needs), ("offers", offers),
            ("go", elf.go), ("extra", elf.extra),
        ):  # fmt: skip
            content += bytes(-(body + len(content)) % 16)
            places[name] = body + len(content)
            content += data
        tags += [(5, places["strings"]), (10, len(self._strings))]
        if needs:
            tags += [(0x6FFFFFFE, places["needs"]), (0x6FFFFFFF, len({library for library, _ in elf.versions}))]
        if offers:
            tags += [(0x6FFFFFFC, places["offers"]), (0x6FFFFFFD, 1 + len(elf.provides))]
        content += bytes(-(body + len(content)) % 16)
        dynamic_at = body + len(content)
        dynamic = b"".join(struct.pack("<qQ", *tag) for tag in [*tags, (0, 0)])
        is_dynamic = bool(elf.needed or elf.soname or elf.interpreter or elf.pie)
        content += dynamic
        sections, names_at = self._sections(dynamic_at + len(dynamic), places["go"])
        size = dynamic_at + len(dynamic) + len(sections)
        segments = [_segment(1, 6, 0, size)]
        if interpreter:
            segments.append(_segment(3, 4, places["interp"], len(interpreter)))
        if is_dynamic:
            segments.append(_segment(2, 6, dynamic_at, len(dynamic)))
        table = b"".join(segments).ljust(4 * _SEGMENT_BYTES, b"\0")
        header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
            "<HHIQQQIHHHHHH", 3 if elf.pie or elf.soname else 2, elf.machine, 1, 0, _HEADER_BYTES,
            names_at and size - len(sections) + names_at, 0, _HEADER_BYTES, _SEGMENT_BYTES, len(segments),
            _SECTION_BYTES, 4 if names_at else 0, 1 if names_at else 0,
        )  # fmt: skip
        return header + table + bytes(content) + sections

    def _needs(self) -> bytes:
        libraries: dict[str, list[str]] = {}
        for library, version in self._elf.versions:
            libraries.setdefault(library, []).append(version)
        parts = []
        for number, (library, versions) in enumerate(libraries.items(), 1):
            size = 16 + 16 * len(versions)
            parts.append(
                struct.pack(
                    "<HHIII", 1, len(versions), self._string(library), 16, 0 if number == len(libraries) else size
                )
            )
            for index, version in enumerate(versions, 1):
                parts.append(struct.pack("<IHHII", 0, 0, 2, self._string(version), 0 if index == len(versions) else 16))
        return b"".join(parts)

    def _offers(self) -> bytes:
        if not self._elf.provides:
            return b""
        names = [self._elf.soname or "", *self._elf.provides]
        return b"".join(
            struct.pack("<HHHHIII", 1, index == 0, index + 1, 1, 0, 20, 0 if index == len(names) - 1 else 28)
            + struct.pack("<II", self._string(name), 0)
            for index, name in enumerate(names)
        )

    def _sections(self, start: int, go_at: int) -> tuple[bytes, int]:
        """The names, the symbols and the headers of sections; and where the headers start."""
        if not (self._elf.symbols or self._elf.go):
            return b"", 0
        names = b"\0.shstrtab\0.symtab\0.go.buildinfo\0"
        symbols = bytes(self._elf.symbols)
        data = names + symbols
        data += bytes(-(start + len(data)) % 16)
        rows = [
            _section(0, 0, 0, 0),
            _section(names.index(b".shstrtab"), 3, start, len(names)),
            _section(names.index(b".symtab"), 2 if symbols else 0, start + len(names), len(symbols)),
            _section(names.index(b".go.buildinfo"), 1, go_at, len(self._elf.go)),
        ]
        if not symbols:
            rows[2] = _section(0, 0, 0, 0)
        return data + b"".join(rows), len(data)


def _segment(kind: int, flags: int, offset: int, size: int) -> bytes:
    return struct.pack("<IIQQQQQQ", kind, flags, offset, offset, offset, size, size, 16)


def _section(name: int, kind: int, offset: int, size: int) -> bytes:
    return struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, size, 0, 0, 1, 24 if kind == 2 else 0)
