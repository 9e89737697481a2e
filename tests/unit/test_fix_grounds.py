"""What a compiled program may stand on: a package that only brings a library that it names keeps it from nothing."""

from __future__ import annotations

from dataclasses import replace

from tests.support.elf import ElfFile
from tests.support.filesystems import link
from tests.support.models import package
from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.model.fix import Family
from weighbridge.model.image import ImageConfig

LOADER = "/lib64/ld-linux-x86-64.so.2"
LIBC = ElfFile(soname="libc.so.6", provides=("GLIBC_2.34",))
DYNAMIC = ElfFile(interpreter=LOADER, needed=("libc.so.6",), versions=(("libc.so.6", "GLIBC_2.34"),), pie=True)
XML = "usr/lib/x86_64-linux-gnu/libxml2.so.2"


def grounds(asked: str) -> dict[str, str]:
    """Strategy → Dockerfile, for a program that names libxml2 where its author installed some package, too."""
    text = "FROM debian:12\nRUN apt-get update && apt-get install -y gcc libxml2-dev\nCOPY . .\n"
    text += "RUN gcc -o /usr/bin/feed x.c\n"
    text += f'RUN apt-get install -y {asked}\nENTRYPOINT ["feed"]\n'
    made = subject(
        text,
        {4: {"usr/bin/feed": 900}},
        {
            "usr/bin/feed": replace(DYNAMIC, needed=("libxml2.so.2", "libc.so.6")),
            f"{XML}.9.14": ElfFile(soname="libxml2.so.2", needed=("libc.so.6",)),
            XML: link("libxml2.so.2.9.14"),
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            "bin/sh": DYNAMIC,
        },
        config=ImageConfig(entrypoint=("feed",), environment=("PATH=/usr/bin:/bin",)),
        packages=[package(name, 9) for name in ("gcc", "libxml2-dev", "libxml2", "ghostscript")],
    )
    return {each.strategy: each.dockerfile_text for each in plan(made).candidates if each.family is Family.MULTI_STAGE}


def test_a_package_of_a_library_that_is_named_comes_as_that_library() -> None:
    found = grounds("libxml2")

    assert ["native/distroless/base", "native/distroless/cc", "native/debian:bookworm-slim"] == list(found)
    assert f"COPY --from=build /{XML}.9.14 /{XML}\n" in found["native/distroless/base"]
    assert "      libxml2 \\\n" in found["native/debian:bookworm-slim"]


def test_a_package_with_programs_keeps_its_distribution() -> None:
    assert ["native/debian:bookworm-slim"] == list(grounds("ghostscript"))


def test_what_apt_itself_loads_is_there_wherever_apt_is() -> None:
    libraries = "usr/lib/x86_64-linux-gnu"
    made = subject(
        "FROM debian:12\nRUN apt-get update && apt-get install -y g++\nCOPY . .\n"
        "RUN g++ -o /usr/bin/feed x.cc\nCMD feed\n",
        {4: {"usr/bin/feed": 900}},
        {
            "usr/bin/feed": replace(DYNAMIC, needed=("libstdc++.so.6", "libgcc_s.so.1", "libc.so.6")),
            f"{libraries}/libstdc++.so.6": ElfFile(soname="libstdc++.so.6", needed=("libc.so.6",)),
            f"{libraries}/libgcc_s.so.1": ElfFile(soname="libgcc_s.so.1", needed=("libc.so.6",)),
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            "bin/sh": DYNAMIC,
        },
        config=ImageConfig(command=("/bin/sh", "-c", "feed"), environment=("PATH=/usr/bin:/bin",)),
        packages=[package(name, 9) for name in ("g++", "libstdc++6", "libgcc-s1")],
    )
    (found,) = (each for each in plan(made).candidates if each.family is Family.MULTI_STAGE)

    shipped = found.dockerfile_text.partition("FROM debian:bookworm-slim")[2]
    assert "COPY --from=build /usr/bin/feed /usr/bin/feed\n" in shipped
    assert "apt-get" not in shipped
