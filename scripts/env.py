"""Makes `.venv` with the locked dependencies and weighbridge itself; does nothing where it is current.

Runs with the system's Python, standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = (ROOT / "requirements" / "dev.txt", ROOT / "requirements" / "installer.txt", ROOT / "pyproject.toml")
STAMP = VENV / ".locked"


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this very file may be started by an older Python
        sys.exit(f"weighbridge needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable})")
    wanted = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    _refuse_unwritable_cache()
    print("weighbridge: preparing .venv", file=sys.stderr)
    _make_venv()
    python = VENV / "bin" / "python"
    _run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", ROOT / "requirements" / "installer.txt")
    # uv keeps its downloads under the user's cache folder, so a second checkout costs seconds.
    _run(VENV / "bin" / "uv", "pip", "sync", "--quiet", "--python", python, ROOT / "requirements" / "dev.txt")
    # The build backend is locked with the rest.
    alone = ("--no-deps", "--no-build-isolation")
    _run(VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", python, *alone, "--editable", ROOT)
    STAMP.write_text(wanted)


def _refuse_unwritable_cache() -> None:
    from outside.machine import cache_root

    folder = cache_root().parent
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        sys.exit(f"weighbridge: {folder} cannot be written: set XDG_CACHE_HOME to a folder that can")


def _make_venv() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False, capture_output=True, text=True)
    if made.returncode == 0:
        return
    if os.geteuid() != 0 or not Path("/usr/bin/apt-get").exists():
        sys.exit(f"{sys.executable} -m venv failed; on Debian or Ubuntu: apt-get install python3-venv\n{made.stderr}")
    _run("apt-get", "update", "-qq")
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "python3-venv")
    _run(sys.executable, "-m", "venv", "--clear", VENV)


def _run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"weighbridge: {' '.join(map(str, command[:4]))} … failed with status {done.returncode}")


if __name__ == "__main__":
    main()
