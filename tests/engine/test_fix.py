"""`weighbridge fix`, whole: found, rewritten, built, run, weighed, and applied."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.git import create

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM debian:12-slim
# the lists of all packages stay in the layer
RUN apt-get update && date > /updated
CMD ["sleep", "3600"]
"""


def fixed(tree: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What the command says."""
    return subprocess.run(
        [sys.executable, "-m", "weighbridge", "fix", *more], cwd=tree, capture_output=True, text=True, timeout=280
    )


def test_what_is_proven_is_applied_and_then_nothing_is_left_to_fix(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    tree.commit({"Dockerfile": DOCKERFILE}, "Begin")

    ran = fixed(tree.path, "--apply", "--format", "json")

    assert 0 == ran.returncode, ran.stderr
    best = json.loads(ran.stdout)["fixes"][0]
    assert "verified" == best["proof"]["status"], best
    assert ["build", "configuration", "closure", "behaviour", "size"] == [
        check["step"] for check in best["proof"]["checks"]
    ]
    assert best["proof"]["saved"] > 1_000_000
    assert best["dockerfile"] == (tree.path / "Dockerfile").read_text()
    assert "rm -rf /var/lib/apt/lists/*" in best["dockerfile"]
    assert "wrote Dockerfile" in ran.stderr

    again = fixed(tree.path, "--format", "json")
    assert [] == [fix for fix in json.loads(again.stdout)["fixes"] if fix["proof"]["status"] == "verified"]
