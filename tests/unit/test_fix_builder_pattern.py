"""Two Dockerfiles and their glue become one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.elf import ElfFile
from tests.support.subjects import subject
from weighbridge.core.fixes.builder_pattern import carried_from
from weighbridge.core.fixes.planner import plan
from weighbridge.core.proof.size import check_size
from weighbridge.core.rules.glue import find_glue
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import Family, FileEdit, Outcome
from weighbridge.model.image import ImageConfig
from weighbridge.model.subject import Context

if TYPE_CHECKING:
    from weighbridge.model.subject import Subject

BUILD = "FROM golang:1.22\nWORKDIR /go/src\nCOPY httpd.go .\nRUN go build -o httpd httpd.go\n"
TARGET = """\
# what we ship
FROM ubuntu:22.04
COPY ./httpd /root/httpd
RUN chmod +x /root/httpd
ENTRYPOINT ["/root/httpd"]
"""
GLUE = """\
#!/bin/sh
set -e
docker build -t builder -f Dockerfile.build .
docker create --name x builder
docker cp x:/go/src/httpd ./httpd
docker rm -f x
docker build -t httpd .
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_files_become_one_and_the_glue_goes(newline: str) -> None:
    build = BUILD.replace("\n", newline)
    made = subject(TARGET, {}, neighbours={"Dockerfile.build": build, "build.sh": GLUE})

    (candidate,) = plan(made).candidates
    expected = """\
FROM golang:1.22 AS build
WORKDIR /go/src
COPY httpd.go .
RUN go build -o httpd httpd.go

# what we ship
FROM ubuntu:22.04
COPY --from=build /go/src/httpd /root/httpd
RUN chmod +x /root/httpd
ENTRYPOINT ["/root/httpd"]
""".replace("\n", newline)
    assert expected == candidate.dockerfile_text
    assert 2 == len(parse(candidate.dockerfile_text, "Dockerfile").stages)
    assert (
        FileEdit(path="Dockerfile", before=TARGET, after=expected),
        FileEdit(path="Dockerfile.build", before=build, after=None),
        FileEdit(path="build.sh", before=GLUE, after=None),
    ) == candidate.edits


def test_a_file_that_is_carried_under_another_name_keeps_that_name() -> None:
    glue = GLUE.replace("./httpd\n", "./server\n")
    target = TARGET.replace("COPY ./httpd /root/httpd", "COPY server /opt/")
    made = subject(target, {}, neighbours={"Dockerfile.build": BUILD, "build.sh": glue})

    assert "COPY --from=build /go/src/httpd /opt/server\n" in plan(made).candidates[0].dockerfile_text


def test_a_script_that_only_builds_two_images_is_no_glue() -> None:
    glue = "docker build -f Dockerfile.build .\ndocker build .\n"
    made = subject(TARGET, {}, neighbours={"Dockerfile.build": BUILD, "build.sh": glue})

    assert "builder-pattern" not in [each.strategy for each in plan(made).candidates]


def test_a_makefile_is_not_taken_away_since_it_does_more() -> None:
    recipes = "all:\n" + "".join(f"\t{line}\n" for line in GLUE.splitlines()[2:]) + "clean:\n\trm -f httpd\n"
    made = subject(TARGET, {}, neighbours={"Dockerfile.build": BUILD, "Makefile": recipes})

    (candidate,) = plan(made).candidates
    assert ["Dockerfile", "Dockerfile.build"] == [edit.path for edit in candidate.edits]
    assert ("Makefile still builds the two: take that out of it",) == candidate.costs


def test_what_the_merged_file_is_called_is_told_where_that_is_another_name() -> None:
    glue = GLUE.replace("docker build -t httpd .", "docker build -f Dockerfile.target .")
    made = subject(TARGET, {}, neighbours={"Dockerfile.build": BUILD, "build.sh": glue})
    named = replace(
        made, spec=replace(made.spec, file="Dockerfile.target"), dockerfile=parse(TARGET, "Dockerfile.target")
    )

    (candidate,) = plan(named).candidates
    assert "Dockerfile" == candidate.dockerfile
    assert ("what names Dockerfile.target, as `file` may, is to name Dockerfile",) == candidate.costs


