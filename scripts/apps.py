"""The applications in tests/apps, built, run and fixed for real: each fix is proven, then held to the app.

    .venv/bin/python scripts/apps.py              all of them, and docs/proofs.md
    .venv/bin/python scripts/apps.py NAME...      these
    .venv/bin/python scripts/apps.py --keep NAME  only build and run, and keep the image, as weighbridge-app-NAME:kept
    .venv/bin/python scripts/apps.py --part 2/5   the second of five parts

Results are kept under the cache folder by content: a run that was broken off goes on where it was. docs/proofs.md
is written each time, and says which results are of earlier code, and which apps have none yet. Ends with 1 where an app
does not build or run as it stands, a fix breaks its program, or one is offered for a good Dockerfile.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.support import apps, ladder, smoke  # noqa: E402 - found by the line above
from tests.support.ladder_page import page  # noqa: E402

import bases  # noqa: E402
from outside import engines, images  # noqa: E402
from outside.machine import Refusal, cache_root  # noqa: E402

PAGE = ROOT / "docs" / "proofs.md"
RESULTS = cache_root() / "apps"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones (default: all)")
    parser.add_argument("--part", type=_part, default=(1, 1), metavar="K/N", help="only every Nth, from the Kth")
    parser.add_argument("--keep", action="store_true", help="keep the images, and fix nothing")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(apps.names()))
    if unknown:
        parser.error(f"there is no app {unknown[0]} (known: {', '.join(apps.names())})")
    first, step = asked.part
    wanted = (tuple(asked.names) or apps.names())[first - 1 :: step]
    try:
        with engines.borrowed() as host:
            os.environ.update(engines.exports(host))
            sys.exit(_keep(host, wanted) if asked.keep else _climb(host, wanted))
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")


def _part(text: str) -> tuple[int, int]:
    first, _, step = text.partition("/")
    if not 1 <= int(first) <= int(step):
        raise ValueError(text)
    return int(first), int(step)


def _have(host: str, name: str) -> None:
    services = {service.image for service in apps.load(name).smoke.services}
    bases.ensure(host, sorted({smoke.PROBE_IMAGE, *services, *apps.load(name).bases}))


def _keep(host: str, names: tuple[str, ...]) -> int:
    failed = 0
    for name in names:
        _have(host, name)
        found = smoke.measure(name, keep=True)
        failed += bool(found.problem)
        print(f"{name}: {found.problem or 'works'}", flush=True)
    return int(bool(failed))


def _climb(host: str, names: tuple[str, ...]) -> int:
    """The status that the command ends with."""
    bases.ensure(host, sorted(ladder.GROUNDS))
    failed = 0
    for name in names:
        key = _key(name)
        row = ladder.load(RESULTS, name, key)
        if row is None:
            _have(host, name)
            row = _row(name)
            ladder.keep(RESULTS, row, key)
        failed += bool(row.problem or row.broken or (row.split == "no" and row.best))
        print("\n".join(_told(row)), flush=True)
    _write()
    return int(bool(failed))


def _write() -> None:
    """The page, of the newest result that each app has."""
    rows = {name: ladder.load(RESULTS, name) for name in apps.names()}
    earlier = [name for name, row in rows.items() if row is not None and not ladder.load(RESULTS, name, _key(name))]
    missing = [name for name, row in rows.items() if row is None]
    PAGE.write_text(page([row for row in rows.values() if row is not None], earlier=earlier, missing=missing))
    print(f"wrote {PAGE.relative_to(ROOT)}: {len(earlier)} results of earlier code, {len(missing)} apps without one")


def _row(name: str) -> ladder.Row:
    """What came of an app; what was not foreseen is a problem of its row, and does not end the others."""
    try:
        return ladder.climb(name, ladder.Passed(folder=RESULTS / "passed", content=_content(name)))
    except Exception as error:  # one of many
        traceback.print_exc()
        return ladder.unfixed(name, f"{type(error).__name__}: {error}")


def _key(name: str) -> str:
    return ladder.key(_content(name))


def _content(name: str) -> str:
    stamps = [images.stamp(images.find(base)) for base in sorted({*ladder.GROUNDS, *apps.load(name).bases})]
    return ladder.content(name, tuple(stamps))


def _told(row: ladder.Row) -> list[str]:
    best = row.best
    size = f"{row.size / 1e6:.1f} MB" if row.size is not None else "-"
    found = "nothing proven"
    if best is not None and best.size is not None and row.saving is not None:
        found = f"{best.size / 1e6:.1f} MB ({100 * row.saving:.1f} % less) by {best.strategy}"
    lines = [f"{row.name} ({row.split}): {size} -> {row.problem or found}, {row.seconds:.0f} s"]
    for each in row.tries:
        said = f"BROKEN: {each.broken}" if each.broken else each.reason
        lines.append(f"    {each.strategy}: {each.status} {each.seconds:.0f} s {said}".rstrip())
    return lines


if __name__ == "__main__":
    main()
