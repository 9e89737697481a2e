"""A candidate made anew with what its file system lacks: lines that a person would have written, or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.elf import ElfFile
from tests.support.filesystems import Node, directory, link, programs_of
from tests.support.models import package
from tests.support.subjects import subject
from weighbridge.core.fixes.mended import mended
from weighbridge.core.fixes.planner import plan
from weighbridge.core.proof.closure import Side, find_gaps
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import Family, Gap, GapKind
from weighbridge.model.image import ImageConfig

if TYPE_CHECKING:
    from weighbridge.model.fix import Candidate
    from weighbridge.model.subject import Subject

Tree = dict[str, Node | bytes | str | ElfFile]

LOADER = "lib64/ld-linux-x86-64.so.2"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
DYNAMIC = ElfFile(interpreter=f"/{LOADER}", needed=("libc.so.6",), pie=True)
LIBC = ElfFile(soname="libc.so.6")

TEXT = """\
FROM debian:12
WORKDIR /src
COPY . .
RUN gcc -o /usr/local/bin/scale scale.c
USER app
CMD ["scale"]
"""
GLIBC: Tree = {
    LOADER: ElfFile(soname="ld-linux-x86-64.so.2"),
    f"{LIBRARIES}/libc.so.6": LIBC,
    "tmp": directory(mode=0o1777),
}
ORIGINAL: Tree = {
    **GLIBC,
    "usr/local/bin/scale": DYNAMIC,
    f"{LIBRARIES}/libz.so.1.2.13": ElfFile(soname="libz.so.1", needed=("libdeep.so.2", "libc.so.6")),
    f"{LIBRARIES}/libz.so.1": link("libz.so.1.2.13"),
    f"{LIBRARIES}/libdeep.so.2": ElfFile(soname="libdeep.so.2", needed=("libc.so.6",)),
    "usr/local/lib/libown.so.3": ElfFile(soname="libown.so.3"),
    "usr/bin/git": ElfFile(interpreter=f"/{LOADER}", needed=("libz.so.1", "libc.so.6"), pie=True),
    "usr/bin/python3": DYNAMIC,
    "bin/sh": DYNAMIC,
    "etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n",
    "etc/group": "root:x:0:\napp:x:1000:\n",
    "etc/ssl/certs/ca-certificates.crt": "certificates",
    "usr/share/zoneinfo/Europe/Lisbon": "TZif2",
    "etc/localtime": link("/usr/share/zoneinfo/Europe/Lisbon"),
    "srv": directory(),
    "data": directory(uid=1000, gid=1000),
    "full": directory(uid=1000, gid=1000),
    "full/of/things": "x",
}
CONFIG = ImageConfig(command=("scale",), user="app", working_directory="/src")


def made(text: str = TEXT) -> Subject:
    """The image as its Dockerfile leaves it."""
    return subject(text, {4: {"usr/local/bin/scale": 20_000}}, ORIGINAL, config=CONFIG)


def split(whole: Subject) -> Candidate:
    """Its first candidate of two stages."""
    return next(each for each in plan(whole).candidates if each.family is Family.MULTI_STAGE)


def lines(*gaps: Gap, there: Tree | None = None) -> list[str]:
    """What is new in the candidate's Dockerfile."""
    whole = made()
    before = split(whole)
    built = Side(programs=programs_of({**GLIBC, **(there or {})}), config=CONFIG)
    after = mended(whole, before, gaps, built)
    if after is None:
        return []
    parse(after.dockerfile_text, "Dockerfile")
    old = before.dockerfile_text.splitlines()
    return [line for line in after.dockerfile_text.splitlines() if line not in old]


def gap(kind: GapKind, wanted: str, source: str | None, by: str = "the run") -> Gap:
    """One gap."""
    return Gap(kind=kind, by=by, wanted=wanted, source=source, text="missing")


