"""Locks the dependencies by version and hash: `requirements/*.txt`, without the address of any index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUTS = {
    "runtime.txt": ["pyproject.toml"],
    "service.txt": ["pyproject.toml", "--extra", "service"],
    "dev.txt": ["pyproject.toml", "--extra", "service", "--group", "dev", "--group", "installer"],
    "build.txt": ["--group", "build"],
    "installer.txt": ["--group", "installer"],
    "tools.txt": ["requirements/tools.in"],
    "go.txt": ["requirements/go.in"],
}


def main() -> None:
    uv = ROOT / ".venv" / "bin" / "uv"
    for name, what in OUTPUTS.items():
        command = [uv, "pip", "compile", *what, "--universal", "--python-version", "3.11", "--generate-hashes",
                   "--no-emit-index-url", "--no-annotate", "--quiet", *sys.argv[1:],
                   "--custom-compile-command", "make lock", "-o", f"requirements/{name}"]  # fmt: skip
        subprocess.run([str(part) for part in command], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
