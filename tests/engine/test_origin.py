"""The story that the project comes from, on an engine: the basket, the builder pattern, and what becomes of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import apps
from tests.support.git import create

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1500)]

BUILD = """\
FROM debian:12-slim
WORKDIR /out
COPY message .
RUN mkdir made && cp /usr/bin/sha256sum made/weigh && cp message made/ && rm message
"""
TARGET = """\
FROM debian:12-slim
# what we ship
COPY made /opt/made
RUN chmod 755 /opt/made/weigh
CMD ["/opt/made/weigh", "/opt/made/message"]
"""
SCRIPT = """\
#!/bin/sh
set -e
touch /tmp/weighbridge-ran-the-script
docker build -t builder -f Dockerfile.build .
docker create --name x builder
docker cp x:/out/made ./made
docker build -t made -f Dockerfile.target .
"""


def fixes(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """What `fix` says of a tree's image."""
    ran = subprocess.run(
        [sys.executable, "-m", "weighbridge", "fix", "--network", "host", "--format", "json", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=1400,
    )  # fmt: skip
    assert 0 == ran.returncode, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)["fixes"]
    return found


def checked(folder: Path, *arguments: str, base: str = "main") -> dict[str, Any]:
    """What `check` says of the only image, against a branch."""
    ran = subprocess.run(
        [sys.executable, "-m", "weighbridge", "check", "--base", base, "--network", "host", "--format", "json",
         *arguments],
        cwd=folder, capture_output=True, text=True, timeout=1400,
    )  # fmt: skip
    assert 0 == ran.returncode, ran.stderr
    image: dict[str, Any] = json.loads(ran.stdout)["images"][0]
    return image


def committed(folder: Path, app: str) -> Path:
    """One of tests/apps in a repository of its own."""
    tree = create(folder / "repository")
    source = apps.load(app).folder
    tree.commit({path.name: path.read_text() for path in source.iterdir() if path.is_file()}, "Begin")
    return tree.path


def test_the_articles_basket_is_at_least_as_much_smaller_as_the_article_makes_it(tmp_path: Path) -> None:
    best = fixes(committed(tmp_path, "go-article"))[0]["proof"]

    assert "verified" == best["status"], best
    assert best["saved"] >= 0.971 * best["original_size"]


def test_the_articles_builder_pattern_is_merged_proven_and_smaller(tmp_path: Path) -> None:
    best = fixes(committed(tmp_path, "go-builder-pattern"), "--file", "Dockerfile.target")[0]

    assert "verified" == best["proof"]["status"], best["proof"]
    assert ("builder-pattern", "Dockerfile") == (best["family"], best["path"])
    assert best["dockerfile"].count("FROM ") == 2
    assert "COPY --from=build" in best["dockerfile"]
    assert {"Dockerfile", "Dockerfile.build", "Dockerfile.target", "build.sh"} == {
        edit["path"] for edit in best["edits"]
    }
    assert best["proof"]["saved"] > 0.9 * best["proof"]["original_size"]


def test_what_a_script_carries_is_built_without_running_the_script(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    tree.commit(
        {"Dockerfile.build": BUILD, "Dockerfile.target": TARGET, "build.sh": SCRIPT, "message": "so much\n"}, "Begin"
    )
    found = {each["strategy"]: each["proof"] for each in fixes(tree.path, "--file", "Dockerfile.target")}

    (proven,) = [proof for proof in found.values() if proof["status"] == "verified"]
    assert ["build", "configuration", "closure", "behaviour", "size"] == [check["step"] for check in proven["checks"]]
    assert not Path("/tmp/weighbridge-ran-the-script").exists()
    assert {"Dockerfile.build", "Dockerfile.target", "build.sh", "message"} == {
        path.name for path in tree.path.iterdir() if path.is_file()
    }


def test_a_change_to_a_builder_pattern_is_weighed_and_fixed(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    files = {"Dockerfile.build": BUILD, "Dockerfile.target": TARGET, "build.sh": SCRIPT, "message": "so much\n"}
    tree.commit(files, "Begin")
    tree.checkout("feature", "main")
    tree.commit({"message": "so much more\n"}, "Say more")
    image = checked(tree.path, "--file", "Dockerfile.target", "--fix")

    assert image["diff"]["size"] == len(" more")
    assert image["fixes"][0]["proof"]["status"] == "verified", image["fixes"]

    tree.commit({"README": "not copied"}, "Explain")
    tree.checkout("next", "feature")
    tree.commit({"README": "copied neither"}, "Explain more")
    same = checked(tree.path, "--file", "Dockerfile.target", base="feature")
    assert same["diff"]["size"] == 0
    assert not same["diff"]["causes"]


def test_merging_a_builder_pattern_is_compared_with_what_it_made(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    files = {"Dockerfile.build": BUILD, "Dockerfile.target": TARGET, "build.sh": SCRIPT, "message": "so much\n"}
    tree.commit(files, "Begin")
    tree.checkout("feature", "main")
    merged = BUILD.replace("slim", "slim AS build") + TARGET.replace("COPY made", "COPY --from=build /out/made")
    tree.git("rm", "--quiet", "Dockerfile.build", "Dockerfile.target", "build.sh")
    tree.commit({"Dockerfile": merged}, "Merge")

    assert checked(tree.path)["diff"]["size"] == 0