COPY = "COPY --from=build "
LIBZ = gap(GapKind.LIBRARY, "libz.so.1", f"{LIBRARIES}/libz.so.1.2.13")


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (LIBZ, [f"{COPY}/{LIBRARIES}/libz.so.1 /{LIBRARIES}/libdeep.so.2 /{LIBRARIES}/"]),
        (gap(GapKind.LIBRARY, "libown.so.3", "usr/local/lib/libown.so.3"),
         [f"{COPY}/usr/local/lib/libown.so.3 /usr/lib/libown.so.3"]),
        (gap(GapKind.CERTIFICATES, "/etc/ssl/certs/ca-certificates.crt", "etc/ssl/certs/ca-certificates.crt"),
         [f"{COPY}/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt"]),
        (gap(GapKind.TIME_ZONES, "/usr/share/zoneinfo", "usr/share/zoneinfo"),
         [f"{COPY}/usr/share/zoneinfo /usr/share/zoneinfo"]),
        (gap(GapKind.TIME_ZONES, "Europe/Lisbon", "usr/share/zoneinfo/Europe/Lisbon", by="/etc/localtime"),
         [f"{COPY}/etc/localtime /etc/localtime"]),
        (gap(GapKind.FILE, "/etc/localtime", "usr/share/zoneinfo/Europe/Lisbon"),
         [f"{COPY}/etc/localtime /etc/localtime"]),
        (gap(GapKind.FILE, "../x", "usr/share/zoneinfo/Europe/Lisbon", by="/a/link"),
         [f"{COPY}/usr/share/zoneinfo/Europe/Lisbon /usr/share/zoneinfo/Europe/Lisbon"]),
        (gap(GapKind.DIRECTORY, "/data", "data", by="VOLUME"), ["COPY --from=build --chown=1000:1000 /data /data"]),
        (gap(GapKind.PERMISSION, "/full", "full", by="WORKDIR"), ["COPY --from=build --chown=1000:1000 /srv /full"]),
        (gap(GapKind.PROGRAM, "git", "usr/bin/git"),
         [f"{COPY}/usr/bin/git /usr/bin/git", f"{COPY}/{LIBRARIES}/libz.so.1 /{LIBRARIES}/libdeep.so.2 /{LIBRARIES}/"]),
    ],
)  # fmt: skip
def test_what_is_missing_is_copied_from_the_stage_that_has_it(missing: Gap, expected: list[str]) -> None:
    assert expected == lines(missing)


def test_the_users_and_their_tmp_come_along_where_there_is_none() -> None:
    whole = made()
    bare = replace(split(whole), dockerfile_text='FROM debian:12 AS build\nRUN x\n\nFROM scratch\nCMD ["scale"]\n')
    built = Side(programs=programs_of({}), config=CONFIG)
    gaps = [gap(GapKind.USER, "app", "etc/passwd", by="USER"), gap(GapKind.TEMPORARY, "/tmp", "tmp")]
    after = mended(whole, bare, gaps, built)

    assert after is not None
    assert (
        "FROM scratch\nCOPY --from=build /etc/passwd /etc/group /etc/\n"
        'COPY --from=build --chown=1000:1000 /tmp /tmp\nCMD ["scale"]\n'
    ) in after.dockerfile_text
    assert after.title.endswith("; brings along users, /tmp")
    assert [after.dockerfile_text] == [edit.after for edit in after.edits]


def test_a_folder_is_made_by_a_shell_where_there_is_one() -> None:
    shell: Tree = {"bin/sh": DYNAMIC, "bin/mkdir": DYNAMIC, "bin/chown": DYNAMIC}

    made_so = ["RUN mkdir -p '/da ta' && chown 1000:1000 '/da ta'"]
    assert made_so == lines(gap(GapKind.DIRECTORY, "/da ta", "data", by="VOLUME"), there=shell)


@pytest.mark.parametrize(
    "hopeless",
    [
        gap(GapKind.LOADER, "/lib64/ld-linux-x86-64.so.2", LOADER),
        gap(GapKind.VERSION, "libc.so.6 GLIBC_2.38", None),
        gap(GapKind.MACHINE, "EM_AARCH64", None),
        gap(GapKind.LIBRARY, "libnone.so.1", None),
        gap(GapKind.PROGRAM, "hg", None),
        gap(GapKind.INTERPRETER, "python3", "usr/bin/python3"),
    ],
)
def test_what_no_file_mends_leaves_the_candidate_as_it_was(hopeless: Gap) -> None:
    assert [] == lines(hopeless)
    assert [] == lines(LIBZ, hopeless)


def test_a_program_of_another_c_library_is_not_brought_along() -> None:
    musl: Tree = {"lib/ld-musl-x86_64.so.1": ElfFile(soname="libc.musl-x86_64.so.1")}
    whole = made()
    built = Side(programs=programs_of(musl), config=CONFIG)

    assert mended(whole, split(whole), [gap(GapKind.PROGRAM, "git", "usr/bin/git")], built) is None


APT: Tree = {"usr/bin/apt-get": DYNAMIC}
INSTALL = "RUN apt-get update && apt-get install -y --no-install-recommends \\\n"
CLEAN = "    && rm -rf /var/lib/apt/lists/*\n"


