"""Whatever a Dockerfile looks like: what is made of it parses, and its patch applies and is taken back exactly."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.elf import ElfFile
from tests.support.models import package
from tests.support.subjects import subject
from weighbridge.core.fixes.patch import patch_of
from weighbridge.core.fixes.planner import plan
from weighbridge.core.fixes.prospect import Outlook, prospect
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import Family
from weighbridge.model.image import ImageConfig

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.model.subject import Subject

DYNAMIC = ElfFile(interpreter="/lib64/ld-linux-x86-64.so.2", needed=("libc.so.6", "libtide.so.1"), pie=True)
FILES = {
    "usr/local/bin/tide": DYNAMIC,
    "lib/x86_64-linux-gnu/libc.so.6": ElfFile(soname="libc.so.6", provides=("GLIBC_2.34",)),
    "usr/lib/x86_64-linux-gnu/libtide.so.1": ElfFile(soname="libtide.so.1"),
    "bin/sh": DYNAMIC,
}
# `\` stands for the file's escape character.
INSTALLS = (
    "RUN apt-get update && apt-get install -y gcc make",
    "RUN apt-get update && \\\n    # the compiler\n\n    apt-get install -y gcc \\\n      make",
    "RUN <<EOR\nset -e\napt-get update\n# FROM here on\napt-get install -y gcc make\nEOR",
    "RUN --mount=type=cache,target=/var/cache/apt apt-get update && apt-get install -y gcc make",
)
BUILDS = (
    "RUN make && cp tide /usr/local/bin/tide",
    "RUN cd /src && \\\n  # everything\n  make && \\\n  cp tide /usr/local/bin/tide",
    "RUN <<EOR\nmake\ncp tide /usr/local/bin/tide\nEOR",
    "RUN <<'EOR' bash\nmake && cp tide /usr/local/bin/tide\nEOR",
    'RUN ["make", "install"]',
)
OTHERS = (
    "LABEL maintainer=ada",
    'LABEL a="b c" \\\n      # the second\n      d=""',
    "MAINTAINER Ada",
    "ENV PORT 3000",
    "ENV GOFLAGS=-v A=1",
    "ARG RELEASE=1",
    "ARG RELEASE\nENV RELEASE=${RELEASE:-2}",
    "EXPOSE $PORT 53/udp",
    "VOLUME /srv/charts",
    "USER 65534",
    "STOPSIGNAL SIGINT",
    "WORKDIR /src",
    "WORKDIR charts",
    'SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
    "HEALTHCHECK --interval=5s CMD tide --check | grep ok",
    "ONBUILD COPY charts /srv/charts",
    "COPY --chown=$UID:0 . .",
    "COPY <<EOF /etc/tide.conf\nport = 1\nFROM = here\nEOF",
    "# a comment\n# of two lines",
    "#not=a directive",
    "\n",
    "\t# with a tab",
    "RUN useradd tidal",
    "RUN echo é $(date) # and so on",
)
ENDS = ('CMD ["tide"]', "CMD tide --listen", 'ENTRYPOINT ["tide"]', 'ENTRYPOINT ["tide"]\nCMD ["--listen"]')
HEADS = ("", "# syntax=docker/dockerfile:1\n", "\n\n", "# tides\n", "ARG RELEASE=12\n")
BASES = ("FROM debian:12", "FROM debian:12  ", "FROM --platform=linux/amd64 debian:12 AS Tides", "FROM \\\n  debian:12")
CASES = (str, str.lower, str.title)


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    """A Dockerfile that compiles a program, written by somebody with habits."""
    others = draw(st.lists(st.sampled_from(OTHERS), max_size=8))
    parts = [draw(st.sampled_from(INSTALLS)), draw(st.sampled_from(BUILDS))]
    for each in others:
        parts.insert(draw(st.integers(0, len(parts))), each)
    text = "\n".join([draw(st.sampled_from(BASES)), *parts, draw(st.sampled_from(ENDS))])
    text = _cased(text, draw(st.sampled_from(CASES)))
    head = draw(st.sampled_from(HEADS))
    if not head and draw(st.booleans()):
        head, text = "# escape=`\n", text.replace("\\\n", "`\n")
    text = head + text + draw(st.sampled_from(["", "\n", "\n\n"]))
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def _cased(text: str, case: object) -> str:
    """The keywords of instructions in another case."""
    keywords = {each.split()[0] for each in (*OTHERS, *BASES, *ENDS, "RUN x") if each.strip() and "#" not in each[:2]}
    lines = []
    for line in text.split("\n"):
        word, blank, rest = line.partition(" ")
        lines.append(f"{case(word)}{blank}{rest}" if word in keywords else line)  # type: ignore[operator]
    return "\n".join(lines)


def built(text: str) -> Subject:
    """The image that it comes to."""
    body = parse(text, "Dockerfile").stages[-1].instructions
    making = next(each for each in reversed(body) if "make" in each.text or any("make" in doc for doc in each.heredocs))
    command = ImageConfig(command=("tide",))
    packages = [package("gcc", 10), package("make", 10), package("libtide1", 10)]
    found = subject(text, {making.start: {"usr/local/bin/tide": 20_000}}, FILES, config=command, packages=packages)
    return replace(found, base_config=ImageConfig(environment=("UID=1",), working_directory="/srv"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dockerfiles())
def test_a_candidate_parses_keeps_what_it_does_not_move_and_is_taken_back_exactly(tmp_path: Path, text: str) -> None:
    candidates = plan(built(text)).candidates
    assert Family.MULTI_STAGE in {each.family for each in candidates}
    for each in candidates:
        parse(each.dockerfile_text, "Dockerfile")
        assert _crlf(text) == _crlf(each.dockerfile_text)
        # The FROM gets a name.
        assert each.family is not Family.MULTI_STAGE or len(_lines(text) - _lines(each.dockerfile_text)) <= 1
    file = tmp_path / "Dockerfile"
    file.write_bytes(text.encode())
    patch = patch_of(candidates[0].edits)
    _apply(tmp_path, patch)
    assert candidates[0].dockerfile_text.encode() == file.read_bytes()
    _apply(tmp_path, patch, "--reverse")
    assert text.encode() == file.read_bytes()


@settings(max_examples=20, deadline=None)
@given(dockerfiles())
def test_what_was_split_is_not_to_be_split_again(text: str) -> None:
    examined = built(text)
    first = plan(examined).candidates[0].dockerfile_text
    fixed = replace(examined, text=first, dockerfile=parse(first, "Dockerfile"), image=None, programs=None)
    assert prospect(examined).outlook is Outlook.YES
    assert prospect(fixed).outlook is Outlook.ALREADY


def _crlf(text: str) -> bool:
    """Whether every line ends by a carriage return and a line feed."""
    return text.count("\r\n") == text.count("\n") > 0


def _lines(text: str) -> set[str]:
    return {line for line in text.replace("\r\n", "\n").split("\n") if line.strip()}


def _apply(folder: Path, patch: str, *options: str) -> None:
    command = ["git", "apply", "--whitespace=nowarn", *options, "-"]
    subprocess.run(command, cwd=folder, input=patch.encode(), check=True, timeout=30)
