"""The applications in tests/apps, built and run for real as they stand.

    .venv/bin/python scripts/apps.py              all of them
    .venv/bin/python scripts/apps.py NAME...      these
    .venv/bin/python scripts/apps.py --keep NAME  and keep the image, as weighbridge-app-NAME:kept
    .venv/bin/python scripts/apps.py --part 2/5   the second of five parts

Prints a table: size as the engine counts it, time to build and to test, and what was wrong. Ends with 1 then.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.support import apps, smoke  # noqa: E402 - found by the line above

import bases  # noqa: E402
from outside import engines  # noqa: E402
from outside.machine import Refusal  # noqa: E402

ROW = "{:28} {:>5} {:>11} {:>8} {:>8}  {}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones (default: all)")
    parser.add_argument("--part", type=_part, default=(1, 1), metavar="K/N", help="only every Nth, from the Kth")
    parser.add_argument("--keep", action="store_true", help="keep the images")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(apps.names()))
    if unknown:
        parser.error(f"there is no app {unknown[0]} (known: {', '.join(apps.names())})")
    try:
        with engines.borrowed() as host:
            os.environ.update(engines.exports(host))
            first, step = asked.part
            wanted = (tuple(asked.names) or apps.names())[first - 1 :: step]
            sys.exit(1 if _measure(host, wanted, asked.keep) else 0)
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")


def _part(text: str) -> tuple[int, int]:
    first, _, step = text.partition("/")
    if not 1 <= int(first) <= int(step):
        raise ValueError(text)
    return int(first), int(step)


def _measure(host: str, names: tuple[str, ...], keep: bool) -> int:
    """The number of apps that did not build or run."""
    wanted = {smoke.PROBE_IMAGE, *(base for name in names for base in apps.load(name).bases)}
    bases.ensure(host, sorted(wanted))
    print(ROW.format("app", "split", "size", "build", "smoke", "result"), flush=True)
    failed = 0
    for name in names:
        found = smoke.measure(name, keep=keep)
        failed += bool(found.problem)
        size = f"{found.size / 1e6:.1f} MB" if found.size is not None else "-"
        times = (f"{found.build_seconds:.1f} s", f"{found.smoke_seconds:.1f} s")
        print(ROW.format(name, found.split, size, *times, found.problem or "works"), flush=True)
    print(f"{len(names) - failed} of {len(names)} build and run")
    return failed


if __name__ == "__main__":
    main()
