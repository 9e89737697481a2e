"""One stage made two: what is shipped, what stays behind, and a patch that a person would have written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.elf import ElfFile
from tests.support.models import package
from tests.support.split import C_SERVER, DYNAMIC, GO_PATH, LIBC, LOADER, STATIC, c_server, python_app, splits
from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.model.image import ImageConfig


def test_a_glibc_program_is_shipped_on_the_smallest_image_with_glibc_first() -> None:
    found = splits(c_server())

    assert ["native/distroless/base", "native/distroless/cc", "native/debian:bookworm-slim"] == [
        each.strategy for each in found
    ]
    assert (
        """\
# the scale
FROM debian:12 AS build

RUN apt-get update && apt-get install -y gcc make
WORKDIR /src
COPY . .
RUN make && cp scale /usr/local/bin/scale

FROM gcr.io/distroless/base-debian12
WORKDIR /src
COPY --from=build /usr/local/bin/scale /usr/local/bin/scale
LABEL org.opencontainers.image.title=scale

# where it listens
EXPOSE 8080
CMD ["scale"]
"""
        == found[0].dockerfile_text
    )


def test_a_static_program_is_shipped_on_nothing() -> None:
    found = splits(c_server(program=STATIC))

    assert ["native/scratch", "native/distroless/static"] == [each.strategy for each in found][:2]
    assert "\nFROM scratch\n" in found[0].dockerfile_text


def test_line_ends_and_case_are_the_authors() -> None:
    text = C_SERVER.replace("FROM", "from").replace("RUN", "run").replace("\n", "\r\n")
    candidate = splits(c_server(text))[0]

    assert candidate.dockerfile_text.count("\n") == candidate.dockerfile_text.count("\r\n")
    assert "from debian:12 as build\r\n" in candidate.dockerfile_text
    assert "\r\nfrom gcr.io/distroless/base-debian12\r\n" in candidate.dockerfile_text
    assert "copy --from=build " in candidate.dockerfile_text


def test_a_published_name_stays_with_what_is_shipped() -> None:
    text = C_SERVER.replace("FROM debian:12", "FROM debian:12 AS Server")
    candidate = splits(c_server(text, target="server"))[0]

    assert "FROM debian:12 AS build\n" in candidate.dockerfile_text
    assert "FROM gcr.io/distroless/base-debian12 AS Server\n" in candidate.dockerfile_text


def test_arguments_that_what_is_shipped_uses_are_declared_there_again() -> None:
    text = C_SERVER.replace("LABEL", "ARG VERSION=1\nARG UNUSED\nENV SCALE_VERSION=$VERSION\nLABEL")
    made = subject(
        text,
        {11: {"usr/local/bin/scale": 20_000}},
        {"usr/local/bin/scale": DYNAMIC, "lib/x86_64-linux-gnu/libc.so.6": LIBC},
        config=ImageConfig(command=("scale",)),
    )
    shipped = splits(made)[0].dockerfile_text.split("\nFROM ")[2]

    assert "ARG VERSION=1\nENV SCALE_VERSION=$VERSION\n" in shipped
    assert "UNUSED" not in shipped


def test_a_shell_form_command_needs_an_image_with_a_shell() -> None:
    text = C_SERVER.replace('CMD ["scale"]', "CMD scale --port 8080")
    made = c_server(text)

    assert ["native/debian:bookworm-slim"] == [each.strategy for each in splits(made)]


def test_data_beside_the_sources_comes_along_and_the_sources_do_not() -> None:
    made = subject(
        C_SERVER,
        {
            7: {"src/scale.c": 900, "src/templates/a.html": 50, "src/templates/b.html": 50, "src/.git/HEAD": 20},
            8: {"usr/local/bin/scale": 20_000},
        },
        {"usr/local/bin/scale": STATIC},
        config=ImageConfig(command=("scale",)),
    )

    text = splits(made)[0].dockerfile_text
    assert "COPY --from=build /src/templates /src/templates\n" in text
    assert "scale.c" not in text
    assert ".git" not in text


def test_a_library_that_the_shipped_image_lacks_is_installed_by_its_package() -> None:
    program = ElfFile(interpreter=LOADER, needed=("libc.so.6", "libpq.so.5"), pie=True)
    text = C_SERVER.replace("gcc make", "gcc make libpq-dev").replace('CMD ["scale"]', "CMD scale")
    made = subject(
        text,
        {8: {"usr/local/bin/scale": 20_000}},
        {
            "usr/local/bin/scale": program,
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            "usr/lib/x86_64-linux-gnu/libpq.so.5": ElfFile(soname="libpq.so.5"),
        },
        config=ImageConfig(command=("/bin/sh", "-c", "scale")),
        packages=[package("libpq-dev", 10), package("libpq5", 10), package("gcc", 10)],
    )

    (candidate,) = splits(made)
    shipped = candidate.dockerfile_text.split("\nFROM ")[2]
    assert "      libpq5 \\\n    && rm -rf /var/lib/apt/lists/*\n" in shipped
    assert "gcc" not in shipped
    assert "libpq-dev" not in shipped


def test_python_is_shipped_on_its_slim_twin_with_packages_libraries_and_tools() -> None:
    candidate = splits(python_app())[0]

    assert """\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends \\
      curl \\
      libpq5 \\
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/requirements.txt /app/requirements.txt
COPY --from=build /usr/local/bin/gunicorn /usr/local/bin/gunicorn
COPY --from=build /usr/local/lib/python3.11/site-packages /usr/local/lib/python3.11/site-packages
COPY . .
""" == candidate.dockerfile_text.partition("\n\n")[2].partition("HEALTHCHECK")[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('FROM golang:1.22 AS b\nRUN go build -o /a .\nFROM scratch\nCOPY --from=b /a /a\nCMD ["/a"]\n', "below"),
        ('FROM golang:1.22 AS b\nRUN go build -o /a .\nFROM debian:12\nCOPY --from=b /a /a\nCMD ["/a"]\n', "already"),
        ('FROM debian:12 AS b\nRUN make\nFROM b\nRUN make install\nCMD ["/a"]\n', "another stage"),
        ('FROM debian:12\nRUN make\nONBUILD RUN make\nCMD ["/a"]\n', "ONBUILD"),
    ],
)
def test_what_is_built_elsewhere_already_or_to_be_built_on_is_not_split(text: str, why: str) -> None:
    made = subject(text, {}, {"a": STATIC})

    assert why in plan(made).refusal
    assert [] == splits(made)


def test_an_image_to_compile_in_keeps_its_compiler() -> None:
    text = "FROM debian:12-slim\nRUN apt-get update && apt-get install -y gcc libc6-dev\n"
    text += 'COPY build-here /usr/local/bin/\nCMD ["build-here"]\n'
    made = subject(
        text,
        {2: {"usr/bin/gcc": 9_000_000}, 3: {"usr/local/bin/build-here": 90}},
        {"usr/local/bin/build-here": '#!/bin/sh\nexec gcc -o /out "$@"\n', "bin/sh": DYNAMIC, "usr/bin/gcc": DYNAMIC},
        config=ImageConfig(command=("build-here",)),
        packages=[package("gcc", 10), package("libc6-dev", 10)],
    )

    assert "calls gcc" in plan(made).refusal
    assert [] == splits(made)


def test_folders_for_the_program_to_write_into_keep_their_owner() -> None:
    text = C_SERVER.replace("WORKDIR", "RUN mkdir /spool\nWORKDIR").replace(
        "RUN make", "RUN mkdir data ../more && make"
    )
    made = subject(
        text,
        {6: {"spool/": 0}, 9: {"usr/local/bin/scale": 20_000, "src/data/": 0, "more/": 0, "src/obj/": 0}},
        {"usr/local/bin/scale": STATIC},
        config=ImageConfig(command=("scale",)),
    )
    assert made.image is not None
    for name in ("spool", "src/data"):
        placed = made.image.tree.nodes[name]
        made.image.tree.nodes[name] = placed._replace(entry=placed.entry._replace(uid=7, gid=7))  # type: ignore[index]
    shipped = splits(made)[0].dockerfile_text.partition("FROM scratch\n")[2]

    assert "COPY --from=build --chown=7:7 /spool /spool\n" in shipped
    assert "COPY --from=build --chown=7:7 /src/data /src/data\n" in shipped
    assert "COPY --from=build /more /more\n" in shipped
    assert "/src/obj" not in shipped


def test_what_others_build_on_stays_with_what_is_shipped() -> None:
    text = C_SERVER.replace("WORKDIR", "ONBUILD COPY plates /plates\nWORKDIR")
    made = subject(
        text,
        {9: {"usr/local/bin/scale": 20_000}},
        {"usr/local/bin/scale": STATIC},
        config=ImageConfig(command=("scale",), on_build=("COPY plates /plates",)),
    )
    build, _, shipped = splits(made)[0].dockerfile_text.partition("FROM scratch")

    assert "ONBUILD" not in build
    assert "ONBUILD COPY plates /plates\n" in shipped


def test_a_program_is_found_where_only_the_first_base_looked_for_it() -> None:
    text = "FROM golang:1.22\nRUN go install ./...\nCMD tally\n"
    made = replace(
        subject(
            text,
            {2: {"go/bin/tally": 20_000, "go/pkg/mod/x.go": 90}},
            {"go/bin/tally": DYNAMIC, "lib/x86_64-linux-gnu/libc.so.6": LIBC, "bin/sh": DYNAMIC},
            config=ImageConfig(command=("/bin/sh", "-c", "tally"), environment=(GO_PATH,)),
        ),
        base_config=ImageConfig(environment=(GO_PATH,)),
    )
    candidate = splits(made)[0]

    assert "\nENV PATH=/go/bin:$PATH\nCOPY --from=build /go/bin /go/bin\n" in candidate.dockerfile_text
    assert "environment.PATH" in candidate.may_change


def test_a_path_that_the_author_set_anew_is_not_to_change() -> None:
    text = C_SERVER.replace("WORKDIR", "ENV PATH=/usr/local/bin:/bin\nWORKDIR")
    added = C_SERVER.replace("WORKDIR", "ENV PATH=/opt/bin:$PATH\nWORKDIR")

    for written, may_change in ((text, False), (added, True)):
        made = subject(
            written,
            {9: {"usr/local/bin/scale": 20_000}},
            {"usr/local/bin/scale": STATIC},
            config=ImageConfig(command=("scale",)),
        )
        assert may_change == ("environment.PATH" in splits(made)[0].may_change)
