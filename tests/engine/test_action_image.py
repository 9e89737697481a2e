"""The action's own image: what it weighs by weighbridge, and that everything it was reduced to still runs."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.act import export_action
from tests.support.engine import docker, inspected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

MAX_SIZE = 200_000_000
MAX_PACKED_SIZE = 80_000_000
CLASSIC = {"DOCKER_BUILDKIT": "0"}
COMPILED = """
import importlib.util, os, sys
import weighbridge.action, weighbridge.commands, weighbridge.core.rendering, weighbridge.core.wire
import docker, github, jinja2
specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
files = [spec.cached for spec in specs if spec and spec.cached]
print(len(files), *(file for file in files if not os.path.exists(file)))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image, built as runners build it; the steps stay in the engine's cache for those who build it next."""
    tag = f"weighbridge-test:action-{os.getpid()}"
    context = export_action(tmp_path_factory.mktemp("action"))
    docker("build", "--quiet", "--tag", tag, str(context), env=CLASSIC, timeout=800)
    yield tag
    docker("image", "rm", "--no-prune", tag)


@pytest.fixture(scope="module")
def head(image: str) -> dict[str, Any]:
    """The weighed image."""
    side: dict[str, Any] = inspected(image)["head"]
    return side


def run(image: str, *command: str, program: str | None = None) -> str:
    """What a container without a network prints."""
    entrypoint = () if program is None else ("--entrypoint", program)
    return docker("run", "--rm", "--network", "none", *entrypoint, image, *command)


def test_it_weighs_less_than_its_budget_unpacked(head: dict[str, Any]) -> None:
    assert head["size"] < MAX_SIZE


def test_it_weighs_less_than_its_budget_packed(head: dict[str, Any]) -> None:
    assert head["packed_size"] < MAX_PACKED_SIZE


def test_its_estimated_packed_size_is_nearly_what_is_pushed(image: str, head: dict[str, Any], tmp_path: Path) -> None:
    docker("save", "--output", str(tmp_path / "image.tar"), image)
    copy = [os.environ["WEIGHBRIDGE_SKOPEO"], "copy", "--quiet"]
    subprocess.run([*copy, f"docker-archive:{tmp_path / 'image.tar'}", f"oci:{tmp_path / 'image'}:it"], check=True)
    pushed = sum(blob.stat().st_size for blob in (tmp_path / "image" / "blobs" / "sha256").iterdir())
    assert pushed < MAX_PACKED_SIZE
    # No worse than what is said of a single layer where the estimate is made.
    assert abs(head["packed_size"] - pushed) / pushed < 0.15


def test_it_holds_no_byte_that_it_does_not_show(head: dict[str, Any]) -> None:
    assert head["wasted"] < 10_000


def test_scanners_find_the_packages_that_were_copied(head: dict[str, Any]) -> None:
    names = {package["name"] for package in head["packages"]}
    assert {"git", "openssh-client", "libcurl3-gnutls", "PyGithub", "weighbridge"} <= names


def test_it_helps(image: str) -> None:
    assert "Exit status:" in run(image, "--help")


def test_it_says_its_version(image: str) -> None:
    assert run(image, "--version").startswith("weighbridge ")


@pytest.mark.parametrize(
    ("program", "arguments"), [("/usr/bin/git", "--version"), ("/usr/bin/docker-buildx", "version")]
)
def test_the_programs_it_calls_find_their_libraries(image: str, program: str, arguments: str) -> None:
    assert run(image, arguments, program=program) != ""


def test_git_speaks_https(image: str) -> None:
    script = (
        "import subprocess; print(subprocess.run(['git', 'ls-remote', 'https://127.0.0.1:1/'],"
        " stderr=subprocess.PIPE, text=True).stderr)"
    )
    assert "Failed to connect to 127.0.0.1 port 1" in run(image, "-c", script, program="/usr/bin/python3.11")


def test_nothing_is_compiled_when_it_starts(image: str) -> None:
    count, *compiled = run(image, "-c", COMPILED, program="/usr/bin/python3.11").split()
    assert int(count) > 500
    assert compiled == []
