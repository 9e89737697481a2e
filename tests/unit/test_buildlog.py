"""What a builder's log says of a failure. The logs are BuildKit's own, cut to what counts."""

from __future__ import annotations

import pytest

from weighbridge.dockerfile.buildlog import Failure, failure

STEP = """\
#6 [3/3] RUN make all
#6 0.128 make: *** No rule to make target 'all'.  Stop.
#6 ERROR: process "/bin/sh -c make   all" did not complete successfully: exit code: 2
------
 > [3/3] RUN make all:
0.128 make: *** No rule to make target 'all'.  Stop.
------
Dockerfile:3
--------------------
   1 |     FROM busybox:1.36
   2 |     COPY . .
   3 | >>> RUN make \\
   4 | >>>  all
   5 |
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c make   all" did not complete successfully: exit code: 2
"""
ABSENT = (
    "ERROR: failed to build: failed to solve: failed to compute cache key: failed to calculate checksum of ref "
    '0f671d9b-441c-42aa-813b-a24e0ce41809::8k186ty0tbv9kkf8pjbmgez7g: "/no such file": not found'
)


def found(log: str) -> Failure:
    return failure(log.splitlines())


def test_a_step_that_fails_is_told_by_its_command_status_and_first_line() -> None:
    assert Failure(reason="`make all` ended with exit status 2", line=3) == found(STEP)


def test_a_long_command_is_cut() -> None:
    log = f'ERROR: failed to solve: process "/bin/sh -c {"x" * 500}" did not complete successfully: exit code: 1'

    assert f"`{'x' * 119}…` ended with exit status 1" == found(log).reason


def test_a_file_that_is_not_there_is_told_without_the_builders_own_names() -> None:
    assert "/no such file is not in the build context or stage" == found(ABSENT).reason


def test_a_parse_error_is_malformed_and_has_its_line() -> None:
    log = "ERROR: failed to solve: dockerfile parse error on line 7: unknown instruction: RUNN (did you mean RUN?)"

    assert Failure(reason="unknown instruction: RUNN (did you mean RUN?)", line=7, malformed=True) == found(log)


def test_a_program_of_another_platform_says_what_is_missing() -> None:
    log = STEP.replace("make: *** No rule to make target 'all'.  Stop.", "exec /bin/sh: exec format error")

    assert found(log).reason.startswith("`make all` is of a platform that can't be run here: set up emulation")


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: Cannot connect to the Docker daemon at unix:///nope.sock. Is the docker daemon running?",
        "ERROR: permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
        "ERROR: failed to build: failed to connect to the docker API at unix:///nope.sock",
    ],
)
def test_an_engine_that_does_not_answer_is_no_fault_of_the_dockerfile(said: str) -> None:
    assert (True, None) == (found(said).engine, found(said).line)


def test_a_client_without_buildx_is_told_apart() -> None:
    assert found("ERROR: BuildKit is enabled but the buildx component is missing or broken.").no_buildx


@pytest.mark.parametrize("log", ["", "\n\n", "#1 DONE 0.1s", "ERROR: "])
def test_a_log_that_says_nothing_is_said_to(log: str) -> None:
    assert Failure(reason="the builder ended without a word", line=None) == found(log)


def test_what_a_command_prints_is_not_taken_for_the_builders_own_words() -> None:
    log = "#5 0.1 ERROR: failed to solve: x\n   9 | >>> RUN fake\n" + STEP

    assert Failure(reason="`make all` ended with exit status 2", line=3) == found(log)
