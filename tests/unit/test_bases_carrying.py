"""A program on other bases, on paper: what is the program, what comes along with it, and what it would miss."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.elf import ElfFile
from tests.support.filesystems import Node, directory, link, programs_of, tar_of
from tests.unit.test_proof_linker import cache
from weighbridge.core.bases.carrying import NOTHING, Carried, carry
from weighbridge.core.bases.catalogue import bases_for
from weighbridge.core.bases.notes import notes_of
from weighbridge.core.bases.program import Language, Program, find_program, settings_of
from weighbridge.core.bases.recipe import may_differ, recipe, unsayable
from weighbridge.core.proof.closure import Side, find_gaps
from weighbridge.core.proof.configuration import check_configuration
from weighbridge.core.proof.filesystem import FileSystem
from weighbridge.dockerfile.parse import parse
from weighbridge.errors import MalformedImage
from weighbridge.model.fix import Outcome
from weighbridge.model.image import ImageConfig
from weighbridge.reading.selection import Way, take_apart

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Node | bytes | str | ElfFile]

LOADER = "lib64/ld-linux-x86-64.so.2"
ARCH = "usr/lib/x86_64-linux-gnu"
DEBIAN: Tree = {
    "lib": link("usr/lib"),
    "lib64": link("usr/lib64"),
    "bin": link("usr/bin"),
    "usr/lib64/ld-linux-x86-64.so.2": link("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
    f"{ARCH}/ld-linux-x86-64.so.2": ElfFile(soname="ld-linux-x86-64.so.2"),
    f"{ARCH}/libc.so.6": ElfFile(soname="libc.so.6", provides=("GLIBC_2.36",)),
    f"{ARCH}/libnss_dns.so.2": ElfFile(soname="libnss_dns.so.2"),
    f"{ARCH}/libssl.so.3.0.1": ElfFile(soname="libssl.so.3", needed=("libc.so.6",)),
    f"{ARCH}/libssl.so.3": link("libssl.so.3.0.1"),
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
    "etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
    "etc/group": "root:x:0:\napp:x:1000:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/ld.so.cache": b"none",
    "usr/bin/dash": ElfFile(interpreter=f"/{LOADER}", needed=("libc.so.6",), pie=True),
    "usr/bin/sh": link("dash"),
    "tmp": directory(mode=0o1777),
}
ALPINE: Tree = {
    "lib/ld-musl-x86_64.so.1": ElfFile(soname="libc.musl-x86_64.so.1"),
    "etc/os-release": "ID=alpine\nVERSION_ID=3.20.3\n",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "tmp": directory(mode=0o1777),
}
UNMERGED: Tree = {
    "lib": directory(),
    "usr/lib": directory(),
    "etc/passwd": "root:x:0:0::/root:/sbin/nologin\n",
    "tmp": directory(mode=0o1777),
}
DYNAMIC = ElfFile(
    interpreter=f"/{LOADER}", needed=("libc.so.6", "libssl.so.3"), pie=True, versions=(("libc.so.6", "GLIBC_2.36"),)
)
SERVER: Tree = {
    "app/server": DYNAMIC,
    "app/server.c": "int main;",
    "app/data": directory(uid=1000),
    "usr/local/go/bin/go": ElfFile(),
    "root/.cache/go-build/x": "object",
}
CONFIG = ImageConfig(entrypoint=("/app/server",), working_directory="/app", user="app")


def carried(
    original: Tree, base: Tree | None, config: ImageConfig = CONFIG, libc: str = ""
) -> tuple[Carried, Program, Side]:
    """What comes along to a base, None for scratch."""
    side = Side(programs=programs_of(original), config=config)
    program = find_program(FileSystem(side.programs, config))
    assert program is not None
    there = NOTHING if base is None else programs_of(base)
    return carry(side, there, program, libc=libc), program, side


def test_the_program_is_what_starts_and_what_lies_beside_it_and_no_trace_of_its_making() -> None:
    _, program, _ = carried({**DEBIAN, **SERVER}, None)

    assert ("app/server",) == program.entries
    assert {"app", "app/server", "app/data"} == program.paths


def test_on_nothing_all_that_it_asks_for_comes_along() -> None:
    result, _, side = carried({**DEBIAN, **SERVER}, None)

    assert () == result.missing
    assert {"libc.so.6", "libssl.so.3", "ld-linux-x86-64.so.2", "/tmp", "/etc/passwd and /etc/group"} <= set(
        result.brought
    )
    assert {f"{ARCH}/libnss_dns.so.2", "etc/nsswitch.conf", "etc/group", "etc/ld.so.cache"} <= set(result.paths)
    assert "usr/bin/dash" not in result.paths
    files = side.programs.files
    assert sum(files[source].size for source in result.paths.values()) == result.size
    # As a tar that was unpacked on nothing would be read.
    kept = programs_of({path: _node(side, source) for path, source in result.paths.items()})
    assert () == find_gaps(side, Side(programs=kept, config=CONFIG))


def _node(side: Side, path: str) -> Node | bytes | str | ElfFile:
    whole: Tree = {**DEBIAN, **SERVER}
    return whole.get(path, directory())


def test_where_a_link_is_a_folder_on_the_base_the_loader_lies_where_it_is_asked_for() -> None:
    result, _, _ = carried({**DEBIAN, **SERVER}, UNMERGED)

    assert () == result.missing
    assert f"{ARCH}/ld-linux-x86-64.so.2" == result.paths["lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"]


@pytest.mark.parametrize(("base", "libc"), [(ALPINE, ""), (UNMERGED, "musl")])
def test_a_glibc_program_is_not_carried_where_another_c_library_stands(base: Tree, libc: str) -> None:
    result, _, _ = carried({**DEBIAN, **SERVER}, base, libc=libc)

    (said,) = [text for text in result.missing if "loader" in text or "linked" in text]
    assert (
        "/app/server was linked against glibc (asks for /lib64/ld-linux-x86-64.so.2), and the base is musl's; "
        "the kernel would say `no such file or directory`"
    ) == said
    assert not [path for path in result.paths if "x86_64-linux-gnu" in path]


def test_what_only_the_compiler_reads_is_left_behind_and_an_authority_of_ones_own_is_not() -> None:
    config = replace(CONFIG, environment=("GOPATH=/go", "GREETING=hello"))
    tree: Tree = {
        **DEBIAN, **SERVER, "go/pkg/mod/x.go": "package x", "usr/local/share/ca-certificates/own.crt": "own",
        "etc/ssl/certs/ca-certificates.crt": "all and own",
    }  # fmt: skip
    base: Tree = {**UNMERGED, "etc/ssl/certs/ca-certificates.crt": "all"}
    result, program, _ = carried(tree, base, config)

    assert () == result.missing
    assert not [path for path in result.paths if path.startswith("go")]
    assert "etc/ssl/certs/ca-certificates.crt" in result.paths
    assert ("GREETING=hello",) == settings_of(program, config).environment


def test_a_static_program_stands_anywhere_and_brings_nothing_but_what_it_names() -> None:
    config = ImageConfig(entrypoint=("/server",))
    result, program, _ = carried({**DEBIAN, "server": ElfFile()}, {**ALPINE}, config)

    assert ((), ()) == (result.missing, result.brought)
    assert {"server": "server"} == result.paths
    assert (
        "/server is linked statically: it has none of what a C library loads by itself (nsswitch, iconv)",
    ) == tuple(notes_of(program, programs_of({"server": ElfFile()})))


def test_a_shell_is_what_a_base_is_chosen_for() -> None:
    config = ImageConfig(entrypoint=("/bin/sh", "-c", "exec /app/server"))
    result, _, _ = carried({**DEBIAN, **SERVER}, None, config)

    assert any("needs /bin/sh" in text for text in result.missing)


PYTHON: Tree = {
    **DEBIAN,
    "usr/local/bin/python3.11": ElfFile(interpreter=f"/{LOADER}", needed=("libc.so.6",), pie=True),
    "usr/local/bin/python3": link("python3.11"),
    "usr/local/lib/python3.11/os.py": "import sys",
    "usr/local/lib/python3.11/site-packages/pip/__init__.py": "pip",
    "usr/local/lib/python3.11/ctypes/fetch_macholib": "#!/bin/sh\n",
    "usr/local/lib/python3.11/config-3.11-x86_64-linux-gnu/install-sh": "#!/bin/sh\n",
    "usr/local/bin/python3.11-config": "#!/bin/sh\n",
    "usr/local/lib/python3.11/site-packages/flask/__init__.py": "flask",
    "app/main.py": "import flask",
}
RUN_PYTHON = ImageConfig(command=("python3", "/app/main.py"), environment=("PYTHON_VERSION=3.11.9",))


def test_a_language_comes_along_only_where_the_base_has_none() -> None:
    bare, program, side = carried(PYTHON, None, RUN_PYTHON)
    slim, _, _ = carried(
        PYTHON, {path: node for path, node in PYTHON.items() if "flask" not in path and "app" not in path}, RUN_PYTHON
    )

    assert Language(name="python", version="3.11", path="usr/local/bin/python3.11") == program.language
    assert {"usr/local/lib/python3.11/os.py", "usr/local/bin/python3"} <= set(bare.paths)
    # Nor does what a language has for who develops ask for a shell.
    assert () == bare.missing
    assert not [path for path in bare.paths if path.endswith(("-config", "-sh", "pip/__init__.py"))]
    assert {"usr/local/lib/python3.11/site-packages/flask", "app"} <= {path.rpartition("/")[0] for path in slim.paths}
    assert "usr/local/lib/python3.11/os.py" not in slim.paths
    names = [base.image for base in bases_for(side.programs, program.language, ("own/base:1", "scratch"))]
    assert {"python:3.11-slim", "gcr.io/distroless/python3-debian12", "debian:bookworm-slim", "own/base:1"} <= set(
        names
    )
    assert not [name for name in names if "node" in name or "{" in name or name == "debian:12-slim"]
    assert 1 == names.count("scratch")


def test_a_language_of_the_distribution_comes_with_its_folders() -> None:
    tree: Tree = {
        **DEBIAN, "usr/bin/ruby3.1": DYNAMIC, "usr/bin/ruby": link("ruby3.1"), "usr/lib/ruby/3.1.0/set.rb": "class Set",
        "usr/lib/x86_64-linux-gnu/ruby/3.1.0/json.so": ElfFile(soname="json.so"), "var/lib/gems/3.1.0/a.rb": "a",
        "usr/bin/rackup": "#!/usr/bin/ruby\n", "app/app.rb": "puts", "usr/share/python/x": "x",
    }  # fmt: skip
    _, program, _ = carried(tree, None, ImageConfig(command=("rackup", "/app/app.rb")))

    assert program.language is not None and "ruby" == program.language.name
    for path in ("usr/lib/ruby/3.1.0/set.rb", "usr/lib/x86_64-linux-gnu/ruby/3.1.0/json.so", "var/lib/gems/3.1.0/a.rb"):
        assert path in program.paths
    assert {"usr/bin/ruby3.1", "app/app.rb", "usr/bin/rackup"} <= program.paths
    assert "usr/share/python/x" not in program.paths


@pytest.mark.parametrize(
    ("base_name", "version"),
    [("eclipse-temurin:17-jdk", "17"), ("docker.io/library/openjdk:21", "21"), ("ubuntu:22.04", "")],
)
def test_a_version_that_the_image_does_not_tell_is_told_by_the_bases_tag(base_name: str, version: str) -> None:
    config = ImageConfig(command=("/opt/java/bin/java", "-jar", "/app/app.jar"))
    tree: Tree = {**DEBIAN, "opt/java/bin/java": DYNAMIC, "app/app.jar": b"PK", "opt/java/lib/src.zip": b"PK"}
    program = find_program(FileSystem(programs_of(tree), config), base_name)

    assert program is not None and program.language is not None
    assert ("java", version) == (program.language.name, program.language.version)
    assert {"opt/java/bin/java", "app/app.jar"} <= program.paths
    assert "opt/java/lib/src.zip" not in program.paths
    names = [base.image for base in bases_for(programs_of(tree), program.language)]
    assert (f"eclipse-temurin:{version}-jre" in names) is bool(version)


def test_a_library_that_a_cache_alone_knows_is_found_by_the_originals_cache() -> None:
    own = ElfFile(soname="libown.so.1")
    program = replace(DYNAMIC, needed=("libc.so.6", "libown.so.1"))
    known = cache(**{"libown.so.1": "/usr/local/lib/libown.so.1"})
    tree: Tree = {**DEBIAN, "app/server": program, "usr/local/lib/libown.so.1": own, "etc/ld.so.cache": known}
    result, _, _ = carried(tree, {**DEBIAN}, CONFIG)

    assert () == result.missing
    assert "etc/ld.so.cache" in result.paths


HOSTILE = ImageConfig(
    entrypoint=("/bin/a b", 'say "hi"\n'),
    command=("$HOME",),
    environment=('QUOTED=a "b" $c \\d', "EMPTY=", "PATH=/bin"),
    exposed_ports=("80/tcp",),
    user="app:app",
    working_directory="/a $b",
    volumes=("/data",),
    labels=(("key with space", "$value"), ("broken", "two\nlines")),
    stop_signal="SIGINT",
    health_check=("CMD-SHELL", "curl -f http://localhost || exit 1"),
)
OTHER = ImageConfig(
    entrypoint=("/entry",), command=("x",), environment=("LANG=C",), user="65532", working_directory="/home/nonroot",
    health_check=("CMD", "true"), labels=(("base", "yes"),), volumes=("/base",), stop_signal="SIGQUIT",
)  # fmt: skip


def test_the_dockerfile_says_all_of_a_configuration() -> None:
    text = recipe("alpine:3", HOSTILE, OTHER, ["part-0.tar", "part-1.tar"], mark="0123")
    stages = parse(text, "Dockerfile").stages

    assert 1 == len(stages)
    assert [
        "FROM alpine:3", "ADD part-0.tar part-1.tar /", 'ENV QUOTED="a \\"b\\" \\$c \\\\d"', 'ENV EMPTY=""',
        'ENV PATH="/bin"', 'LABEL "key with space"="\\$value"', "EXPOSE 80/tcp", "WORKDIR /a \\$b", 'VOLUME ["/data"]',
        "USER app:app", "STOPSIGNAL SIGINT", "HEALTHCHECK CMD curl -f http://localhost || exit 1",
        'ENTRYPOINT ["/bin/a b", "say \\"hi\\"\\n"]', 'CMD ["$HOME"]', "",
    ] == text.split("\n")[1:]  # fmt: skip
    assert {"environment.LANG", "volumes./base", "labels.base", "labels.broken"} == may_differ(HOSTILE, OTHER)


def test_what_a_base_sets_and_the_image_does_not_is_taken_back() -> None:
    text = recipe("own/base:1", ImageConfig(), OTHER, [], mark="0")

    assert (
        "# 0\nFROM own/base:1\nWORKDIR /\nUSER 0\nSTOPSIGNAL SIGTERM\nHEALTHCHECK NONE\nENTRYPOINT []\nCMD []\n" == text
    )
    bare = ImageConfig(working_directory="/", user="0", stop_signal="SIGTERM", health_check=("NONE",),
                       environment=OTHER.environment, labels=OTHER.labels, volumes=OTHER.volumes)  # fmt: skip
    assert Outcome.PASSED is check_configuration(ImageConfig(), bare, may_differ(ImageConfig(), OTHER)).outcome


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ImageConfig(environment=("A=two\nlines",)), "ENV"),
        (ImageConfig(environment=("a b=c",)), "ENV"),
        (ImageConfig(user="a\nRUN evil"), "Dockerfile"),
        (ImageConfig(exposed_ports=("80\nRUN evil",)), "Dockerfile"),
        (ImageConfig(health_check=("CMD-SHELL", "true\nRUN evil")), "HEALTHCHECK"),
        (ImageConfig(environment=("A=b",)), ""),
    ],
)
def test_what_no_dockerfile_can_say_is_said_so(config: ImageConfig, said: str) -> None:
    found = unsayable(config)
    assert (said in found) if said else (found == "")


def parts(tree: Mapping[str, Node | bytes | str | ElfFile], *ways: Way) -> list[dict[str, tarfile.TarInfo]]:
    """The members of each tar."""
    files = [io.BytesIO() for _ in range(1 + max(way.number for way in ways))]
    data = tar_of(tree)
    take_apart(iter([data[:700], data[700:]]), files, ways)
    found = []
    for file in files:
        file.seek(0)
        with tarfile.open(fileobj=file) as tar:
            found.append({member.name: member for member in tar})
    return found


def test_members_go_where_they_are_wanted_as_they_are() -> None:
    tree: Tree = {
        "a/one": Node(content=b"1" * 9000, mode=0o4755, uid=7, gid=8),
        "a/two": Node(hard="a/one"),
        "a/three": link("one"),
        "b": Node(content=b"b"),
    }
    first, second = parts(
        tree, Way("a", "a", 0), Way("a/one", "a/one", 0), Way("a/two", "a/two", 0), Way("a/three", "a/three", 0),
        Way("a/one", "else/where", 1), Way("a/two", "a/two", 1), Way("b", "b", 1),
    )  # fmt: skip

    assert ["a", "a/one", "a/two", "a/three"] == list(first)
    assert (0o4755, 7, 8, 9000) == (
        first["a/one"].mode, first["a/one"].uid, first["a/one"].gid, second["else/where"].size,
    )  # fmt: skip
    assert ("a/one", "one") == (first["a/two"].linkname, first["a/three"].linkname)
    assert {"else/where", "a/two", "b"} == set(second)
    assert "else/where" == second["a/two"].linkname


def test_a_tar_that_ends_too_early_is_told() -> None:
    data = tar_of({"a": b"1" * 100_000})
    with pytest.raises(MalformedImage, match="cannot be read"):
        take_apart(iter([data[:20_000]]), [io.BytesIO()], [Way("a", "a", 0)])
