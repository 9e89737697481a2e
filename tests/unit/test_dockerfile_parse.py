"""Dockerfiles as people and attackers write them, to stages and instructions with their lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.dockerfile.parse import MAX_BYTES, parse
from weighbridge.errors import MalformedDockerfile

if TYPE_CHECKING:
    from weighbridge.model.dockerfile import Dockerfile

unhurried = settings(deadline=None)


def spans(text: str) -> list[tuple[str, str, int, int]]:
    """Keyword, arguments, first and last line of everything after the first FROM."""
    (stage,) = parse(text, "Dockerfile").stages
    return [(each.keyword, each.text, each.start, each.end) for each in stage.instructions[1:]]


def refused(text: str) -> MalformedDockerfile:
    """The error, one line that can be printed."""
    with pytest.raises(MalformedDockerfile) as caught:
        parse(text, "sub/Dockerfile")
    assert str(caught.value).startswith("sub/Dockerfile")
    assert str(caught.value).isprintable()
    return caught.value


def test_continued_lines_are_one_instruction_from_its_first_line_to_its_last() -> None:
    text = "FROM x\nRUN a && \\\n    b\n\n# note\nCMD c\n"

    assert [("RUN", "a &&     b", 2, 3), ("CMD", "c", 6, 6)] == spans(text)


def test_comments_and_empty_lines_may_stand_between_continued_lines() -> None:
    assert [("RUN", "a &&   b", 2, 5)] == spans("FROM x\nRUN a && \\\n  # note\n\n  b\n")


def test_the_escape_directive_makes_a_backtick_continue_lines() -> None:
    text = "# escape=`\nFROM x\nRUN dir C:\\ `\n  /s\nRUN c:\\\n"

    assert [("RUN", "dir C:\\   /s", 3, 4), ("RUN", "c:\\", 5, 5)] == spans(text)


def test_line_ends_of_windows_are_no_part_of_instructions() -> None:
    assert [("RUN", "a   b", 2, 3), ("RUN", "c", 5, 5)] == spans("FROM x\r\nRUN a \\\r\n  b\r\n# c\r\nRUN c\r\n")


def test_a_byte_order_mark_is_no_part_of_the_first_instruction() -> None:
    assert [("RUN", "a", 2, 2)] == spans("\ufeffFROM x\nRUN a\n")


def test_keywords_may_be_written_in_any_case() -> None:
    (stage,) = parse("from x as Build\nrun a\nCopy b c", "Dockerfile").stages

    assert ("x", "Build", ["FROM", "RUN", "COPY"]) == (
        stage.base, stage.name, [each.keyword for each in stage.instructions],
    )  # fmt: skip


def test_heredocs_belong_to_their_instruction_with_their_bodies() -> None:
    (stage,) = parse("FROM x\nRUN <<EOF\na\nb\nEOF\nCOPY <<A <<-B /x/\n1\nA\n\t2\n\tB\nCMD c\n", "Dockerfile").stages

    assert [("RUN", ("a\nb\n",), 2, 5), ("COPY", ("1\n", "\t2\n"), 6, 10), ("CMD", (), 11, 11)] == [
        (each.keyword, each.heredocs, each.start, each.end) for each in stage.instructions[1:]
    ]


def test_flags_stand_apart() -> None:
    (stage,) = parse("FROM x\nRUN --mount=type=cache,target=/c --network=none a \\\n b\n", "Dockerfile").stages

    run = stage.instructions[1]
    assert (("--mount=type=cache,target=/c", "--network=none"), ("a  b",)) == (run.flags, run.values)


def test_stages_have_names_platforms_and_numbers() -> None:
    text = (
        "ARG V=1\nARG A=1 B\nFROM --platform=$BUILDPLATFORM r.example:5000/go:${V}@sha256:00 AS build\nRUN a\n"
        "FROM scratch\nFROM build as x-y.z_1"
    )

    dockerfile = parse(text, "Dockerfile")

    assert ["V=1", "A=1 B"] == [each.text for each in dockerfile.arguments]
    assert [
        (0, "build", "r.example:5000/go:${V}@sha256:00", "$BUILDPLATFORM"),
        (1, None, "scratch", None),
        (2, "x-y.z_1", "build", None),
    ] == [(stage.index, stage.name, stage.base, stage.platform) for stage in dockerfile.stages]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", None, "file with no instructions"),
        ("# nothing\n\n", None, "file with no instructions"),
        ("ARG A=1\n", None, "there is no FROM in it"),
        ("RUN a\nFROM x\n", 1, "RUN stands before the first FROM"),
        ("ARG A\n\nCOPY a b\nFROM x\n", 3, "COPY stands before the first FROM"),
        ("FROM\n", 1, "FROM needs an image"),
        ("FROM x\nFROM x AS\n", 2, "FROM needs an image"),
        ("FROM x # note\n", 1, "FROM needs an image"),
        ("FROM x AS a b\n", 1, "FROM needs an image"),
        ("FROM x y z\n", 1, "FROM needs an image"),
        ("FROM --platform=a\n", 1, "FROM needs an image"),
        ("FROM x\nRUN <<A\nx\nA\n\nrun <<-'B'\n\tx\n", 6, "the heredoc B never ends"),
        ("FROM x\nRNU x\n", 2, "RNU is no instruction, did you mean RUN?"),
        ("FROM x\nRUN <<EOF\na\n", 2, "the heredoc EOF never ends"),
        ("FROM x\nRUN <<EOF\na\n EOF\n", 2, "the heredoc EOF never ends"),
        ("# escape=x\nFROM x\n", None, "invalid escape token"),
        ("# escape=`\n# escape=`\nFROM x\n", None, "only one escape parser directive"),
        ("FROM x\nRUN " + "a" * 70_000, None, "line greater than max allowed size"),
        ("\\", 1, "holds no instruction"),
        ("FROM x\nRUN a\0b\n", 2, "a zero byte"),
        ("FROM x\n\nRUN a\udce9b\n", 3, "half of a surrogate pair"),
        ("FROM x\n" + "RUN a\n" * (MAX_BYTES // 6), None, "larger than 524,288 bytes"),
    ],
)
def test_what_no_builder_would_take_is_refused_with_its_line(text: str, line: int | None, reason: str) -> None:
    error = refused(text)

    assert reason in str(error)
    assert line == error.line
    if line is not None:
        assert f"sub/Dockerfile:{line}: " in str(error)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "text",
    [
        "FROM x\n" + "RUN a\n" * 15_000,
        "FROM x\n" * 15_000,
        "FROM x\nRUN a" + "\\\n" * 50_000,
        "FROM x\n" + "ONBUILD \\\n" * 10_000 + "RUN a",
        "FROM x\nRUN " + "<<A " * 4_000 + "\n" + "A\n" * 4_000,
        "FROM x\nENV " + "A=b " * 4_000,
        "FROM x\nRUN " + "[" * 60_000,
        "# " + "x" * 60_000 + "\nFROM x\n",
    ],
)  # fmt: skip
def test_large_files_take_bounded_time(text: str) -> None:
    began = time.monotonic()
    try:
        parse(text, "Dockerfile")
    except MalformedDockerfile as error:
        assert str(error)
    assert time.monotonic() - began < 10


_pieces = st.sampled_from(
    [
        *(
            "FROM ",
            "RUN ",
            "COPY ",
            "ARG ",
            "ONBUILD ",
            "# escape=`\n",
            "\\\n",
            "`\n",
            "<<EOF",
            "<<-A ",
            "EOF\n",
            "A\n",
            "\n",
        ),
        *("\r\n", "--a=b ", "--", "=", '"', "'", "[", "]", "$", "${", "}", "x", "AS ", " ", "\t", "\\", "#", "é", "\0"),
    ]
)


@settings(deadline=None, max_examples=400)
@given(st.lists(_pieces, max_size=25).map("".join), st.sampled_from(["", "FROM x\n"]))
def test_any_text_is_parsed_or_refused_and_spans_stay_inside(text: str, start: str) -> None:
    try:
        dockerfile = parse(start + text, "Dockerfile")
    except MalformedDockerfile as error:
        assert str(error).isprintable()
        return
    lines = (start + text).count("\n") + 1
    found = _all_spans(dockerfile)
    assert all(1 <= first <= last <= lines for first, last in found)
    assert found == sorted(found)


def _all_spans(dockerfile: Dockerfile) -> list[tuple[int, int]]:
    instructions = [*dockerfile.arguments, *(each for stage in dockerfile.stages for each in stage.instructions)]
    return [(each.start, each.end) for each in instructions]


def test_another_frontend_may_know_more_instructions() -> None:
    parsed = parse("# syntax=example.org/frontend:1\nFROM x\nINCLUDE y\n", "Dockerfile")

    assert ["FROM", "INCLUDE"] == [each.keyword for each in parsed.stages[0].instructions]
