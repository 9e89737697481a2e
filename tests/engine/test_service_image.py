"""The service's own image and its compose file, run for real: what it weighs, as whom it runs, what survives."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.act import ROOT
from tests.support.engine import docker, inspected
from tests.support.reports import image as weighed
from tests.support.reports import report
from weighbridge.client import ServiceClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1200)]

MAX_SIZE = 200_000_000
MAX_PACKED_SIZE = 75_000_000
PYTHON = "/usr/bin/python3.11"
NAME = f"weighbridge-test-{os.getpid()}"


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """The image; its steps stay in the engine's cache for those who build it next."""
    tag = f"{NAME}:service"
    docker("build", "--quiet", "--file", str(ROOT / "deploy/Dockerfile"), "--tag", tag, str(ROOT), timeout=1100)
    yield tag
    docker("image", "rm", "--no-prune", tag)


@pytest.fixture
def address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def compose(image: str, address: str) -> Iterator[Callable[..., str]]:
    """`docker compose` on the file in deploy/; all that it made is gone afterwards."""
    environment = {
        "WEIGHBRIDGE_IMAGE": image,
        "WEIGHBRIDGE_ADDRESS": address,
        "POSTGRES_PASSWORD": secrets.token_hex(16),
        "WEIGHBRIDGE_SERVICE_SECRET": secrets.token_hex(32),
        "COMPOSE_PROJECT_NAME": NAME,
    }
    command = [os.environ["WEIGHBRIDGE_COMPOSE"], "--file", str(ROOT / "deploy/compose.yaml")]

    def run(*words: str) -> str:
        done = subprocess.run(
            [*command, *words], capture_output=True, text=True, env=os.environ | environment, timeout=600
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    yield run
    run("down", "--volumes", "--timeout", "5")


def wait(address: str) -> None:
    end = time.monotonic() + 400
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://{address}/readyz", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.5)
    raise AssertionError("the service is not ready")


def test_it_is_small_and_nobody_s(image: str) -> None:
    head = inspected(image)["head"]

    assert head["size"] < MAX_SIZE
    assert head["packed_size"] < MAX_PACKED_SIZE
    assert "65532:65532" == head["config"]["user"]


def test_it_starts_with_nothing_but_a_folder(image: str) -> None:
    said = docker("run", "--rm", "--network", "none", image, "admin", "token", "a", "*")

    assert said.startswith("wbu_")


def test_compose_keeps_reports_through_restarts(compose: Callable[..., str], address: str) -> None:
    compose("up", "--detach")
    wait(address)
    token = compose("exec", "-T", "service", PYTHON, "-m", "weighbridge", "admin", "token", "ci", "octocat/*").strip()
    with ServiceClient(f"http://{address}", token) as service:
        service.send(replace(report(weighed(size=5_000_000)), pull_request=None))

    compose("restart", "database", "service")
    wait(address)

    with ServiceClient(f"http://{address}", token) as service:
        (shown,) = service.images()
    assert 5_000_000 == shown.size
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        assert b"weighbridge_http_requests_total" in answer.read()
