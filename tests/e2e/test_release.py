"""A release, by its own workflow and the real runner: a registry gets the image, the tags name it, nobody builds it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.act import Runner, export_action
from tests.support.engine import docker
from tests.support.git import WorkTree, create
from tests.support.registry import PASSWORD, USER, Registry, running_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.support.github import GitHub

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.timeout(1200)]

REPOSITORY = "Octocat/Scale"


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """A clone of a bare repository that releases. `tree` is what the workflow checks out."""

    tree: WorkTree
    origin: WorkTree
    registry: Registry
    folder: Path

    def bump(self, version: str) -> None:
        """The change that a maintainer makes before a release."""
        package, changelog = (self.tree.path / name for name in ("src/weighbridge/__init__.py", "CHANGELOG.md"))
        package.write_text(
            re.sub(r'^__version__ = ".*"$', f'__version__ = "{version}"', package.read_text(), flags=re.MULTILINE)
        )
        changelog.write_text(re.sub(r"^## .*$", f"## {version}", changelog.read_text(), count=1, flags=re.MULTILINE))
        self.tree.commit(message=f"Bump the version to {version}")
        self.tree.git("push", "--quiet", "origin", "main")

    def release(self, version: str) -> tuple[int, str]:
        """Runs the workflow for a version; status and log."""
        event = self.folder / "event.json"
        event.write_text(json.dumps({"inputs": {"version": version}}))
        command = [
            os.environ["WEIGHBRIDGE_ACT"],
            "workflow_dispatch",
            *("-W", ".github/workflows/release.yml", "-e", str(event), "--actor", USER),
            *("-P", "ubuntu-latest=-self-hosted", "--pull=false", "--no-cache-server"),
            *("-s", f"GITHUB_TOKEN={PASSWORD}", "--var", f"IMAGE_REGISTRY={self.registry.address}"),
            *("--env", f"GITHUB_REPOSITORY={REPOSITORY}"),
        ]
        done = subprocess.run(
            command,
            cwd=self.tree.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=900,
        )
        return done.returncode, done.stdout

    def tags(self) -> dict[str, str]:
        """Commits of the tags that users see."""
        listed = self.origin.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/tags")
        return dict(line.split() for line in listed.splitlines())

    def image(self, tag: str) -> str:
        """What action.yml runs at a tag."""
        return self.origin.git("show", f"{tag}:action.yml").rpartition("image: ")[2].strip()


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    folder = tmp_path_factory.mktemp("release")
    origin = WorkTree(folder / "origin")
    tree = create(folder / "clone")
    tree.git("init", "--quiet", "--bare", "--initial-branch", "main", str(origin.path))
    tree.git("remote", "add", "origin", origin.path.as_uri())
    export_action(tree.path)
    with running_registry(folder) as registry:
        made = Publisher(tree=tree, origin=origin, registry=registry, folder=folder)
        made.bump("7.0.1")
        yield made
        for image in set(docker("image", "ls", "--quiet", f"{registry.address}/*/*").split()):
            docker("image", "rm", "--force", image)


@pytest.fixture(scope="module")
def released(publisher: Publisher) -> str:
    """The log of the first release."""
    status, log = publisher.release("7.0.1")
    assert status == 0, log
    return log


def test_a_release_is_tagged_and_names_its_image_by_digest(publisher: Publisher, released: str) -> None:
    tags = publisher.tags()
    assert tags["v7.0.1"] == tags["v7"]
    assert re.fullmatch(
        rf"docker://{publisher.registry.address}/octocat/scale@sha256:[0-9a-f]{{64}}", publisher.image("v7.0.1")
    )
    assert publisher.image("main") == "Dockerfile"


def test_a_secret_is_not_in_the_log_of_a_release(released: str) -> None:
    assert PASSWORD not in released


def test_a_pull_request_is_weighed_by_the_released_image_without_a_build(
    publisher: Publisher,
    released: str,
    github: GitHub,
    tmp_path: Path,
    merged: Callable[[Mapping[str, str], Mapping[str, str]], WorkTree],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    action = tmp_path / "action"
    publisher.origin.git("clone", "--quiet", "--branch", "v7", publisher.origin.path.as_uri(), str(action))
    reference = publisher.image("v7").removeprefix("docker://")
    docker("image", "rm", "--force", docker("image", "inspect", "--format", "{{.Id}}", reference).strip())
    (tmp_path / "client").mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "client"))
    docker("login", publisher.registry.address, "--username", USER, "--password-stdin", stdin=PASSWORD)

    tree = merged({"README": "nothing yet\n"}, {"Dockerfile": "FROM busybox:1.36\nRUN echo large > /large\n"})
    number = github.open_pull_request("feature")["number"]
    ran = Runner(github=github, folder=tmp_path, action=action).pull_request(tree, number)

    assert ran.status == 0, ran.log
    assert f"docker pull image={reference}" in ran.log
    assert "docker build -t act-" not in ran.log
    assert ran.report["tool_version"] == "7.0.1"


def test_a_version_is_released_once(publisher: Publisher, released: str) -> None:
    before = publisher.tags()
    publisher.tree.git("fetch", "--quiet", "--tags", "origin")
    status, log = publisher.release("7.0.1")
    assert status != 0
    assert "v7.0.1 is released already" in log
    assert publisher.tags() == before


def test_a_version_that_the_project_does_not_have_is_not_released(publisher: Publisher, released: str) -> None:
    before = publisher.tags()
    status, log = publisher.release("7.9.0")
    assert status != 0
    assert "src/weighbridge/__init__.py has the version 7.0.1, not 7.9.0" in log
    assert publisher.tags() == before


def test_the_next_release_moves_the_major_version_alone(publisher: Publisher, released: str) -> None:
    before = publisher.tags()
    publisher.bump("7.0.2")
    status, log = publisher.release("7.0.2")
    assert status == 0, log
    after = publisher.tags()
    assert before["v7.0.1"] == after["v7.0.1"]
    assert after["v7"] == after["v7.0.2"] != before["v7"]
