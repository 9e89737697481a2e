"""The charting library of the service's pages, built from what the lock in scripts/assets names.

    python3 scripts/assets.py            builds src/weighbridge/service/static/charting.js
    python3 scripts/assets.py --check    fails where the file is not what the lock builds

The file is part of the repository, so that neither an installation nor an image needs npm. Standard library only.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import tools
from outside.machine import Refusal, run

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "scripts" / "assets"
BUILT = ROOT / "src" / "weighbridge" / "service" / "static" / "charting.js"
_BANNER = "/* Made by scripts/assets.py of Apache ECharts (Apache-2.0) and zrender (BSD-3-Clause). */"


def built() -> bytes:
    """What the lock builds. Raises Refusal."""
    node = tools.ensure(["node"])["node"]
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("package.json", "package-lock.json", "charting.js"):
            shutil.copy(SOURCE / name, folder / name)
        run([node, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"], cwd=folder)
        words = ["charting.js", "--bundle", "--minify", "--target=es2020", "--format=iife", "--global-name=echarts",
                 "--legal-comments=eof", f"--banner:js={_BANNER}", "--charset=utf8", "--outfile=out.js",
                 "--log-level=error"]  # fmt: skip
        run([node, folder / "node_modules" / "esbuild" / "bin" / "esbuild", *words], cwd=folder)
        return (folder / "out.js").read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    try:
        content = built()
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")
    if not check:
        BUILT.parent.mkdir(parents=True, exist_ok=True)
        BUILT.write_bytes(content)
    elif not BUILT.exists() or BUILT.read_bytes() != content:
        sys.exit(f"weighbridge: {BUILT.relative_to(ROOT)} is not what its lock builds: make assets")


if __name__ == "__main__":
    main()
