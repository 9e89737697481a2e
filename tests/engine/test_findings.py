"""Findings on images that were built for real, their bytes held to `docker export` and `docker history`."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import docker, inspected
from weighbridge.model.build import BuildSpec
from weighbridge.subjects import read_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

# A wheel that is built here stays in pip's cache, whatever a mirror lets it keep of downloads.
PYTHON = """\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends gcc
RUN pip install --no-binary docutils docutils
COPY . /app
RUN chown -R 1000:1000 /app
COPY model.bin /tmp/gone.bin
RUN rm /tmp/gone.bin
"""
NODE = """\
FROM node:20-slim
WORKDIR /app
COPY package.json ./
RUN npm install
"""
PACKAGE = '{"dependencies": {"express": "4"}, "devDependencies": {"mocha": "10"}}'
MODEL, HISTORY = 400_000, 300_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build context with a history, and both Dockerfiles."""
    root = tmp_path_factory.mktemp("context")
    (root / ".git").mkdir()
    (root / ".git" / "pack").write_bytes(b"\1" * HISTORY)
    (root / "model.bin").write_bytes(b"\2" * MODEL)
    (root / "package.json").write_text(PACKAGE)
    (root / "python.Dockerfile").write_text(PYTHON)
    (root / "node.Dockerfile").write_text(NODE)
    return root


def built(folder: Path, name: str) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """The image's tag and its findings by rule."""
    tag, file = f"weighbridge-test:findings-{name}", folder / f"{name}.Dockerfile"
    docker("build", "--quiet", "--network", "host", "--tag", tag, "--file", str(file), str(folder), timeout=280)
    try:
        found = inspected(f"docker-daemon:{tag}", "--dockerfile", str(file))["findings"]
        assert len({each["rule"] for each in found}) == len(found)
        yield tag, {each["rule"]: each for each in found}
    finally:
        docker("image", "rm", "--force", tag)


@pytest.fixture(scope="module")
def python(folder: Path) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    yield from built(folder, "python")


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    yield from built(folder, "node")


def exported(tag: str, target: Path) -> dict[str, int]:
    """The regular files of the final file system, by `docker export`."""
    container = docker("create", tag, "none").strip()
    try:
        docker("export", "--output", str(target), container)
    finally:
        docker("rm", container)
    with tarfile.open(target) as tar:
        return {member.name: member.size for member in tar if member.isreg()}


def below(files: dict[str, int], folder: str) -> int:
    return sum(size for path, size in files.items() if path.startswith(folder))


def place(found: dict[str, Any]) -> int:
    line: int = found["line"]["start"]
    return line


def test_package_lists_and_caches_weigh_what_docker_export_says(
    python: tuple[str, dict[str, dict[str, Any]]], tmp_path: Path
) -> None:
    tag, found = python
    files = exported(tag, tmp_path / "tree.tar")

    lists = below(files, "var/lib/apt/lists/") + below(files, "var/cache/apt/")
    assert (2, lists) == (place(found["apt-lists-kept"]), found["apt-lists-kept"]["waste"])
    assert (3, below(files, "root/.cache/pip/")) == (place(found["pip-cache"]), found["pip-cache"]["waste"])


def test_a_compiler_is_weighed_at_the_line_that_installs_it(python: tuple[str, dict[str, dict[str, Any]]]) -> None:
    _, found = python
    toolchain = found["toolchain-in-final"]

    assert 2 == place(toolchain)
    assert toolchain["waste"] > 50_000_000
    assert any(each["text"].startswith("gcc-") for each in toolchain["evidence"])


def test_a_chown_weighs_the_layer_that_docker_history_lists(python: tuple[str, dict[str, dict[str, Any]]]) -> None:
    tag, found = python
    listed = docker("history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", tag).splitlines()
    (size,) = [int(line.split()[0]) for line in listed if "chown -R" in line]

    assert (5, size) == (place(found["recursive-chown-layer"]), found["recursive-chown-layer"]["waste"])


def test_what_a_later_instruction_deletes_is_charged_to_the_one_that_wrote_it(
    python: tuple[str, dict[str, dict[str, Any]]],
) -> None:
    _, found = python

    assert (6, MODEL) == (place(found["no-clean-same-layer"]), found["no-clean-same-layer"]["waste"])


def test_the_history_is_found_where_it_was_copied(python: tuple[str, dict[str, dict[str, Any]]]) -> None:
    _, found = python

    assert (4, HISTORY) == (place(found["context-clutter"]), found["context-clutter"]["waste"])


def test_npms_cache_and_development_dependencies_are_measured(
    node: tuple[str, dict[str, dict[str, Any]]], tmp_path: Path
) -> None:
    tag, found = node
    files = exported(tag, tmp_path / "tree.tar")

    assert (4, below(files, "root/.npm/_")) == (place(found["npm-cache"]), found["npm-cache"]["waste"])
    assert 4 == place(found["npm-dev-deps"])
    own = below(files, "app/node_modules/mocha/") - below(files, "app/node_modules/mocha/node_modules/")
    assert own == found["npm-dev-deps"]["waste"]


IGNORE = """\
# what the engine must agree to
*.log
**/node_modules
!web/node_modules/keep
docs/*
!docs/*.md
/build/
a/**/b
[c-e]?
**/x*y/*
!**/x1y/again
"""
TREE = (
    "top.log", "web/deep.log", "node_modules/a", "web/node_modules/drop", "web/node_modules/keep/a", "docs/a.md",
    "docs/deep/a.md", "docs/a.txt", "build/a", "web/build/a", "a/b", "a/c/b", "a/c/d/b/e", "c1", "f1", "cc1", "x1y/one",
    "x1y/again", "p/xzy/two", ".dockerignore.bak", "b/ü x",
)  # fmt: skip


def test_the_ignore_file_keeps_out_what_the_engine_keeps_out(tmp_path: Path) -> None:
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / ".dockerignore").write_text(IGNORE)
    (tmp_path / "Dockerfile").write_text("FROM busybox:1.36\nCOPY . /context\n")
    tag = "weighbridge-test:ignored"
    docker("build", "--quiet", "--tag", tag, str(tmp_path))
    try:
        files = exported(tag, tmp_path / "tree.tar")
    finally:
        docker("image", "rm", "--force", tag)
    (tmp_path / "tree.tar").unlink()
    context = read_context(tmp_path, BuildSpec(name="app"))

    assert context is not None
    sent = {path.removeprefix("context/"): size for path, size in files.items() if path.startswith("context/")}
    assert sent == dict(context.sizes)
