"""Shell scripts to commands: words, places, and where each stands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.runs import commands, run_script
from weighbridge.dockerfile.shell import Place, read_script, split_commands
from weighbridge.dockerfile.source import Source


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("apt-get update && apt-get install -y gcc", [("apt-get", "update"), ("apt-get", "install", "-y", "gcc")]),
        ("echo 'a b' \"c $D\" e\\ f", [("echo", "a b", "c $D", "e f")]),
        ("FOO=1 sudo -E env BAR=2 make -j$(nproc)", [("make", "-j$(nproc)"), ("nproc",)]),
        ("if [ -f x ]; then rm x; fi", [("[", "-f", "x", "]"), ("rm", "x")]),
        ("for i in a b; do touch $i; done", [("touch", "$i")]),
        ("curl -fsSL u | tar -xz > /dev/null 2>&1", [("curl", "-fsSL", "u"), ("tar", "-xz")]),
        ("sh -c 'a <(b)'", [("sh", "-c", "a <(b)"), ("a", "<(b)"), ("b",)]),
        ("cat <<EOF > /etc/x\nhi\nEOF\necho done", [("cat",), ("echo", "done")]),
        ("a # b\nc", [("a",), ("c",)]),
        ("A=b", []),
    ],
)
def test_a_script_is_split_into_commands_and_words(script: str, expected: list[tuple[str, ...]]) -> None:
    assert expected == list(split_commands(script))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a && b; c", [Place.TOP, Place.TOP, Place.TOP]),
        ("a | b && c", [Place.PIPE, Place.PIPE, Place.TOP]),
        ("a || b && c", [Place.TOP, Place.NESTED, Place.TOP]),
        ("(a; b) && c", [Place.NESTED, Place.NESTED, Place.TOP]),
        ("! a && { b; }", [Place.TOP, Place.NESTED]),
        ("while a; do b; done", [Place.NESTED, Place.NESTED]),
    ],
)
def test_a_command_knows_where_in_the_script_it_stands(script: str, expected: list[Place]) -> None:
    assert expected == [command.place for command in read_script(script).commands]


def test_assignments_launchers_and_redirections_are_told_apart_from_words() -> None:
    (command,) = read_script("A=b sudo env C=d make all > log").commands

    assert ("make", "all") == command.argv
    assert (("A", "b"), ("C", "d")) == command.assignments
    assert ("sudo", "env") == command.launchers
    assert ((">", "log"),) == command.redirects


DOCKERFILES = {
    "continuations": "FROM x\nRUN --mount=type=cache,target=/a a one \\\n # why\n\n  && b \\\n\ttwo # end\n",
    "windows line ends": "FROM x\r\nRUN a one && \\\r\n  # why\r\n  b two\r\n",
    "backtick": "# escape=`\nFROM x\nRUN a one `\n && b two\n",
    "heredoc": "FROM x\nRUN <<EOF\na one\n# why\nb \\\n  two\nEOF\n",
    "words beyond ASCII": "FROM x\nRUN echo ü𝄞 && a one && b two\n",
    "lower case": "from x\nrun a one && b two",
}


@pytest.mark.parametrize("text", DOCKERFILES.values(), ids=DOCKERFILES)
def test_words_are_found_where_the_dockerfile_has_them(text: str) -> None:
    instruction = parse(text, "Dockerfile").stages[0].instructions[1]
    found = [command for command in commands(instruction, text) if command.argv[0] != "echo"]

    assert [("a", "one"), ("b", "two")] == [command.argv for command in found]
    for command in found:
        assert list(command.argv) == [text[word.start : word.end] for word in command.words]
        assert text[command.start : command.end].startswith(command.argv[0])
        assert text[command.start : command.end].endswith(command.argv[1])


@pytest.mark.parametrize("text", DOCKERFILES.values(), ids=DOCKERFILES)
def test_a_script_ends_behind_its_last_command_so_that_another_can_follow(text: str) -> None:
    script = run_script(parse(text, "Dockerfile").stages[0].instructions[1], Source(text))

    assert script.sound
    assert text[script.start : script.end].endswith("two")


def test_the_exec_form_is_one_command_and_what_its_shell_is_given() -> None:
    text = 'FROM x\nRUN ["/bin/sh", "-c", "apt-get update && true"]\n'
    found = commands(parse(text, "Dockerfile").stages[0].instructions[1], text)

    assert [("/bin/sh", "-c", "apt-get update && true"), ("apt-get", "update"), ("true",)] == [
        command.argv for command in found
    ]
    assert "apt-get update" == text[found[1].start : found[1].end]


def test_a_heredoc_for_another_interpreter_is_no_shell_script() -> None:
    text = "FROM x\nRUN <<EOF\n#!/usr/bin/env python3\nimport os\nEOF\n"

    assert () == commands(parse(text, "Dockerfile").stages[0].instructions[1], text)


def test_what_cannot_be_read_is_said_to_be_unsound() -> None:
    assert not read_script("echo 'never closed").sound
    assert not read_script("a; " * 40_000).sound


@given(st.text(alphabet=st.sampled_from("ab \t\n'\"\\$(){}[]<>|&;#`=*?éx"), max_size=300))
def test_any_text_is_read_and_every_span_lies_in_it(text: str) -> None:
    script = read_script(text)

    for command in script.commands:
        assert 0 <= command.start <= command.end <= len(text)
        for word in command.words:
            assert command.start <= word.start <= word.end <= len(text)


@pytest.mark.parametrize(
    "piece", ["a|", "(", "$(", "a=~(", "x=(", "<<A\n", "${", "[[ a =~ ( ", "a&&", "a>b;", '"', "`", "if "]
)
def test_a_hostile_script_takes_no_longer_than_a_long_one(piece: str) -> None:
    began = time.monotonic()
    read_script((piece * 32_000)[:32_000])

    assert time.monotonic() - began < 10
