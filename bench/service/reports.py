"""Reports that are sent: one that was weighed for real, as of other images and commits."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from bench.service.fleet import END, Fleet
from weighbridge.core.wire.parsing import compact
from weighbridge.core.wire.times import written

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "reports" / "grown.json"
"""A Python image on Debian with 200 packages, grown by a pull request."""
_UPDATED = 5


def bodies(fleet: Fleet, count: int, *, images: int) -> Iterator[bytes]:
    """Packed reports of pushes to the default branch, `images` images in turn, as the action sends them.

    Every fourth of an image brings newer versions of some packages.
    """
    report = json.loads(KEPT.read_bytes())
    report["pull_request"] = None
    updated = report["images"][0]["head"]["packages"][:_UPDATED]
    versions = [package["version"] for package in updated]
    packer = zstandard.ZstdCompressor(level=6)
    for number in range(count):
        repository, name = fleet.name(number % images * (fleet.images // images))
        commit = hashlib.sha1(f"new {number}".encode(), usedforsecurity=False).hexdigest()
        time = written(datetime.fromtimestamp(END + number, UTC))
        report["repository"], report["head"]["commit"] = repository, commit
        report["images"][0]["name"] = name
        edition = (number // images + 1) // 4
        for package, version in zip(updated, versions, strict=True):
            package["version"] = f"{version}+{edition}"
        report["occasion"] = {
            "event": "push", "time": time, "recorded": time, "ref": "main", "release": None, "default_branch": "main",
            "recipes": {name: "0123456789abcdef"},
        }  # fmt: skip
        yield packer.compress(compact(json.dumps(report, indent=2).encode()))
