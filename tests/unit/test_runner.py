"""The runner obeys what we tell it, and nothing that a build, a branch or an image says."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.limits import largest_file
from weighbridge.adapters.runner import SUMMARY_LIMIT, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def speak(environ: Mapping[str, str] | None = None) -> tuple[Runner, io.StringIO]:
    stream = io.StringIO()
    return Runner({"GITHUB_ACTIONS": "true", **(environ or {})}, stream), stream


def obeyed(log: str) -> list[str]:
    """The commands that a runner takes from a log: one that follows the documented rules, written here anew."""
    commands: list[str] = []
    word: str | None = None
    for line in log.splitlines():
        found = re.match(r"\s*::([\w-]+)(?: [^:]*)?::(.*)", line) or re.search(r"##\[([\w-]+)[^\]]*\](.*)", line)
        if word is not None:
            if found and found[1] == word:
                word = None
        elif found:
            commands.append(found[1])
            word = found[2] if found[1] == "stop-commands" else None
    return commands


def test_an_annotation_escapes_what_would_end_a_property_or_the_line() -> None:
    runner, stream = speak()

    runner.error("50% of\r\nit", file="a,b:c/Dockerfile", line=7, title="no: 1%")

    assert "::error title=no%3A 1%25,file=a%2Cb%3Ac/Dockerfile,line=7::50%25 of%0D%0Ait\n" == stream.getvalue()


def test_annotations_come_in_three_grades() -> None:
    runner, stream = speak()

    runner.error("e")
    runner.warning("w", file="Dockerfile")
    runner.notice("n")

    assert "::error::e\n::warning file=Dockerfile::w\n::notice::n\n" == stream.getvalue()


def test_a_group_is_closed_also_when_its_work_fails() -> None:
    runner, stream = speak()

    with pytest.raises(ZeroDivisionError), runner.group("Build\n::add-mask::x"):
        raise ZeroDivisionError

    assert "::group::Build ::add-mask::x\n::endgroup::\n" == stream.getvalue()


@pytest.mark.parametrize(
    "line", ["::add-mask::a", "  ::set-env name=PATH::/evil", "##[set-output name=x]y", "a ##[error]b"]
)
def test_a_line_is_no_command(line: str) -> None:
    runner, stream = speak()

    runner.line(line)
    runner.line(f"harmless\r{line}\n{line}")

    assert [] == obeyed(stream.getvalue())


def test_lines_of_a_build_are_kept_as_they_are_and_obeyed_in_nothing() -> None:
    runner, stream = speak()

    with runner.untrusted():
        runner.line("::stop-commands::x\n::x::\n::add-mask::password\n##[error]no")
    runner.notice("after")

    assert ["stop-commands", "notice"] == obeyed(stream.getvalue())
    assert "\n::add-mask::password\n##[error]no\n" in stream.getvalue()


def test_the_word_that_ends_untrusted_lines_is_another_each_time() -> None:
    runner, stream = speak()

    for _ in range(2):
        with runner.untrusted():
            pass

    words = re.findall(r"::stop-commands::(\S+)", stream.getvalue())
    assert 2 == len(set(words))


def test_commands_are_obeyed_again_when_a_build_fails() -> None:
    runner, stream = speak()

    with pytest.raises(ZeroDivisionError), runner.untrusted():
        raise ZeroDivisionError
    runner.error("it failed")

    assert ["stop-commands", "error"] == obeyed(stream.getvalue())


def test_a_secret_is_masked_whole_and_by_its_lines() -> None:
    runner, stream = speak()

    runner.mask("one\ntwo%\n\n")

    assert "::add-mask::one%0Atwo%25%0A%0A\n::add-mask::one\n::add-mask::two%25\n" == stream.getvalue()


def test_outside_actions_there_is_plain_text_and_no_secret() -> None:
    stream = io.StringIO()
    runner = Runner({}, stream)

    with runner.group("Build"), runner.untrusted():
        runner.line("::group::x")
    runner.mask("hunter2")
    runner.error("no such stage", file="Dockerfile", line=3)
    runner.warning("slow")

    assert "Build\n::group::x\nerror: Dockerfile:3: no such stage\nwarning: slow\n" == stream.getvalue()
    assert not runner.summary("# hi")
    assert not runner.outputs({"verdict": "pass"})


def test_summaries_are_added_to_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    runner, stream = speak({"GITHUB_STEP_SUMMARY": str(file)})

    assert runner.summary("# One")
    assert runner.summary("# Two\n")

    assert "# One\n# Two\n" == file.read_text()
    assert "" == stream.getvalue()


def test_a_summary_that_is_too_long_is_cut_between_lines(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    file.write_text("x" * 1000)
    runner, _ = speak({"GITHUB_STEP_SUMMARY": str(file)})

    assert runner.summary("| ä |\n" * 300_000)

    text = file.read_text()
    assert SUMMARY_LIMIT - 10 < len(text.encode()) <= SUMMARY_LIMIT
    assert text.endswith("| ä |\n\n\n_Cut here: a summary holds 1 MiB at most._\n")


def test_a_summary_that_can_not_be_written_is_a_warning(tmp_path: Path) -> None:
    runner, stream = speak({"GITHUB_STEP_SUMMARY": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "no" / "file")})

    assert not runner.summary("# hi")
    assert not runner.outputs({"verdict": "pass", "new-size": "5"})

    first, second = stream.getvalue().splitlines()
    assert f"::warning::could not write the job summary to {tmp_path}: Is a directory" == first
    assert f"::warning::could not write the outputs to {tmp_path}/no/file: No such file or directory" == second


def test_an_output_can_not_be_ended_early(tmp_path: Path) -> None:
    file = tmp_path / "output"
    runner, _ = speak({"GITHUB_OUTPUT": str(file)})

    runner.outputs({"json": "{}\nEOF\nverdict=pass", "new-size": "5"})

    assert re.fullmatch(
        r"json<<(weighbridge-[0-9a-f]{32})\n\{\}\nEOF\nverdict=pass\n\1\nnew-size<<\1\n5\n\1\n",
        file.read_text(),
    )


def test_an_output_needs_a_name() -> None:
    runner, _ = speak()

    with pytest.raises(ValueError, match="no name"):
        runner.outputs({"x\ny": "1"})


def test_outputs_that_do_not_fit_on_the_disk_are_not_half_there(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("before=1\n")
    runner, stream = speak({"GITHUB_OUTPUT": str(file)})

    with largest_file(100):
        assert not runner.outputs({"new-size": "5", "json": "x" * 200})

    assert "before=1\n" == file.read_text()
    assert stream.getvalue().startswith("::warning::could not write the outputs to")


def test_names_that_are_not_unicode_do_not_stop_the_log(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding="ascii")
    runner = Runner({"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(file)}, stream)

    runner.line("caf\udce9 ä")
    runner.error("caf\udce9")
    runner.summary("caf\udce9")

    assert b"caf\\udce9 \\xe4\n::error::caf?\n" == data.getvalue()
    assert "caf?\n" == file.read_text()
