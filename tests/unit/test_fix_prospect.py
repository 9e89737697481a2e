"""Whether stages are meant, by the text alone, and by the cause that decides."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import apps
from tests.support.rules import context, subject
from weighbridge.core.fixes.planner import plan
from weighbridge.core.fixes.prospect import Outlook, prospect
from weighbridge.errors import MalformedDockerfile
from weighbridge.model.build import BuildSpec
from weighbridge.subjects import read_subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.core.fixes.prospect import Prospect

COMPILES = "RUN apt-get update && apt-get install -y gcc make\nCOPY . /src\nRUN make -C /src install\n"


def judged(text: str, files: Mapping[str, str] | None = None, **more: object) -> Prospect:
    return prospect(subject(text, context=context(texts=files or {}), **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            'FROM golang:1.22\nCOPY . .\nRUN go build -o /tide .\nCMD ["/tide"]\n',
            "shipped: the Go toolchain, from golang:1.22",
        ),
        (f'FROM debian:12\n{COMPILES}CMD ["tide"]\n', "shipped: gcc, make"),
        (
            'FROM debian:12\nRUN apt-get install -y libpq-dev\nRUN pip3 install psycopg2\nCMD ["x"]\n',
            "shipped: libpq-dev",
        ),
        ('FROM python:3.12\nRUN pip install flask\nCMD ["flask", "run"]\n', "from python:3.12"),
        (
            "FROM php:8.3-cli\nRUN apt-get install -y libicu-dev\nRUN docker-php-ext-install intl\n",
            "shipped: libicu-dev",
        ),
        (
            'FROM python:3.12-slim\nRUN apt-get install -y git && pip install -r r.txt\nCMD ["x"]\n',
            "only fetches stays in the image that is shipped: git",
        ),
        (f'FROM debian:12\n{COMPILES}RUN apt-get purge -y gcc make\nCMD ["tide"]\n', "installed here and removed in"),
        ('FROM our.example/base:3\nCOPY a.c /a.c\nRUN gcc -o /a /a.c\nCMD ["/a"]\n', "`gcc -o /a /a.c` builds in"),
        ('FROM node:22\nCOPY . .\nRUN npm ci\nCMD ["npm", "run", "start:dev"]\n', "from node:22"),
        # Fetched anew from what is there already: that needs no tools.
        ("FROM ruby:3.3\nCOPY . .\nRUN bundle install\nCMD bundle install && ruby app.rb\n", "from ruby:3.3"),
        # The front end has a stage of its own, and the shipped one compiles in spite of it.
        (
            (
                "FROM node:22 AS front\nRUN npm run build\nFROM python:3.12\nCOPY --from=front /dist /dist\n"
                'RUN pip install flask\nCMD ["flask", "run"]\n'
            ),
            "from python:3.12",
        ),
        # A tool that comes from another image is no stage of the author's.
        (
            (
                "FROM php:8.3-cli\nCOPY --from=composer:2 /usr/bin/composer /bin/\nRUN apt-get install -y libzip-dev\n"
                'RUN docker-php-ext-install zip && composer install\nCMD ["php", "-a"]\n'
            ),
            "shipped: libzip-dev",
        ),
        (
            "FROM php:8.3-cli\nCOPY --from=composer:2 /usr/bin/composer /bin/\nCOPY . .\nRUN composer install\n",
            "shipped: composer, from composer:2",
        ),
    ],
)
def test_a_split_is_meant_where_what_builds_stays(text: str, reason: str) -> None:
    found = judged(text)
    assert (Outlook.YES, None) == (found.outlook, found.glue)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('FROM python:3.12\nCOPY app.py /\nCMD ["python", "/app.py"]\n', "nothing is built or installed here"),
        ("FROM nginx:1.27\nRUN apt-get update && apt-get install -y curl\nCOPY site /www\n", "nothing is built"),
        ('FROM python:3.12-slim\nCOPY r.txt /\nRUN pip install -r r.txt\nCMD ["x"]\n', "nothing that only builds"),
        (
            (
                'FROM debian:12\nENV TOOLS="gcc make"\nCOPY tide.c /tide.c\nRUN <<EOR\napt-get update\n'
                'apt-get install -y ${TOOLS}\nmake tide\napt-get purge -y ${TOOLS}\nEOR\nCMD ["/tide"]\n'
            ),
            "removed by the instruction that installed it",
        ),
        (
            "FROM php:8.3-apache\nRUN docker-php-ext-install pdo_mysql\nCOPY . /var/www/html\n",
            "runs the program as well",
        ),
        ('FROM golang:1.22\nCOPY . .\nCMD ["go", "run", "."]\n', "starts with `go run .`"),
        (
            "FROM rust:1\nWORKDIR /app\nCOPY . .\nRUN cargo fetch\nENTRYPOINT cargo run --release\n",
            "starts with `cargo",
        ),
        (
            'FROM maven:3-eclipse-temurin-21\nCOPY . .\nRUN mvn verify\nCMD ["mvn", "spring-boot:run"]\n',
            "starts with `mvn",
        ),
        ('FROM debian:12\nRUN apt-get install -y gnupg && ./set-up\nCMD ["x"]\n', "nothing that only builds"),
        (
            'FROM python:3.12-slim\nCOPY --from=uv:1 /uv /bin/\nCOPY . .\nRUN uv sync\nCMD ["uv", "run", "tide"]\n',
            "nothing that only builds",
        ),
        ('FROM scratch\nCOPY tide /tide\nCMD ["/tide"]\n', "below the author's own files"),
    ],
)
def test_a_split_is_not_meant_where_it_wins_nothing_or_the_tools_are_needed(text: str, reason: str) -> None:
    found = judged(text)
    assert (Outlook.NO, reason in found.reason) == (found.outlook, True), found


@pytest.mark.parametrize(
    "command", ['["bash", "-l", "go.sh"]', '["/sbin/tini", "--", "/app/go.sh"]', "./go.sh", '["sh", "-c", "sh go.sh"]']
)
def test_a_script_that_builds_at_start_needs_the_tools(command: str) -> None:
    text = f"FROM ruby:3.3\nWORKDIR /app\nCOPY Gemfile go.sh ./\nRUN bundle install\nCMD {command}\n"
    script = "#!/bin/bash\nbundle check || bundle install\nyarn --frozen-lockfile\nbundle exec puma\n"
    found = judged(text, {"go.sh": script, "Gemfile": ""})
    assert Outlook.NO is found.outlook
    assert "go.sh calls `yarn --frozen-lockfile`" in found.reason


@pytest.mark.parametrize(
    ("script", "outlook"),
    [("node server.js", Outlook.YES), ("tsc && node dist", Outlook.NO), ("npm run again", Outlook.YES)],
)
def test_what_npm_is_told_to_run_is_looked_up(script: str, outlook: Outlook) -> None:
    text = 'FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD ["npm", "run", "prod"]\n'
    package = json.dumps({"scripts": {"prod": script, "again": "npm run again"}})
    assert outlook is judged(text, {"package.json": package}).outlook


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('FROM node:22-onbuild\nCMD ["node", "."]\n', "by ONBUILD is not in this file"),
        (f"FROM debian:12\n{COMPILES}ONBUILD RUN make -C /src plugins\n", "ONBUILD RUN"),
        ("FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN build.bat\n", "Windows"),
        ('FROM our.example/base\nSHELL ["powershell", "-Command"]\nRUN build.ps1\n', "Windows"),
        ("FROM debian:12\nRUN apt-get update && apt-get install -y gcc make git\n", "its tools are what it is for"),
        ('FROM debian:12\nRUN apt-get install -y gcc && pip3 install conan\nCMD ["bash"]\n', "what it is for"),
        (f'FROM debian:12 AS b\n{COMPILES}FROM b\nCMD ["tide"]\n', "another stage of the same file"),
        (
            f'FROM debian:12 AS tide\n{COMPILES}CMD ["tide"]\nFROM tide AS proof\nRUN make -C /src proof\n',
            "other stages",
        ),
    ],
)
def test_what_must_not_be_tried_is_refused(text: str, reason: str) -> None:
    found = judged(text, target="tide" if "proof" in text else None)
    assert (Outlook.REFUSE, reason in found.reason) == (found.outlook, True), found


def test_a_tool_that_calls_a_compiler_is_what_its_image_is_for() -> None:
    text = 'FROM debian:12\nRUN apt-get install -y gcc\nCOPY compile /usr/local/bin/\nCMD ["compile"]\n'
    assert Outlook.REFUSE is judged(text, {"compile": "#!/bin/sh\ncc -o /tmp/a a.c\n"}).outlook


@pytest.mark.parametrize(
    ("path", "target", "outlook"),
    [
        ("Dockerfile.dev", None, Outlook.REFUSE),
        ("dev.Dockerfile", None, Outlook.REFUSE),
        (".devcontainer/Dockerfile", None, Outlook.REFUSE),
        ("docker/test/Dockerfile", None, Outlook.REFUSE),
        ("Dockerfile", "Test", Outlook.REFUSE),
        ("device/Dockerfile", None, Outlook.YES),
        ("demos/linux-dev/Dockerfile", None, Outlook.YES),
        ("Dockerfile.latest", None, Outlook.YES),
    ],
)
def test_an_image_to_develop_in_is_known_by_its_name(path: str, target: str | None, outlook: Outlook) -> None:
    examined = subject(f'FROM debian:12 AS test\n{COMPILES}CMD ["tide"]\n')
    spec = BuildSpec(name="app", file=path, target=target)
    examined = replace(examined, spec=spec, dockerfile=replace(examined.dockerfile, path=path))
    assert outlook is prospect(examined).outlook


def test_a_folder_that_is_what_is_built_may_have_any_name() -> None:
    examined = subject(f'FROM debian:12\n{COMPILES}CMD ["tide"]\n')
    spec = BuildSpec(name="app", context="services/test", file="services/test/Dockerfile")
    examined = replace(examined, spec=spec, dockerfile=replace(examined.dockerfile, path="services/test/Dockerfile"))
    assert Outlook.YES is prospect(examined).outlook


def test_two_files_with_glue_are_to_be_merged() -> None:
    glue = "docker build -t b -f Dockerfile.build .\ndocker create --name x b\ndocker cp x:/out ./out\ndocker build .\n"
    neighbours = {
        "Dockerfile.build": "FROM golang:1.22\nRUN go build -o /out/ ./...\n",
        "ship.sh": f"#!/bin/sh\n{glue}",
    }
    found = judged('FROM alpine:3.20\nCOPY out /srv\nCMD ["/srv/tide"]\n', neighbours=neighbours)
    assert Outlook.YES is found.outlook
    assert "ship.sh carries files from Dockerfile.build to Dockerfile" == found.reason
    assert found.glue is not None


def test_a_reason_is_one_line_of_bounded_length() -> None:
    names = " ".join(f"lib{number}-dev" for number in range(400))
    found = judged(f'FROM debian:12\nRUN apt-get install -y {names} && make\nCOPY . .\nCMD ["x"]\n')
    assert "\n" not in found.reason
    assert len(found.reason) <= 160


def test_the_plan_refuses_by_the_same_reason() -> None:
    examined = subject('FROM golang:1.22\nCOPY . .\nCMD ["go", "run", "."]\n')
    assert plan(examined).refusal == prospect(examined).reason


_PIECES = (
    "FROM RUN COPY ENV ARG USER SHELL CMD ENTRYPOINT ONBUILD scratch debian:12 node:22 golang go.sh AS build . / /app "
    "--from=build --from=0 apt-get install update -y gcc make && ; | $A ${B:-c} npm run a yarn tini -- sh -c bundle "
    'cargo go run build <<EOF EOF # " \' ` [] ["sh","-c","npm"] ["env"] ["tini","--"]'
)
_WORDS = st.sampled_from([*_PIECES.split(), "\\\n", "\n", "\n", "\n"])
_SCRIPTS = st.sampled_from(["", "[]", "{", '{"scripts": []}', '{"scripts": {"a": 1}}', '{"scripts": {"a": "yarn a"}}'])


@settings(max_examples=200, deadline=None)
@given(st.lists(_WORDS, max_size=40), _SCRIPTS)
def test_any_dockerfile_that_parses_is_judged_in_one_line(words: list[str], package: str) -> None:
    text = "FROM node\nCOPY . /\n" + " ".join(words).replace(" \n ", "\n")
    try:
        found = judged(text, {"package.json": package, "go.sh": "sh go.sh; yarn a"})
    except MalformedDockerfile:
        return
    assert found.reason.isprintable()
    assert 0 < len(found.reason) <= 160


@pytest.mark.parametrize("name", apps.names())
def test_an_application_is_to_be_split_where_its_manifest_says_so(name: str) -> None:
    app = apps.load(name)
    file = next(path.name for path in sorted(app.folder.glob("Dockerfile*")) if not path.name.endswith(".build"))
    examined = read_subject(app.folder, BuildSpec(name=name, file=file))
    assert examined is not None
    assert (app.split == "yes") is (prospect(examined).outlook is Outlook.YES)
