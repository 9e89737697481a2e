"""Reports of small repositories that were weighed for real, kept by scripts/scenes.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.core import wire

if TYPE_CHECKING:
    from weighbridge.model.report import Report

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SCENES = tuple(sorted(path.stem for path in (GOLDEN / "reports").glob("*.json")))


def scene(name: str) -> Report:
    """One report, by the name of its file."""
    return wire.load((GOLDEN / "reports" / f"{name}.json").read_bytes())
