"""ELF files are read as pyelftools reads them, and a damaged one is simply none."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection
from elftools.elf.segments import InterpSegment
from hypothesis import given
from hypothesis import strategies as st

from tests.support.elf import ElfFile
from weighbridge.model.programs import Elf, GoBuild, Mention
from weighbridge.reading.elf import MAGIC, Content, read_elf

if TYPE_CHECKING:
    from collections.abc import Iterator

GLIBC = "/lib64/ld-linux-x86-64.so.2"


def read(data: bytes) -> Elf | None:
    return read_elf("app/program", Content(len(data), data))


def elf(file: ElfFile) -> Elf:
    found = read(bytes(file))
    assert found is not None
    return found


def test_a_dynamic_program() -> None:
    found = elf(
        ElfFile(
            interpreter=GLIBC,
            needed=("libz.so.1", "libc.so.6"),
            runpath="$ORIGIN/../lib:/opt/lib",
            pie=True,
            versions=(("libc.so.6", "GLIBC_2.34"), ("libc.so.6", "GLIBC_2.2.5"), ("libz.so.1", "ZLIB_1.2")),
        )
    )

    assert (True, GLIBC, ("libz.so.1", "libc.so.6")) == (found.executable, found.interpreter, found.needed)
    assert (("$ORIGIN/../lib", "/opt/lib"), False) == (found.search, found.inherited_search)
    assert (("libc.so.6", "GLIBC_2.34"), ("libc.so.6", "GLIBC_2.2.5"), ("libz.so.1", "ZLIB_1.2")) == found.versions
    assert ("EM_X86_64", 64, False, True) == (found.machine, found.bits, found.static, found.stripped)


def test_a_library_is_no_program_even_where_it_can_be_started() -> None:
    found = elf(ElfFile(soname="libc.so.6", interpreter=GLIBC, provides=("GLIBC_2.2.5", "GLIBC_2.34")))

    assert (False, "libc.so.6", ("GLIBC_2.2.5", "GLIBC_2.34")) == (found.executable, found.soname, found.provides)


def test_an_rpath_holds_for_the_libraries_of_its_libraries_too() -> None:
    found = elf(ElfFile(soname="libx.so", rpath="/opt/x"))

    assert (("/opt/x",), True) == (found.search, found.inherited_search)


def test_a_static_program_with_symbols() -> None:
    found = elf(ElfFile(symbols=2400))

    assert (True, False, 2400) == (found.static, found.stripped, found.debug_bytes)


@pytest.mark.parametrize("enabled", [True, False])
def test_go_says_whether_it_was_built_with_cgo(enabled: bool) -> None:
    details = f"path\texample.org/httpd\nmod\texample.org/httpd\t(devel)\t\nbuild\tCGO_ENABLED={enabled:d}\n".encode()
    text = bytes(range(16)) + details + bytes(range(16))
    version = b"go1.22.12"
    header = b"\xff Go buildinf:" + bytes([8, 2]) + bytes(16)
    length = bytes([len(text) & 0x7F | 0x80, len(text) >> 7])
    found = elf(ElfFile(go=header + bytes([len(version)]) + version + length + text, extra=b"x time.LoadLocation x"))

    assert GoBuild(version="go1.22.12", module="example.org/httpd", cgo=enabled) == found.go
    assert {Mention.TIME_ZONES} == found.mentions


def test_a_program_that_names_certificates() -> None:
    assert {Mention.CERTIFICATES} == elf(ElfFile(extra=b"/etc/ssl/certs/ca-certificates.crt")).mentions


def test_what_is_no_program_or_library_is_none() -> None:
    relocatable = bytearray(bytes(ElfFile()))
    relocatable[16:18] = struct.pack("<H", 1)

    assert [None] * 4 == [read(data) for data in (b"", MAGIC, b"#!/bin/sh\n", bytes(relocatable))]


def test_the_middle_of_a_huge_file_may_be_missing() -> None:
    whole = bytes(ElfFile(interpreter=GLIBC, needed=("libc.so.6",), pie=True, symbols=240))
    held = Content(len(whole) + 1000, whole[:900], bytes(10))
    found = read_elf("x", held)

    assert (GLIBC, ("libc.so.6",)) == ((found.interpreter, found.needed) if found else None)


def real_files() -> Iterator[Path]:
    """The interpreter that runs this, and the compiled modules around it."""
    yield Path(sys.executable).resolve()
    for folder in sys.path:
        yield from (
            sorted(Path(folder).glob("**/*.so"))[:40] if folder.endswith(("site-packages", "lib-dynload")) else []
        )


def _named(tag: object, attribute: str) -> str:
    """pyelftools sets these attributes when it runs."""
    return str(getattr(tag, attribute))


def by_pyelftools(data: bytes) -> tuple[object, ...]:
    """What another reader says of the same file."""
    file = ELFFile(io.BytesIO(data))
    interpreters = [part.get_interp_name() for part in file.iter_segments() if isinstance(part, InterpSegment)]
    dynamic = file.get_section_by_name(".dynamic")
    tags = list(dynamic.iter_tags()) if isinstance(dynamic, DynamicSection) else []
    needs, offers = file.get_section_by_name(".gnu.version_r"), file.get_section_by_name(".gnu.version_d")
    return (
        file["e_machine"],
        file.elfclass,
        interpreters[0] if interpreters else None,
        tuple(_named(tag, "needed") for tag in tags if tag.entry.d_tag == "DT_NEEDED"),
        next((_named(tag, "soname") for tag in tags if tag.entry.d_tag == "DT_SONAME"), None),
        tuple(
            (version.name, aux.name)
            for version, auxes in (needs.iter_versions() if isinstance(needs, GNUVerNeedSection) else ())
            for aux in auxes
            if not aux["vna_flags"] & 2
        ),
        tuple(
            next(auxes).name
            for version, auxes in (offers.iter_versions() if isinstance(offers, GNUVerDefSection) else ())
            if not version["vd_flags"] & 1
        ),
        file.get_section_by_name(".symtab") is None,
    )


def test_real_files_read_as_another_reader_reads_them() -> None:
    seen = 0
    for path in real_files():
        data = path.read_bytes()
        if not data.startswith(MAGIC):
            continue
        found = read_elf(path.name, Content(len(data), data))
        assert found is not None
        assert by_pyelftools(data) == (
            found.machine,
            found.bits,
            found.interpreter,
            found.needed,
            found.soname,
            found.versions,
            found.provides,
            found.stripped,
        ), path
        seen += 1
    assert seen > 10


SAMPLE = bytes(
    ElfFile(
        interpreter=GLIBC,
        needed=("libc.so.6",),
        soname="libx.so.1",
        rpath="/a",
        versions=(("libc.so.6", "GLIBC_2.34"),),
        provides=("X_1",),
        symbols=48,
        go=b"\xff Go buildinf:" + bytes([8, 0]) + bytes(16) + bytes(40),
    )
)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SAMPLE) - 1),
            st.sampled_from([b"\xff", b"\0", b"\x80\0\0\0", b"\xff" * 8, b"\x01", b"\x7f\xff\xff\xff"]),
        ),
        max_size=12,
    ),
    st.integers(0, len(SAMPLE)),
)
def test_a_damaged_file_never_crashes(changes: list[tuple[int, bytes]], end: int) -> None:
    data = bytearray(SAMPLE)
    for position, value in changes:
        data[position : position + len(value)] = value
    found = read(bytes(data[:end]))

    assert found is None or (len(found.needed) <= 8192 and len(found.versions) <= 8192)


@given(st.binary(max_size=400))
def test_any_bytes_behind_the_magic_never_crash(data: bytes) -> None:
    found = read(MAGIC + data)

    assert found is None or found.path == "app/program"
