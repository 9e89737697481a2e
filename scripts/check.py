"""Everything that must hold before a change is merged; what `make test` runs.

    python3 scripts/check.py                everything
    python3 scripts/check.py --only lint    or: unit, service (on both databases), engine (all that need it)

Makes `.venv`, has an engine (and ends it, if it was started here), base images and tools, then lints, types, import
contracts and tests. Standard library only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import bases
import tools
from outside import engines
from outside.machine import Refusal, say

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
BASES = (
    "busybox:1.36",
    "postgres:17",
    "debian:12-slim",
    "alpine:3.20",
    "python:3.11-slim",
    "node:20-slim",
    "docker/buildx-bin:0.29",
    "gcr.io/distroless/python3-debian12",
    "gcr.io/distroless/cc-debian12",
    "busybox:glibc",
    "golang:1.22",
    "buildpack-deps:bookworm",
    "gcr.io/distroless/base-debian12",
)
LINTS = (
    ("ruff", "check", "src", "tests", "scripts", "bench"),
    ("ruff", "format", "--check", "--quiet", "src", "tests", "scripts", "bench"),
    ("mypy",),
    ("lint-imports", "--no-cache"),
    ("zizmor", "--offline", "--quiet", ".github/workflows", "action.yml"),
)
PURE = ("tests/unit", "tests/pipeline")
SERVICE = ("tests/service",)
REAL = ("tests/contract", "tests/engine", "tests/browser", "tests/e2e")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("lint", "unit", "service", "engine"))
    only = parser.parse_args().only
    # Tests start the command hundreds of times: compiled anew each time, it would take twice as long.
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    try:
        if only in (None, "engine"):
            engines.refuse_if_impossible()
        _step("environment", sys.executable, ROOT / "scripts" / "env.py")
        if only in (None, "lint"):
            for command in LINTS:
                _step(" ".join(command), BIN / command[0], *command[1:])
        if only in (None, "unit"):
            _step("pure tests", BIN / "python", "-m", "pytest", "-q", "-n", "2", *PURE)
        if only in (None, "service"):
            environment = {**os.environ, **tools.variables(list(tools.VARIABLES))}
            _step(
                "the pages' library is what its lock builds", sys.executable, ROOT / "scripts" / "assets.py", "--check"
            )
            _step(
                "service tests",
                BIN / "python",
                "-m",
                "pytest",
                "-q",
                "-n",
                "2",
                "--durations=5",
                *SERVICE,
                env=environment,
            )
        if only in (None, "engine"):
            _real()
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")


def _real() -> None:
    """The tests that need an engine, a runner, a GitHub and a browser."""
    with engines.borrowed() as host:
        bases.ensure(host, list(BASES))
        environment = {**os.environ, **engines.exports(host), **tools.variables(list(tools.VARIABLES))}
        _step("tests on real parts", BIN / "python", "-m", "pytest", "-q", "--durations=8", *REAL, env=environment)


def _step(what: str, *command: str | Path, env: dict[str, str] | None = None) -> None:
    """Raises Refusal when the command fails; its output goes where ours goes."""
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Refusal(f"{what}: failed with status {done.returncode}")
    say(f"{what}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
