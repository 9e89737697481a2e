"""The engine as its own client shows it, and weighbridge as a command beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def docker(*arguments: str, stdin: str = "", env: dict[str, str] | None = None, timeout: float = 120) -> str:
    """What the client prints."""
    return subprocess.run(
        ["docker", *arguments],  # noqa: S607 - the client on the PATH
        check=True,
        capture_output=True,
        text=True,
        input=stdin,
        env=os.environ | (env or {}),
        timeout=timeout,
    ).stdout


def inspected(name: str) -> dict[str, Any]:
    """weighbridge's report of an image."""
    document: dict[str, Any] = json.loads(
        subprocess.run(
            [sys.executable, "-m", "weighbridge", "inspect", name, "--format", "json"],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
    )
    return document
