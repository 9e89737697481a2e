"""A BuildKit daemon elsewhere builds: a real buildkitd, spoken to by buildx's driver `remote`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import docker
from tests.support.git import create
from tests.support.served import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.git import WorkTree

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

# Nothing is pulled: the daemon shares no image with the engine. No instruction stands in both stages: which of two that
# are alike BuildKit names as the maker of a layer is chance.
DOCKERFILE = """\
FROM scratch AS build
COPY busybox /busybox
RUN ["/busybox", "sh", "-c", "/busybox mkdir /out && /busybox head -c 300000 /dev/zero > /out/data"]

FROM scratch
COPY busybox /bin/busybox
COPY --from=build /out/ /srv/
COPY app /app
CMD ["/app"]
"""


@dataclass(frozen=True)
class Daemon:
    """Where it answers, and its log."""

    addresses: dict[str, str]
    log: Path


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    # A short path: that of a socket has 107 bytes at most.
    folder = tmp_path_factory.mktemp("bk")
    socket, port = folder / "s", free_port()
    addresses = {"unix": f"unix://{socket}", "tcp": f"tcp://127.0.0.1:{port}"}
    listening = [word for address in addresses.values() for word in ("--addr", address)]
    command = [os.environ["WEIGHBRIDGE_BUILDKITD"], "--debug", *listening, "--root", str(folder / "root")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--oci-worker-net", "host"], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + 60
        while "running server on" not in (folder / "log").read_text():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        yield Daemon(addresses=addresses, log=folder / "log")
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> WorkTree:
    """The head is 50,000 bytes larger than main."""
    made = create(tmp_path_factory.mktemp("remote") / "repository")
    container = docker("create", "busybox:1.36", "true").strip()
    docker("cp", f"{container}:/bin/busybox", str(made.path / "busybox"))
    docker("rm", container)
    made.commit({"Dockerfile": DOCKERFILE, "app": "x" * 10_000})
    made.git("checkout", "-q", "-b", "larger")
    made.commit({"app": "x" * 60_000})
    return made


def checked(repository: WorkTree, folder: Path, builder: str | None = None) -> dict[str, Any]:
    """The report of `check`, with a memory and builders of its own."""
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(folder / "cache"),
        "BUILDX_CONFIG": str(folder / "buildx"),
        **({"WEIGHBRIDGE_BUILDER": builder} if builder else {}),
    }
    done = subprocess.run(
        [sys.executable, "-m", "weighbridge", "check", "--base", "main", "--format", "json"],
        cwd=repository.path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def told(report: dict[str, Any]) -> Any:
    """What does not depend on when and where it was built: digests of layers hold the times of their files, and of two
    builds that run at once and share a step, BuildKit proves the line of its layer in one of them.
    """
    (image,) = report["images"]

    def side(name: str) -> Any:
        layers = [
            {key: layer[key] for key in ("size", "created_by", "line", "from_base")} for layer in image[name]["layers"]
        ]
        return layers, {key: image[name][key] for key in ("size", "wasted", "config", "largest_files", "file_count")}

    return side("base"), side("head"), image["diff"]["size"], image["diff"]["causes"], image["diff"]["files"]


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_what_is_built_elsewhere_weighs_the_same(
    kind: str, daemon: Daemon, repository: WorkTree, tmp_path: Path
) -> None:
    here = checked(repository, tmp_path / "here")
    before = len(daemon.log.read_text())
    there = checked(repository, tmp_path / "there", daemon.addresses[kind])

    assert told(here) == told(there)
    assert 50_000 == there["images"][0]["diff"]["size"]
    # It was the daemon that built both sides.
    assert 2 <= daemon.log.read_text()[before:].count("session started")


def test_a_daemon_that_is_away_is_told(repository: WorkTree, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "weighbridge", "check", "--base", "main"],
        cwd=repository.path,
        env={
            **os.environ,
            "BUILDX_CONFIG": str(tmp_path),
            "WEIGHBRIDGE_BUILDER": f"tcp://127.0.0.1:{free_port()}",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert 3 == done.returncode, done.stderr
    assert done.stderr.count("\n") <= 3, done.stderr
