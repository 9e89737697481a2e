"""`weighbridge bases`, whole: a program of glibc's on real bases, run on some and refused by the others in words."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import docker
from tests.support.git import create

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM debian:12-slim
RUN mkdir -p /srv/data && echo "it weighs" >/srv/data/note && chown -R 1000:1000 /srv/data
WORKDIR /srv/data
ENV GREETING="hello $there" EMPTY=
USER 1000
HEALTHCHECK NONE
CMD ["/usr/bin/sha256sum", "note"]
"""
CONFIGURATION = "bases: [weighbridge.invalid/none:1]\n"


def compared(folder: Path, *arguments: str) -> dict[str, Any]:
    """The command's JSON."""
    ran = subprocess.run(
        [sys.executable, "-m", "weighbridge", "bases", *arguments, "--format", "json"],
        cwd=folder, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert 0 == ran.returncode, ran.stderr
    (image,) = json.loads(ran.stdout)["images"]
    found: dict[str, Any] = image
    return found


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The comparison of a context."""
    tree = create(tmp_path_factory.mktemp("bases") / "repository")
    tree.commit({"Dockerfile": DOCKERFILE, ".weighbridge.yml": CONFIGURATION}, "Begin")
    return compared(tree.path)


def base(result: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in result["bases"] if each["image"] == name]
    row: dict[str, Any] = found
    return row


@pytest.mark.parametrize("name", ["scratch", "gcr.io/distroless/static-debian12", "gcr.io/distroless/base-debian12"])
def test_it_runs_where_what_it_needs_was_brought_or_stands(result: dict[str, Any], name: str) -> None:
    row = base(result, name)

    assert ("yes", None, []) == (row["ran"], row["reason"], row["missing"]), row
    steps = {check["step"]: check["outcome"] for check in row["proof"]["checks"]}
    assert {"build", "configuration", "closure", "behaviour", "size"} == set(steps)
    assert row["size"] < result["size"] / 2
    # What was computed is what was measured.
    assert row["size"] == row["proof"]["size"]


def test_bases_without_its_c_library_refuse_it_in_words(result: dict[str, Any]) -> None:
    for name, libc in (("alpine:3", "musl"), ("busybox:uclibc", "uClibc"), ("busybox:musl", "musl")):
        row = base(result, name)
        assert ("no", "rejected", libc) == (row["ran"], row["proof"]["status"], row["libc"])
        assert "closure" == row["proof"]["checks"][-1]["step"]
        assert "/usr/bin/sha256sum was linked against glibc (asks for /lib64/ld-linux-x86-64.so.2)" in row["reason"]
        assert f"the base is {libc}'s; the kernel would say `no such file or directory`" in row["reason"]


def test_a_base_that_cannot_be_had_is_unknown_and_not_zero(result: dict[str, Any]) -> None:
    row = base(result, "weighbridge.invalid/none:1")

    assert ("unknown", None, None, None) == (row["ran"], row["size"], row["base_size"], row["libc"])
    assert row["reason"].startswith("cannot be had: ")


def test_its_own_image_is_told_beside_them(result: dict[str, Any]) -> None:
    assert ("debian:12-slim", "glibc", ["/usr/bin/sha256sum"]) == (result["base"], result["libc"], result["program"])
    assert result["size"] > 50_000_000
    assert {"bash", "dash", "sh"} <= set(result["shells"])


def test_an_image_is_only_computed_on_request(tmp_path: Path) -> None:
    tag = "weighbridge-test:bases"
    docker("build", "--quiet", "--tag", tag, "-", stdin='FROM busybox:1.36\nCMD ["httpd", "-f"]\n')
    try:
        result = compared(tmp_path, tag, "--no-run")
    finally:
        docker("image", "rm", "--force", tag)
    assert not result["run"]
    row = base(result, "scratch")
    assert ("not run", None) == (row["ran"], row["proof"])
    assert 0 == row["base_size"]
    assert 0 < row["size"] <= result["size"]
