"""The engine as its own client shows it, and weighbridge as a command beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def docker(*arguments: str, stdin: str = "", env: dict[str, str] | None = None, timeout: float = 120) -> str:
    """What the client prints."""
    return _printed(["docker", *arguments], stdin=stdin, env=env, timeout=timeout)


def inspected(name: str, *options: str) -> dict[str, Any]:
    """weighbridge's report of an image."""
    command = [sys.executable, "-m", "weighbridge", "inspect", name, *options, "--format", "json"]
    document: dict[str, Any] = json.loads(_printed(command))
    return document


def _printed(command: list[str], *, stdin: str = "", env: dict[str, str] | None = None, timeout: float = 120) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, input=stdin, env=os.environ | (env or {}), timeout=timeout
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
