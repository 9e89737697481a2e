"""A language that was carried to another image closes there: what moved, was stripped or was copied is known again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.elf import ElfFile
from tests.support.filesystems import Node, link, programs_of
from weighbridge.core.proof.closure import Side, find_gaps
from weighbridge.model.image import ImageConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Node | bytes | str | ElfFile]

LOADER = "/lib64/ld-linux-x86-64.so.2"
LIBC = ElfFile(soname="libc.so.6", provides=("GLIBC_2.34",))
PROGRAM = ElfFile(interpreter=LOADER, needed=("libc.so.6",), pie=True)
GLIBC: Tree = {
    "lib64/ld-linux-x86-64.so.2": ElfFile(),
    "lib/x86_64-linux-gnu/libc.so.6": LIBC,
    "tmp": Node(mode=0o1777),
    "app/run": PROGRAM,
}
JDK, JRE = "usr/lib/jvm/java-17-openjdk-amd64/lib", "opt/java/lib"


def gaps(original: Mapping[str, Node | bytes | str | ElfFile], candidate: Tree) -> list[str]:
    config = ImageConfig(command=("/app/run",))
    sides = (Side(programs=programs_of({**GLIBC, **tree}), config=config) for tree in (original, candidate))
    return [gap.text for gap in find_gaps(*sides)]


def test_a_library_that_moved_and_was_stripped_is_none_the_worse() -> None:
    before = ElfFile(soname="libawt.so", needed=("libjvm.so", "libc.so.6"), symbols=5)
    jvm = ElfFile(soname="libjvm.so", needed=("libc.so.6",))
    original: Tree = {f"{JDK}/libawt.so": before, f"{JDK}/server/libjvm.so": jvm}
    moved: Tree = {f"{JRE}/libawt.so": replace(before, symbols=0), f"{JRE}/server/libjvm.so": jvm}

    assert [] == gaps(original, moved)
    assert gaps(original, {f"{JRE}/libother.so": replace(before, needed=("libjvm.so",)), **moved})


def test_a_runtime_may_lack_what_it_would_draw_by_where_the_original_has_none_either() -> None:
    toolkit: Tree = {f"{JRE}/libawt_xawt.so": ElfFile(soname="libawt_xawt.so", needed=("libXext.so.6", "libc.so.6"))}

    assert [] == gaps({}, toolkit)
    assert gaps({"usr/lib/libXext.so.6": ElfFile(soname="libXext.so.6"), **toolkit}, toolkit)


def test_a_copied_interpreter_is_of_the_version_that_lies_beside_it() -> None:
    venv: Tree = {"opt/v/pyvenv.cfg": "home = /usr/local/bin\n", "opt/v/bin/python": link("/usr/local/bin/python")}
    original: Tree = {**venv, "usr/local/bin/python3.11": PROGRAM, "usr/local/bin/python": link("python3.11")}

    assert [] == gaps(original, {**venv, "usr/local/bin/python3.11": PROGRAM, "usr/local/bin/python": PROGRAM})
    other = replace(PROGRAM, symbols=9)
    assert gaps(original, {**venv, "usr/local/bin/python3.11": PROGRAM, "usr/local/bin/python": other})


def test_scripts_of_pythons_own_library_need_no_shell_and_those_of_packages_do() -> None:
    library = "usr/local/lib/python3.11"
    for path, said in ((f"{library}/config-3.11/install-sh", False), (f"{library}/site-packages/x/start", True)):
        script: Tree = {path: "#!/bin/sh\n"}
        assert said == bool(gaps({**script, "bin/sh": PROGRAM}, script))
