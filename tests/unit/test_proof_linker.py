"""A library's name finds the file that the loader would find."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.elf import ElfFile
from tests.support.filesystems import Node, link, programs_of
from weighbridge.core.proof.filesystem import FileSystem
from weighbridge.core.proof.linker import Linker, read_cache
from weighbridge.model.image import ImageConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

GLIBC, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
LIBRARY = ElfFile(soname="libx.so.1")
Tree = dict[str, Node | bytes | str | ElfFile]


def program(**fields: object) -> ElfFile:
    return ElfFile(**{"interpreter": GLIBC, "needed": ("libx.so.1",), "pie": True, **fields})  # type: ignore[arg-type]


def unmet(tree: Mapping[str, Node | bytes | str | ElfFile], *environment: str) -> list[tuple[str, str, str | None]]:
    """What app/p and its libraries ask for in vain: who, what, which version."""
    files = FileSystem(programs_of({GLIBC[1:]: ElfFile(soname="ld"), **tree}), ImageConfig(environment=environment))
    elf = files.elf("/app/p")
    assert elf is not None
    return [(each.by.path, each.library, each.version) for each in Linker(files).unmet(elf)]


def cache(**places: str) -> bytes:
    """An ld.so.cache as ldconfig writes it."""
    strings, rows = b"", b""
    start = 48 + 24 * len(places)
    for name, path in places.items():
        key = start + len(strings)
        strings += name.encode() + b"\0"
        rows += struct.pack("<iIIIQ", 0x0303, key, start + len(strings), 0, 0)
        strings += path.encode() + b"\0"
    return b"glibc-ld.so.cache1.1" + struct.pack("<II5I", len(places), len(strings), 0, 0, 0, 0, 0) + rows + strings


@pytest.mark.parametrize("folder", ["lib", "usr/lib", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib64"])
def test_the_loaders_own_folders_are_searched(folder: str) -> None:
    assert [] == unmet({"app/p": program(), f"{folder}/libx.so.1": LIBRARY})


def test_a_folder_of_ld_so_conf_counts_only_by_the_cache() -> None:
    tree: Tree = {"app/p": program(), "usr/local/lib/libx.so.1": LIBRARY, "etc/ld.so.conf.d/l.conf": "/usr/local/lib\n"}

    assert [("app/p", "libx.so.1", None)] == unmet(tree)
    assert [] == unmet({**tree, "etc/ld.so.cache": cache(**{"libx.so.1": "/usr/local/lib/libx.so.1"})})


def test_a_cache_entry_whose_file_is_gone_finds_nothing() -> None:
    tree: Tree = {"app/p": program(), "etc/ld.so.cache": cache(**{"libx.so.1": "/usr/local/lib/libx.so.1"})}

    assert [("app/p", "libx.so.1", None)] == unmet(tree)


def test_the_variable_is_searched() -> None:
    assert [] == unmet({"app/p": program(), "opt/libx.so.1": LIBRARY}, "LD_LIBRARY_PATH=/nowhere:/opt")


def test_a_runpath_is_relative_to_the_file_itself() -> None:
    tree: Tree = {"app/p": program(runpath="$ORIGIN/../opt/${LIB}"), "opt/lib/x86_64-linux-gnu/libx.so.1": LIBRARY}

    assert [] == unmet(tree)


def test_a_link_in_the_way_is_followed() -> None:
    tree: Tree = {"app/p": program(), "lib": link("usr/lib"), "usr/lib/libx.so.1": link("libx.so.1.2.3")}

    assert [("app/p", "libx.so.1", None)] == unmet(tree)
    assert [] == unmet({**tree, "usr/lib/libx.so.1.2.3": LIBRARY})


@pytest.mark.parametrize(("kind", "expected"), [("rpath", []), ("runpath", [("opt/libx.so.1", "liby.so.2", None)])])
def test_an_rpath_holds_for_the_libraries_libraries_and_a_runpath_does_not(
    kind: str, expected: list[tuple[str, str, str | None]]
) -> None:
    tree: Tree = {
        "app/p": program(**{kind: "/opt"}),
        "opt/libx.so.1": ElfFile(soname="libx.so.1", needed=("liby.so.2",)),
        "opt/liby.so.2": ElfFile(soname="liby.so.2"),
    }

    assert expected == unmet(tree)


def test_a_library_for_another_machine_is_passed_over() -> None:
    foreign = ElfFile(soname="libx.so.1", machine=183)

    assert [("app/p", "libx.so.1", None)] == unmet({"app/p": program(), "lib/libx.so.1": foreign})
    assert [] == unmet({"app/p": program(), "lib/libx.so.1": foreign, "usr/lib/libx.so.1": LIBRARY})


def test_a_symbol_version_must_be_there() -> None:
    asking = program(needed=("libc.so.6",), versions=(("libc.so.6", "GLIBC_2.34"), ("libc.so.6", "GLIBC_2.2.5")))
    old = ElfFile(soname="libc.so.6", provides=("GLIBC_2.2.5", "GLIBC_2.31"))
    new = ElfFile(soname="libc.so.6", provides=("GLIBC_2.2.5", "GLIBC_2.31", "GLIBC_2.34"))

    assert [("app/p", "libc.so.6", "GLIBC_2.34")] == unmet({"app/p": asking, "lib/libc.so.6": old})
    assert [] == unmet({"app/p": asking, "lib/libc.so.6": new})


def test_a_library_without_versions_is_taken_as_it_is() -> None:
    asking = program(versions=(("libx.so.1", "X_1"),))

    assert [] == unmet({"app/p": asking, "lib/libx.so.1": LIBRARY})


def test_musl_has_its_own_folders_and_takes_the_c_librarys_names_for_itself() -> None:
    asking = program(interpreter=MUSL, needed=("libc.musl-x86_64.so.1", "libpthread.so.0", "libx.so.1"))
    tree: Tree = {"app/p": asking, MUSL[1:]: ElfFile(soname="libc.musl-x86_64.so.1")}

    assert [("app/p", "libx.so.1", None)] == unmet(tree)
    assert [] == unmet({**tree, "usr/local/lib/libx.so.1": LIBRARY})
    assert [("app/p", "libx.so.1", None)] == unmet(
        {**tree, "usr/local/lib/libx.so.1": LIBRARY, "etc/ld-musl-x86_64.path": "/lib\n/usr/lib\n"}
    )


def test_libraries_that_need_each_other_end() -> None:
    tree: Tree = {
        "app/p": program(),
        "lib/libx.so.1": ElfFile(soname="libx.so.1", needed=("liby.so.2",)),
        "lib/liby.so.2": ElfFile(soname="liby.so.2", needed=("libx.so.1",)),
    }

    assert [] == unmet(tree)


def test_links_that_turn_in_circles_end() -> None:
    assert [("app/p", "libx.so.1", None)] == unmet({"app/p": program(), "lib/libx.so.1": link("libx.so.1")})


@given(st.binary(max_size=200))
def test_a_damaged_cache_is_an_empty_one_or_names_little(data: bytes) -> None:
    assert len(read_cache(b"glibc-ld.so.cache1.1" + data)) < 20
