"""What strace says is read as it is meant, and what of it a candidate lacks is told; nothing else is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.elf import ElfFile
from tests.support.filesystems import programs_of
from weighbridge.core.proof.closure import Side
from weighbridge.core.proof.opened import check_opened, read_trace
from weighbridge.model.behaviour import Opened
from weighbridge.model.fix import GapKind, Outcome
from weighbridge.model.image import ImageConfig

if TYPE_CHECKING:
    from tests.support.filesystems import Node

LOG = rb"""
7     execve("/usr/bin/app", ["app"], 0x7ffcb1eccf18 /* 5 vars */) = 0
7     openat(AT_FDCWD</srv>, "../lib/libm.so.6", O_RDONLY|O_CLOEXEC) = 3</usr/lib/libm.so.6>
7     openat(AT_FDCWD</srv>, "prices \303\251\n", O_RDONLY <unfinished ...>
8     execve("/bin/sh", ["sh", "-c", "a \"b\" = 0"], 0x56 /* 6 vars */ <unfinished ...>
7     <... openat resumed>) = 4</srv/prices \303\251\n>
8     <... execve resumed>) = 0
8     openat(AT_FDCWD</>, "/srv/log", O_WRONLY|O_CREAT|O_APPEND, 0666) = 3</srv/log>
8     openat(AT_FDCWD</>, "/gone", O_RDONLY) = 3</gone>(deleted)
8     openat(AT_FDCWD</>, "/none", O_RDONLY) = -1 ENOENT (No such file or directory)
8     open("/etc/x", O_RDONLY) = 5</etc/x>
8     openat(AT_FDCWD</>, "/dev/null", O_RDONLY) = 3</dev/null<char 1:3>>
8     +++ exited with 0 +++
9     openat(AT_FDCWD</>, "/cut
"""


def test_what_strace_says_is_read_as_it_is_meant() -> None:
    opened = read_trace(LOG)

    assert ("/usr/lib/libm.so.6", "/srv/prices é\n", "/etc/x") == tuple(
        path for path in opened.files if not path.startswith("/dev/")
    )
    assert ("/usr/bin/app", "/bin/sh") == opened.programs


@pytest.mark.parametrize(
    "log", [b"", b"\xff\xfe", b"7 openat(" * 100_000, b"7 <... openat resumed>) = 3</a>", b"7 " * 9]
)
def test_what_is_no_trace_tells_nothing(log: bytes) -> None:
    assert () == read_trace(log).programs


APP = ElfFile(interpreter="/lib/ld.so", needed=("libm.so.6",), pie=True)
FILES: dict[str, str | ElfFile] = {
    "usr/bin/app": APP,
    "usr/bin/env": APP,
    "lib/ld.so": ElfFile(),
    "lib/libm.so.6": ElfFile(soname="libm.so.6"),
    "usr/lib/libmagic.so.1.0.0": ElfFile(soname="libmagic.so.1"),
    "usr/lib/libnss_files.so.2": ElfFile(soname="libnss_files.so.2"),
    "etc/ld.so.cache": "x",
    "etc/mime.types": "text/html html",
    "srv/prices": "1",
    "srv/unread": "2",
}
SEEN = Opened(
    files=(
        "/lib/libm.so.6", "/usr/lib/libmagic.so.1.0.0", "/usr/lib/libnss_files.so.2", "/etc/ld.so.cache",
        "/etc/mime.types", "/srv/prices", "/srv/made", "/proc/self/maps", "/srv",
    ),
    programs=("/usr/bin/app", "/usr/bin/env", "/srv/made"),
)  # fmt: skip


def side(*without: str, more: dict[str, ElfFile] | None = None) -> Side:
    files: dict[str, Node | bytes | str | ElfFile] = {**FILES, **(more or {})}
    kept = {path: content for path, content in files.items() if path not in without}
    return Side(programs=programs_of(kept), config=ImageConfig(entrypoint=("/usr/bin/app",)))


def test_what_has_it_all_passes_and_says_how_much() -> None:
    check, gaps = check_opened(SEEN, side(), side("srv/unread", "etc/ld.so.cache", "usr/lib/libnss_files.so.2"))

    assert (Outcome.PASSED, ()) == (check.outcome, gaps)
    assert ("it has what the original was seen to open and to start: 4 files of the image",) == check.details


def test_what_is_lacking_is_told_by_its_kind() -> None:
    check, gaps = check_opened(SEEN, side(), side("usr/bin/env", "usr/lib/libmagic.so.1.0.0", "srv/prices"))

    assert Outcome.FAILED is check.outcome
    assert [
        (GapKind.PROGRAM, "/usr/bin/env", "usr/bin/env"),
        (GapKind.LIBRARY, "libmagic.so.1", "usr/lib/libmagic.so.1.0.0"),
        (GapKind.FILE, "/srv/prices", "srv/prices"),
    ] == [(gap.kind, gap.wanted, gap.source) for gap in gaps]
    assert check.details[0].startswith("the original starts /usr/bin/env while it runs, which ")


def test_a_library_that_is_linked_is_the_closures_and_one_by_its_soname_may_lie_elsewhere() -> None:
    lost = ("lib/libm.so.6", "usr/lib/libmagic.so.1.0.0")
    moved = {"opt/libmagic.so.1": ElfFile(soname="libmagic.so.1")}

    assert ["libmagic.so.1"] == [gap.wanted for gap in check_opened(SEEN, side(), side(*lost))[1]]
    assert () == check_opened(SEEN, side(), side(*lost, more=moved))[1]
