"""Two Dockerfiles and their glue become one."""

from __future__ import annotations

import pytest

from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import FileEdit

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
