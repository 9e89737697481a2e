"""The `weighbridge` command as a shell starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What came of it."""

    status: int
    out: str
    err: str


def command(*arguments: str) -> list[str]:
    """The command's words."""
    return [sys.executable, "-m", "weighbridge", *arguments]


def run(
    *arguments: str,
    cwd: Path | None = None,
    environ: Mapping[str, str | None] | None = None,
    before: Sequence[str] = (),
    timeout: float = 120,
) -> Ran:
    """Runs it to its end. `environ` changes variables, None takes them away; `before` is put before the command."""
    changed = {**os.environ, **(environ or {})}
    done = subprocess.run(
        [*before, *command(*arguments)],
        cwd=cwd,
        env={name: value for name, value in changed.items() if value is not None},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    return Ran(status=done.returncode, out=done.stdout, err=done.stderr)