ENTRY = ImageConfig(entrypoint=("/root/httpd",))


def shipped(program: ElfFile, target: str = TARGET, build: str = BUILD) -> Subject:
    """The builder pattern with its image."""
    at = next(number for number, line in enumerate(target.splitlines(), 1) if line.startswith("COPY"))
    made = {at: {"root/httpd": 6_000_000}}
    neighbours = {"Dockerfile.build": build, "build.sh": GLUE}
    return subject(target, made, {"root/httpd": program}, config=ENTRY, neighbours=neighbours)


def test_a_static_program_ships_on_an_image_without_a_shell_and_the_copy_does_what_chmod_did() -> None:
    made = shipped(ElfFile())
    first, *_, last = plan(made).candidates
    assert made.image is not None
    mode = made.image.tree.nodes["root/httpd"].entry.mode

    assert ("builder-pattern/distroless/static", "builder-pattern") == (first.strategy, last.strategy)
    assert (
        "# what we ship\nFROM gcr.io/distroless/static-debian12\n"
        f"COPY --from=build --chmod={mode:o} /go/src/httpd /root/httpd\n"
        'ENTRYPOINT ["/root/httpd"]\n'
    ) == first.dockerfile_text.partition("\n\n")[2]
    assert "RUN chmod +x /root/httpd" in last.dockerfile_text


def test_a_program_of_glibc_ships_where_its_library_is() -> None:
    program = ElfFile(interpreter="/lib64/ld-linux-x86-64.so.2", needed=("libc.so.6",), pie=True)

    assert ["builder-pattern/distroless/base", "builder-pattern/distroless/cc", "builder-pattern"] == [
        each.strategy for each in plan(shipped(program)).candidates
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN chmod +x /root/httpd", "RUN apt-get update && apt-get install -y curl"),
        ('ENTRYPOINT ["/root/httpd"]', "ENTRYPOINT /root/httpd --verbose"),
        ('ENTRYPOINT ["/root/httpd"]', 'HEALTHCHECK CMD curl -f localhost\nENTRYPOINT ["/root/httpd"]'),
    ],
)
def test_what_needs_a_shell_or_tools_stays_where_they_are(before: str, after: str) -> None:
    made = shipped(ElfFile(), TARGET.replace(before, after))
    assert made.image is not None
    health = ("CMD-SHELL", "curl -f localhost") if "HEALTHCHECK" in after else ()
    made = replace(made, image=replace(made.image, config=replace(ENTRY, health_check=health)))

    assert ["builder-pattern"] == [each.strategy for each in plan(made).candidates]


def test_a_builder_with_a_context_of_its_own_is_not_merged() -> None:
    glue = GLUE.replace("-f Dockerfile.build .", "-f Dockerfile.build tools")
    made = subject(TARGET, {}, neighbours={"Dockerfile.build": BUILD, "build.sh": glue})

    assert () == plan(made).candidates


def test_the_original_takes_what_is_carried_from_the_image_that_the_script_would() -> None:
    made = shipped(ElfFile())
    glue = find_glue(made)
    assert glue is not None
    here = Context(sizes={"httpd.go": 300}, texts={}, ignore_path=".dockerignore", ignore=None)

    assert TARGET.replace("COPY ./httpd", "COPY --from=carried:1 /go/src/httpd") == carried_from(
        replace(made, context=here), glue, "carried:1"
    )
    # What lies there already needs no carrying.
    assert carried_from(replace(made, context=replace(here, sizes={"httpd": 6_000_000})), glue, "carried:1") is None


def test_a_merge_is_worth_it_by_itself_and_only_where_it_is_no_larger() -> None:
    for size, outcome in ((1000, Outcome.PASSED), (500, Outcome.PASSED), (1001, Outcome.FAILED)):
        assert outcome is check_size(1000, size, 10, Family.BUILDER_PATTERN).outcome
    assert Outcome.FAILED is check_size(1000, 1000, 0, Family.MULTI_STAGE).outcome
