"""What trips a rewriter up: each hazard in a small Dockerfile, and what the plan makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.elf import ElfFile
from tests.support.models import package
from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.core.fixes.prospect import Outlook, prospect
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import Family
from weighbridge.model.image import ImageConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.model.subject import Subject

LOADER = "/lib64/ld-linux-x86-64.so.2"
STATIC = ElfFile()
DYNAMIC = ElfFile(interpreter=LOADER, needed=("libc.so.6",), versions=(("libc.so.6", "GLIBC_2.34"),), pie=True)
FILES = {
    "usr/local/bin/tide": DYNAMIC,
    "lib/x86_64-linux-gnu/libc.so.6": ElfFile(soname="libc.so.6", provides=("GLIBC_2.34",)),
    "bin/sh": DYNAMIC,
}
BUILD = "RUN make && cp tide /usr/local/bin/tide"


def made(
    text: str, *, config: ImageConfig | None = None, base: Mapping[str, str] | None = None, **more: object
) -> Subject:
    """The image of a Dockerfile whose line with `make` leaves /usr/local/bin/tide."""
    lines = text.splitlines()
    line = next(number for number, each in enumerate(lines, start=1) if "make" in each and "apt" not in each)
    begin = next(
        each.start for each in parse(text, "Dockerfile").stages[-1].instructions if each.start <= line <= each.end
    )
    found = subject(
        text,
        {begin: {"usr/local/bin/tide": 20_000}},
        FILES,
        config=config or ImageConfig(command=("tide",)),
        **more,  # type: ignore[arg-type]
    )
    if base is not None:
        environment = tuple(f"{name}={value}" for name, value in base.items() if name != "WORKDIR")
        found = replace(
            found, base_config=ImageConfig(environment=environment, working_directory=base.get("WORKDIR", ""))
        )
    return found


def shipped(examined: Subject) -> str:
    """The last stage of the first split; the whole parses."""
    candidate = next(each for each in plan(examined).candidates if each.family is Family.MULTI_STAGE)
    parse(candidate.dockerfile_text, "Dockerfile")
    text = candidate.dockerfile_text.replace("\r\n", "\n")
    return text[text.lower().rindex("\nfrom ") + 1 :]


def test_a_port_that_a_variable_holds_is_exposed_behind_it() -> None:
    text = f'FROM debian:12\nENV PORT 3000\nEXPOSE $PORT\nRUN apt-get install -y gcc make\n{BUILD}\nCMD ["tide"]\n'
    last = shipped(made(text))
    assert last.index("ENV PORT 3000\n") < last.index("EXPOSE $PORT\n")


def test_a_default_that_another_argument_gives_is_declared_with_it() -> None:
    text = (
        "FROM debian:12\nARG SERIES=2\nARG NOISE\nARG RELEASE=$SERIES.1\nRUN apt-get install -y gcc make\n"
        f'{BUILD}\nLABEL release=$RELEASE\nCMD ["tide"]\n'
    )
    last = shipped(made(text))
    assert "ARG SERIES=2\nARG RELEASE=$SERIES.1\n" in last
    assert "NOISE" not in last


def test_the_user_and_what_makes_him_have_their_argument() -> None:
    text = (
        'FROM debian:12\nARG UID=7001\nRUN useradd --uid "$UID" tidal\nRUN apt-get install -y gcc make\n'
        f"{BUILD}\nUSER tidal\nCMD tide\n"
    )
    last = shipped(made(text, config=ImageConfig(command=("/bin/sh", "-c", "tide"), user="tidal")))
    assert last.index("ARG UID=7001\n") < last.index('RUN useradd --uid "$UID" tidal\n') < last.index("USER tidal\n")


def test_a_user_by_number_in_an_argument_is_declared() -> None:
    text = f'FROM debian:12\nARG UID=7001\nRUN apt-get install -y gcc make\nUSER $UID\n{BUILD}\nCMD ["tide"]\n'
    last = shipped(made(text, config=ImageConfig(command=("tide",), user="7001")))
    assert last.index("ARG UID=7001\n") < last.index("USER $UID\n")


def test_a_variable_of_the_toolchain_that_the_command_reads_is_kept() -> None:
    text = (
        "FROM debian:12\nENV GOPATH=/srv/go\nENV GOFLAGS=-v\nRUN apt-get install -y gcc make\n"
        f'{BUILD}\nWORKDIR $GOPATH\nCMD ["tide"]\n'
    )
    last = shipped(made(text))
    assert "ENV GOPATH=/srv/go\n" in last
    assert "GOFLAGS" not in last


def test_a_variable_of_the_first_base_that_a_copy_reads_is_set() -> None:
    text = (
        "FROM golang:1.22\nRUN apt-get install -y gcc make\n"
        f'{BUILD}\nCOPY tide.conf $TIDE_HOME/tide.conf\nCMD ["tide"]\n'
    )
    last = shipped(made(text, base={"TIDE_HOME": "/srv/tide", "OTHER": "1"}))
    assert last.index("ENV TIDE_HOME=/srv/tide\n") < last.index("COPY tide.conf $TIDE_HOME/tide.conf\n")
    assert "OTHER" not in last


def test_the_folder_that_the_first_base_starts_in_is_kept() -> None:
    text = f'FROM golang:1.22\nRUN apt-get install -y gcc make\n{BUILD}\nCMD ["tide"]\n'
    config = ImageConfig(command=("tide",), working_directory="/go")
    assert "WORKDIR /go\n" in shipped(made(text, config=config, base={"WORKDIR": "/go"}))


def test_a_relative_folder_is_below_the_one_of_the_base() -> None:
    text = f'FROM golang:1.22\nWORKDIR src\nRUN apt-get install -y gcc make\n{BUILD}\nCMD ["tide"]\n'
    config = ImageConfig(command=("tide",), working_directory="/go/src")
    assert "WORKDIR /go/src\n" in shipped(made(text, config=config, base={"WORKDIR": "/go"}))


def test_an_entrypoint_before_the_build_ships() -> None:
    text = f'FROM debian:12\nENTRYPOINT ["tide"]\nRUN apt-get install -y gcc make\n{BUILD}\n'
    examined = made(text, config=ImageConfig(entrypoint=("tide",)))
    candidate = plan(examined).candidates[0]
    assert 1 == candidate.dockerfile_text.count("ENTRYPOINT")
    assert 'ENTRYPOINT ["tide"]\n' in shipped(examined)


def test_a_volume_before_the_build_does_not_swallow_what_is_built() -> None:
    text = f'FROM debian:12\nRUN apt-get install -y gcc make\nVOLUME /srv/charts\n{BUILD}\nCMD ["tide"]\n'
    examined = made(text)
    first = plan(examined).candidates[0].dockerfile_text.split("\nFROM ")[0]
    assert "VOLUME" not in first
    assert "VOLUME /srv/charts\n" in shipped(examined)


def test_a_user_before_the_copies_is_the_last_word_and_builds_as_before() -> None:
    text = (
        "FROM debian:12\nRUN apt-get install -y gcc make\nUSER 65534\nCOPY --chown=65534 . /srv\n"
        f'{BUILD}\nCMD ["tide"]\n'
    )
    last = shipped(made(text, config=ImageConfig(command=("tide",), user="65534")))
    assert last.index("COPY --from=build ") < last.index("USER 65534\n") < last.index("CMD ")


def test_comments_and_blank_lines_within_a_command_stay() -> None:
    run = "RUN apt-get update && \\\n    # the compiler\n\n    apt-get install -y make && \\\n    # off\n    make\n"
    text = f'FROM debian:12\n{run}CMD ["tide"]\n'
    candidate = plan(subject(text, {2: {"usr/local/bin/tide": 20_000}}, FILES, config=ImageConfig(command=("tide",))))
    assert run in candidate.candidates[0].dockerfile_text


def test_a_here_document_stays_as_it_is() -> None:
    run = "RUN <<EOR\nset -e\n# FROM nothing\nmake && cp tide /usr/local/bin/tide\nEOR\n"
    text = f'FROM debian:12\nRUN apt-get install -y gcc make\n{run}CMD ["tide"]\n'
    candidate = plan(subject(text, {3: {"usr/local/bin/tide": 20_000}}, FILES, config=ImageConfig(command=("tide",))))
    assert f"{run}\nFROM " in candidate.candidates[0].dockerfile_text


def test_another_character_that_continues_lines_is_used_in_new_ones_too() -> None:
    text = (
        "# escape=`\nFROM debian:12\nRUN apt-get update && `\n    apt-get install -y gcc make libtide1\n"
        + BUILD
        + "\nCMD tide\n"
    )
    found = made(text, config=ImageConfig(command=("/bin/sh", "-c", "tide")), packages=[package("libtide1", 10)])
    last = shipped(found)
    assert "      libtide1 `\n" in last
    assert "\\" not in last


def test_a_base_with_a_blank_behind_it_is_named() -> None:
    text = f'FROM debian:12  \nRUN apt-get install -y gcc make\n{BUILD}\nCMD ["tide"]'
    candidate = plan(made(text)).candidates[0]
    assert candidate.dockerfile_text.startswith("FROM debian:12 AS build")
    assert candidate.dockerfile_text.endswith('CMD ["tide"]\n') or candidate.dockerfile_text.endswith('CMD ["tide"]')


def test_other_stages_are_left_as_they_are() -> None:
    first = "FROM alpine:3.20 AS lint\nRUN apk add shellcheck\n\n"
    text = f'{first}FROM debian:12\nRUN apt-get install -y gcc make\n{BUILD}\nCMD ["tide"]\n'
    assert plan(made(text)).candidates[0].dockerfile_text.startswith(first)


@pytest.mark.parametrize(
    "later",
    [
        "FROM tide AS check\nRUN make test\n",
        "FROM alpine:3.20 AS tar\nCOPY --from=tide /src /src\n",
        "FROM alpine:3.20 AS tar\nCOPY --from=0 /src /src\n",
        "FROM alpine:3.20 AS t\nRUN --mount=from=tide,target=/m ls /m\n",
    ],
)
def test_a_stage_that_others_are_made_from_is_not_split(later: str) -> None:
    text = f'FROM debian:12 AS tide\nRUN apt-get install -y gcc make\n{BUILD}\nCMD ["tide"]\n{later}'
    examined = subject(text, {}, FILES, config=ImageConfig(command=("tide",)), target="tide")
    assert "other stages" in plan(examined).refusal


def test_the_platform_of_the_first_base_is_the_seconds() -> None:
    text = f'FROM --platform=linux/amd64 debian:12\nRUN apt-get install -y gcc make\n{BUILD}\nCMD ["tide"]\n'
    assert shipped(made(text)).startswith("FROM --platform=linux/amd64 gcr.io/distroless/base-debian12\n")


def test_an_argument_that_overrides_a_variable_still_does() -> None:
    text = (
        "FROM debian:12\nENV MODE=calm\nARG MODE\nENV MODE=${MODE:-calm}\nRUN apt-get install -y gcc make\n"
        f'{BUILD}\nCMD ["tide"]\n'
    )
    assert "ENV MODE=calm\nARG MODE\nENV MODE=${MODE:-calm}\n" in shipped(made(text))


def test_variables_in_lower_case_are_variables() -> None:
    text = (
        "FROM debian:12\nENV workdir /srv/tide/\nARG user=7\nRUN apt-get install -y gcc make\nWORKDIR $workdir\n"
        f'{BUILD}\nUSER $user\nCMD ["tide"]\n'
    )
    last = shipped(made(text, config=ImageConfig(command=("tide",), user="7")))
    assert last.index("ENV workdir /srv/tide/\n") < last.index("WORKDIR $workdir\n")
    assert "ARG user=7\n" in last


GLUE = "#!/bin/sh\n{first}docker build -t b -f Dockerfile.build .\ndocker create --name x b\n{carry}docker build .\n"
BUILDER = "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/ ./cmd/...\n"


def merged(target: str, script: str, **more: str) -> list[str]:
    neighbours = {"Dockerfile.build": BUILDER, "ship.sh": script, **more}
    examined = subject(target, {}, neighbours=neighbours)
    assert prospect(examined).outlook is Outlook.YES
    return [each.dockerfile_text for each in plan(examined).candidates if each.strategy.startswith("builder-pattern")]


def test_a_folder_that_is_carried_is_copied_by_its_contents() -> None:
    script = GLUE.format(first="", carry="docker cp x:/out ./out\n")
    found = merged('FROM alpine:3.20\nWORKDIR /srv\nCOPY ./out .\nCMD ["/srv/tide"]\n', script)
    assert "COPY --from=build /out .\n" in found[-1]


def test_two_scripts_of_which_one_starts_the_other_are_glue() -> None:
    first = "docker build -t b -f Dockerfile.build .\n"
    script = "sh ./build.sh\nid=$(docker create b)\ndocker cp $id:/out/tide tide\ndocker build .\n"
    found = merged('FROM alpine:3.20\nCOPY tide /srv/tide\nCMD ["/srv/tide"]\n', script, **{"build.sh": first})
    assert "COPY --from=build /out/tide /srv/tide\n" in found[-1]


@pytest.mark.parametrize("carry", ["docker cp x:/out - > out.tar\ntar -xf out.tar out/tide\n", "docker cp x:/out .\n"])
def test_what_is_carried_in_another_way_is_not_guessed(carry: str) -> None:
    script = GLUE.format(first="", carry=carry)
    assert [] == merged('FROM alpine:3.20\nCOPY build/tide /srv/tide\nCMD ["/srv/tide"]\n', script)


def test_what_comes_from_another_stage_goes_along_through_the_one_that_compiles() -> None:
    text = (
        "FROM node:22 AS front\nRUN npm run build\n\nFROM debian:12\nCOPY --from=front /dist /srv/dist\n"
        f'RUN apt-get install -y gcc make\n{BUILD}\nCMD ["tide"]\n'
    )
    examined = subject(
        text,
        {5: {"srv/dist/index.html": 900}, 7: {"usr/local/bin/tide": 20_000}},
        FILES,
        config=ImageConfig(command=("tide",)),
    )
    whole = plan(examined).candidates[0].dockerfile_text
    assert "FROM debian:12 AS build\nCOPY --from=front /dist /srv/dist\n" in whole
    assert "COPY --from=build /srv/dist /srv/dist\n" in shipped(examined)
