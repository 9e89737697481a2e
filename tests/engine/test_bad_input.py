"""Dockerfiles that cannot be built and programs that misbehave: bounded, cleaned up, and told in one line."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import docker
from tests.support.git import create
from weighbridge.adapters.builder import BuildxBuilder
from weighbridge.adapters.containers import DockerContainers
from weighbridge.adapters.engine import DockerEngine
from weighbridge.adapters.machine import LocalMachine, Room
from weighbridge.adapters.overseer import Bounds
from weighbridge.core.proof.behaviour import judge_original
from weighbridge.errors import BuildFailed
from weighbridge.model.behaviour import Limits, Request, Smoke
from weighbridge.model.build import BuildSpec
from weighbridge.observing import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

pytestmark = pytest.mark.engine


class Left:
    """What is on the engine of a process and of images with a label."""

    def __init__(self) -> None:
        self.label = f"weighbridge.test={secrets.token_hex(6)}"

    def of(self, process: int) -> list[str]:
        """IDs and names; none if all was cleaned up."""
        mine = f"label=weighbridge.process={process}"
        return [
            *docker("ps", "--all", "--quiet", "--filter", mine).split(),
            *docker("volume", "ls", "--quiet", "--filter", mine).split(),
            *docker("network", "ls", "--quiet", "--filter", "name=weighbridge").split(),
            *docker("images", "--all", "--quiet", "--filter", f"label={self.label}").split(),
        ]


@pytest.fixture
def left() -> Left:
    return Left()


def fixed(tree: Path, left: Left) -> tuple[int, dict[str, Any]]:
    """The exit status and the report of `fix`, after which nothing is on the engine."""
    command = [sys.executable, "-m", "weighbridge", "fix", "--format", "json"]
    with subprocess.Popen(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        stdout, stderr = process.communicate(timeout=280)
    assert "" == stderr
    assert [] == left.of(process.pid)
    return process.returncode, json.loads(stdout)


@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        ("FROM busybox:1.36\nRUN <<END\necho hello\n", "Dockerfile:2: the heredoc END never ends"),
        ("FROM busybox:1.36\nRUNN echo\n", "Dockerfile:2: RUNN is no instruction, did you mean RUN?"),
        ("FROM busybox:1.36\nRUN sleep 600\n",
         "the build took longer than 5 s and was ended; raise `timeout` if it needs more"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_told_by_its_line(tmp_path: Path, left: Left, dockerfile: str, said: str) -> None:
    tree = create(tmp_path / "repository")
    tree.commit({"Dockerfile": dockerfile, ".weighbridge.yml": "timeout: 5s\n"}, "Begin")

    status, report = fixed(tree.path, left)

    assert (3, said) == (status, report["head"]["unavailable"]["reason"])


@pytest.mark.parametrize(
    ("run", "bounds", "said"),
    [
        ("for i in $(seq 600); do sleep 120 & done; wait", Bounds(processes=300, disk=0),
         r"the build was ended with \d+ more processes than before it: a RUN forks without end"),
        # Twice as much as it may, and then it would wait.
        ("dd if=/dev/zero of=/big bs=1M count=200 && sync && sleep 120", None,
         r"the build was ended with .* left on the engine's disk: it writes without end, or needs a larger one"),
    ],
    ids=["forks", "fills the disk"],
)  # fmt: skip
def test_a_build_that_takes_too_much_is_ended_and_told_in_one_line(
    tmp_path: Path, run: str, bounds: Bounds | None, said: str
) -> None:
    with contextlib.closing(DockerEngine()) as engine:
        machine = LocalMachine(engine.data_folder)
        free = machine.look().free
        assert free is not None
        bounds = bounds or Bounds(disk=free - (100 << 20), processes=100_000)
        builder = BuildxBuilder(root=tmp_path, machine=Roomy(machine), bounds=bounds)
        (tmp_path / "Dockerfile").write_text(f"FROM busybox:1.36\nRUN {run}\n")
        started = time.monotonic()
        with pytest.raises(BuildFailed) as failed:
            builder.build(BuildSpec(name="greedy", no_cache=True), tree=tmp_path, tag="none:x", on_line=lambda _: None)

    assert re.fullmatch(said, str(failed.value))
    assert time.monotonic() - started < 100


class Roomy:
    """A machine that says nothing of how much it had before, of which half would be left to it."""

    def __init__(self, machine: LocalMachine) -> None:
        self._machine = machine
        self._asked = 0

    def look(self) -> Room:
        """See Machine."""
        room = self._machine.look()
        self._asked += 1
        return replace(room, most=None, free=1 << 60) if self._asked == 1 else room


def test_a_dockerfile_that_is_not_utf8_is_weighed_and_not_rewritten(tmp_path: Path, left: Left) -> None:
    text = f"FROM debian:12-slim\n# caf\xe9\nLABEL {left.label}\nRUN apt-get update; date > /updated\n"
    tree = create(tmp_path / "repository")
    (tree.path / "Dockerfile").write_bytes(text.encode("latin-1"))
    tree.commit(message="Begin")

    status, report = fixed(tree.path, left)

    assert (0, True) == (status, report["head"]["size"] > 50_000_000)
    (fix,) = report["fixes"]
    assert ("not-run", "") == (fix["proof"]["status"], fix["patch"])
    said = "Dockerfile:2: is not UTF-8, so no patch of it can be made: save it as UTF-8"
    assert said == fix["proof"]["reason"]


def python(script: str) -> tuple[str, ...]:
    """A command of the image."""
    return ("python3", "-uc", script)


FORKS = python("import os\nwhile True:\n try: os.fork()\n except OSError: pass")
FILLS = python("n = 0\nwhile True:\n n += 1\n open(f'/x{n % 40}', 'ab').write(bytes(4 << 20))")
HOARDS = python("kept = []\nwhile True: kept.append(bytes(4 << 20))")
FLOODS = python("while True: print('flood' * 200)")
COIN = python("import os, sys; print(1); sys.exit(os.urandom(8)[0] % 200 + 1)")
SLEEPS = python("import time; time.sleep(1000)")
STUBBORN = python("import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(1000)")
SMALL = Limits(memory=256 << 20, disk=64 << 20, processes=64)


@pytest.fixture
def containers(left: Left) -> Iterator[DockerContainers]:
    with contextlib.closing(DockerContainers()) as found:
        yield found
    assert [] == left.of(os.getpid())


@pytest.mark.parametrize(
    ("smoke", "said"),
    [
        (Smoke(command=FORKS), "it started 64 processes, more than it may, and was ended"),
        (Smoke(command=FILLS), "it wrote more than 67.1 MB and was ended"),
        (Smoke(command=HOARDS), "it used more than 268.4 MB of memory and was ended"),
        (Smoke(command=FLOODS), "the original prints without end, more than can be compared"),
        (Smoke(command=SLEEPS, status=0, timeout=3.0), "stays alive, where status 0 is expected"),
        (Smoke(command=SLEEPS, requests=(Request(status=200),), timeout=8.0), "GET / could not be asked"),
        (Smoke(command=("/no/such/program",)), "the original cannot be started: exec: "),
        (Smoke(command=COIN), "the original ends with status "),
        (Smoke(command=STUBBORN), ""),
    ],
    ids=["forks", "fills the disk", "hoards", "floods", "never ends", "listens nowhere", "never starts", "fails",
         "never stops"],
)  # fmt: skip
def test_a_program_that_misbehaves_is_bounded_and_told_in_one_line(
    containers: DockerContainers, smoke: Smoke, said: str
) -> None:
    with contextlib.closing(DockerEngine()) as engine:
        config = replace(engine.describe("python:3.11-slim").config, command=smoke.command or ())
    observer = Observer(containers=containers, limits=SMALL)
    first = observer.observe("python:3.11-slim", config, smoke)
    second = observer.observe("python:3.11-slim", config, smoke, like=first)
    reason = judge_original(first, second, config, smoke).reason

    assert said in reason
    assert "\n" not in reason
    assert bool(said) == bool(reason)
