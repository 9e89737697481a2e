"""Sizes against oracles that share no code with weighbridge: `docker history` and `docker export`."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import docker, inspected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM busybox:1.36
RUN mkdir /data && dd if=/dev/urandom of=/data/a bs=1000 count=300 && ln /data/a /data/b && ln -s a /data/c
RUN dd if=/dev/urandom of=/data/d bs=1000 count=200
RUN rm /data/d && chown 1:1 /data/a
RUN rm -r /data && mkdir /data && echo again > /data/e
"""


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """An image with hard links, a symlink, whiteouts and an opaque directory."""
    tag = "weighbridge-test:sizes"
    docker("build", "--quiet", "--tag", tag, "-", stdin=DOCKERFILE)
    yield tag
    docker("image", "rm", "--force", tag)


def head(document: dict[str, Any]) -> dict[str, Any]:
    """The weighed side, wherever the document keeps it."""
    images = document.get("images") or [document.get("image", document)]
    side: dict[str, Any] = images[0]["head"]
    return side.get("weighed") or side


def test_layers_weigh_what_docker_history_says(image: str) -> None:
    listed = docker("history", "--no-trunc", "--human=false", "--format", "{{.Size}}", image).split()
    expected = [int(size) for size in reversed(listed) if size != "0"]
    weighed = [layer["size"] for layer in head(inspected(image))["layers"] if layer["size"]]
    # An engine that loaded the base, instead of building it, counts the text of its symbolic links too.
    assert expected[1:] == weighed[1:]


def test_an_archive_weighs_what_the_daemon_says(image: str, tmp_path: Path) -> None:
    docker("save", "--output", str(tmp_path / "image.tar"), image)
    archived = head(inspected(f"docker-archive:{tmp_path / 'image.tar'}"))
    assert [layer["size"] for layer in head(inspected(image))["layers"]] == [
        layer["size"] for layer in archived["layers"]
    ]


def test_the_final_tree_holds_the_files_of_docker_export(image: str, tmp_path: Path) -> None:
    container = docker("create", image).strip()
    try:
        docker("export", "--output", str(tmp_path / "tree.tar"), container)
    finally:
        docker("rm", container)
    with tarfile.open(tmp_path / "tree.tar") as tar:
        # The engine puts these into every container; the image has none of them.
        mounted = {".dockerenv", "etc/hosts", "etc/hostname", "etc/resolv.conf", "dev/console"}
        regular = [member for member in tar if member.isreg() and member.name not in mounted]
    shown = head(inspected(image))
    assert sum(member.size for member in regular) == shown["tree"]["size"]