def packed() -> Subject:
    """An image with packages of Debian's."""
    whole = made()
    assert whole.image is not None
    packages = (package("zlib1g", 9), package("libpq5", 9), package("git", 9), package("tzdata", 9))
    return replace(whole, image=replace(whole.image, packages=packages))


def test_what_a_package_brings_is_installed_where_that_can_be() -> None:
    whole = packed()
    built = Side(programs=programs_of({**GLIBC, **APT}), config=CONFIG)
    slim = replace(split(whole), family=Family.SLIMMER_BASE, dockerfile_text="FROM debian:12-slim\nCOPY . /src\n")
    git = gap(GapKind.PROGRAM, "git", "usr/bin/git")
    pq = gap(GapKind.LIBRARY, "libpq.so.5", f"{LIBRARIES}/libpq.so.5.15")

    once = mended(whole, slim, [git], built)
    assert once is not None
    assert f"FROM debian:12-slim\n{INSTALL}      git \\\n{CLEAN}COPY . /src\n" == once.dockerfile_text
    twice = mended(whole, once, [pq], built)
    assert twice is not None
    assert f"FROM debian:12-slim\n{INSTALL}      git \\\n      libpq5 \\\n{CLEAN}COPY . /src\n" == twice.dockerfile_text
    assert mended(whole, twice, [git, pq], built) is None


def test_what_no_package_brings_cannot_be_copied_where_no_stage_has_it() -> None:
    whole = packed()
    built = Side(programs=programs_of({**GLIBC, **APT}), config=CONFIG)
    slim = replace(split(whole), family=Family.SLIMMER_BASE, dockerfile_text="FROM debian:12-slim\nCOPY . /src\n")
    own = gap(GapKind.LIBRARY, "libown.so.3", "usr/local/lib/libown.so.3")

    assert mended(whole, slim, [own], built) is None


def test_what_stands_there_already_is_not_written_twice_so_that_mending_ends() -> None:
    whole = made()
    built = Side(programs=programs_of(GLIBC), config=CONFIG)
    once = mended(whole, split(whole), [LIBZ], built)
    assert once is not None

    assert mended(whole, once, [LIBZ], built) is None
    twice = mended(whole, once, [gap(GapKind.TIME_ZONES, "/usr/share/zoneinfo", "usr/share/zoneinfo")], built)
    assert twice is not None
    assert twice.title.endswith("; brings along libz.so.1, time zones")
    assert split(whole).strategy == twice.strategy


def test_candidates_without_a_stage_of_the_original_are_left_alone() -> None:
    whole = made()
    built = Side(programs=programs_of(GLIBC), config=CONFIG)

    assert mended(whole, replace(split(whole), family=Family.IN_PLACE), [LIBZ], built) is None
    single = replace(split(whole), dockerfile_text="FROM debian:12\n", family=Family.SLIMMER_BASE)
    assert mended(whole, single, [LIBZ], built) is None


def test_line_ends_and_the_case_of_keywords_stay_the_authors() -> None:
    whole = made(TEXT.replace("\n", "\r\n").replace("FROM", "from"))
    after = mended(whole, split(whole), [LIBZ], Side(programs=programs_of(GLIBC), config=CONFIG))

    assert after is not None
    assert (
        f"copy --from=build /{LIBRARIES}/libz.so.1 /{LIBRARIES}/libdeep.so.2 /{LIBRARIES}/\r\n" in after.dockerfile_text
    )
    assert "\n" not in after.dockerfile_text.replace("\r\n", "")


def test_a_mended_file_system_closes() -> None:
    whole = made()
    wants = ElfFile(interpreter=f"/{LOADER}", needed=("libz.so.1", "libc.so.6"), pie=True)
    program = {"usr/local/bin/scale": wants}
    original = Side(programs=programs_of({**ORIGINAL, **program}), config=replace(CONFIG, user=""))
    before = Side(programs=programs_of({**GLIBC, **program}), config=original.config)
    gaps = find_gaps(original, before)
    after = mended(replace(whole, programs=original.programs), split(whole), gaps, before)

    assert after is not None
    brought = {f"{LIBRARIES}/{name}": ORIGINAL[f"{LIBRARIES}/{name}"] for name in ("libdeep.so.2",)}
    brought["etc/localtime"] = ORIGINAL["usr/share/zoneinfo/Europe/Lisbon"]
    brought[f"{LIBRARIES}/libz.so.1"] = ORIGINAL[f"{LIBRARIES}/libz.so.1.2.13"]
    assert () == find_gaps(
        original, Side(programs=programs_of({**GLIBC, **program, **brought}), config=original.config)
    )
