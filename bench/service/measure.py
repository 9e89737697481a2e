"""The reporting service with a million records of ten thousand images: badges, pages and reports a second.

    .venv/bin/python -m bench.service.measure [--images N] [--depth N] [--seconds N] [--write]

On SQLite and on PostgreSQL, both with every commit on disk before it is acknowledged, with one process and with two.
Readers, senders, database and service share the machine's cores. `--write` puts the table into
docs/benchmarks-service.md.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.support.postgres import running_postgres  # noqa: E402

import tools  # noqa: E402 - found by the line above
from bench.service.fill import fill  # noqa: E402
from bench.service.fleet import Fleet  # noqa: E402
from bench.service.load import Load, read, send  # noqa: E402
from bench.service.reports import bodies  # noqa: E402
from bench.service.server import Server, serving  # noqa: E402
from outside.machine import Refusal, say  # noqa: E402
from weighbridge.service import tokens  # noqa: E402
from weighbridge.service.configuration import configured  # noqa: E402
from weighbridge.service.database import Database  # noqa: E402
from weighbridge.service.running import utc_now  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = ROOT / "docs" / "benchmarks-service.md"
DATABASES = ("SQLite", "PostgreSQL")
WORKERS = (1, 2)
_DURABLE = {"max_connections": "100", "shared_buffers": "256MB", "jit": "off", "max_wal_size": "2GB"}
_SENDERS, _WARM_UP = 8, 2
_INGEST = """\
What a report costs, measured part by part with one sender: of 8.5 ms of processor, 2 are HTTP, and threads that take
turns; 1.2 unpack, read and check the JSON; 1.4 make its record; 0.4 hash its text and 0.6 put it on the disk; 2.5 are
eight statements and a transaction. The database's own processes and the senders compute another 3 to 4 ms, on the same
two cores, which other machines' work makes half as fast from one minute to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Something that is asked for: `path` with places for repository and image; `rate` and `slow` are to be reached."""

    name: str
    path: str
    connections: int
    rate: float | None
    slow: float

    def paths(self, fleet: Fleet) -> list[str]:
        """Of images by chance, the same in every run."""
        chance = random.Random(0)  # noqa: S311
        names = [fleet.name(chance.randrange(fleet.images)) for _ in range(2_000)]
        return [self.path.format(repository=repository, image=image) for repository, image in names]


READINGS = (
    Reading(name="badge", path="/badges/{repository}/{image}/size.svg", connections=4, rate=2_000, slow=0.025),
    Reading(name="overview", path="/", connections=2, rate=None, slow=0.1),
    Reading(name="page of an image", path="/images/{repository}/{image}", connections=2, rate=None, slow=0.1),
)
INGEST_RATE = {"SQLite": 100, "PostgreSQL": 200}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of one database with a number of processes. `memory` is before and after all load, in bytes."""

    database: str
    workers: int
    loads: dict[str, tuple[Load, float]]
    memory: tuple[int, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--depth", type=int, default=100, help="records of each image")
    parser.add_argument("--seconds", type=int, default=10, help="for each kind of reader")
    parser.add_argument("--reports", type=int, default=1_500, help="that are sent")
    parser.add_argument("--only", choices=DATABASES)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    asked = parser.parse_args()
    fleet = Fleet(images=asked.images, depth=asked.depth)
    try:
        wrk = tools.ensure(["wrk"])["wrk"]
        os.environ.update(tools.variables(["postgres"]))
        figures = [
            each
            for database in ([asked.only] if asked.only else DATABASES)
            for each in _of_database(database, fleet, wrk, asked.seconds, asked.reports)
        ]
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")
    text = _table(figures)
    print(text)
    if asked.write:
        PAGE.write_text(_page(text, fleet))


def _of_database(kind: str, fleet: Fleet, wrk: Path, seconds: int, reports: int) -> Iterator[Figures]:
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-") as folder, _address(kind, Path(folder)) as url:
        began = time.monotonic()
        fill(configured(database_url=url).database(), fleet)
        say(f"{kind}: {fleet.records:,} records filled in {time.monotonic() - began:.0f} s")
        token = _token(url)
        images = max(1, reports // 4)
        sent = bodies(fleet, (images + reports) * len(WORKERS), images=images)
        for workers in WORKERS:
            # The filler's records have no such packages: first each image gets one, then it is measured.
            first, batch = list(itertools.islice(sent, images)), list(itertools.islice(sent, reports))
            with serving(Path(folder), url, workers) as server:
                loads = {}
                for each in READINGS:
                    _warm_up(wrk, server.url, each, fleet)
                send(server.url, token, first, senders=_SENDERS)
                before = server.memory()
                for each in READINGS:
                    loads[each.name] = _costed(
                        server,
                        partial(
                            read, wrk, server.url, each.paths(fleet), connections=each.connections, seconds=seconds
                        ),
                    )
                loads["report"] = _costed(server, partial(send, server.url, token, batch, senders=_SENDERS))
                yield _told(Figures(database=kind, workers=workers, loads=loads, memory=(before, server.memory())))


def _warm_up(wrk: Path, url: str, reading: Reading, fleet: Fleet) -> None:
    """Badges are measured as they are asked for on a page that many see: each was asked for before."""
    paths = reading.paths(fleet)
    asked = 0
    while asked < (len(paths) if reading.rate else 1):
        asked += read(wrk, url, paths, connections=reading.connections, seconds=_WARM_UP).requests


def _costed(server: Server, load: Callable[[], Load]) -> tuple[Load, float]:
    """With the seconds that the service computed for each request."""
    before = server.processor()
    done = load()
    return done, (server.processor() - before) / max(1, done.requests)


@contextlib.contextmanager
def _address(kind: str, folder: Path) -> Iterator[str]:
    if kind == "SQLite":
        yield f"sqlite:///{folder / 'weighbridge.db'}"
        return
    with running_postgres(**_DURABLE) as server:
        yield server.create()


def _token(url: str) -> str:
    database = Database(configured(database_url=url).database())
    with database.writing() as session:
        token = tokens.issue(session, "bench", "*", utc_now())
    database.close()
    return token


def _told(figures: Figures) -> Figures:
    for name, (load, cost) in figures.loads.items():
        say(
            f"{figures.database}, {figures.workers}: {name} {load.rate:,.0f}/s, median {load.median * 1e3:.1f} ms, "
            f"99 % {load.slow * 1e3:.1f} ms, {load.failed} failed, {cost * 1e3:.2f} ms of processor"
        )
    return figures


def _table(figures: list[Figures]) -> str:
    rows = [
        [
            each.database, each.workers, name, f"{load.rate:,.0f}", f"{load.median * 1e3:.1f}",
            f"{load.slow * 1e3:.1f}", f"{cost * 1e3:.2f}", load.failed, _wanted(each.database, name),
        ]
        for each in figures
        for name, (load, cost) in each.loads.items()
    ]  # fmt: skip
    headers = [
        "database",
        "processes",
        "what",
        "a second",
        "median ms",
        "99 % ms",
        "processor ms",
        "failed",
        "to reach",
    ]
    right = ["left", "right", "left", *["right"] * 5, "left"]
    memory = [[each.database, each.workers, *(f"{value / 1e6:.0f}" for value in each.memory)] for each in figures]
    return (
        tabulate(rows, headers=headers, tablefmt="github", colalign=right, disable_numparse=True)
        + "\n\n"
        + tabulate(
            memory,
            headers=["database", "processes", "MB before the load", "MB after it"],
            tablefmt="github",
            colalign=["left", "right", "right", "right"],
            disable_numparse=True,
        )
    )


def _wanted(database: str, name: str) -> str:
    if name == "report":
        return f"{INGEST_RATE[database]}/s"
    reading = next(each for each in READINGS if each.name == name)
    rate = "" if reading.rate is None else f"{reading.rate:,.0f}/s, "
    return f"{rate}99 % under {reading.slow * 1e3:.0f} ms"


def _page(text: str, fleet: Fleet) -> str:
    day = datetime.now(tz=UTC).date().isoformat()
    connections = ", ".join(f"{each.connections} readers of {each.name}s" for each in READINGS)
    return (
        "# Benchmarks of the service\n\n"
        f"{fleet.records:,} records of {fleet.images:,} images. Written by `make bench-service` on {day}:\n"
        f"{os.cpu_count()} cores, which service, database, readers and senders share. Each reader and each of "
        f"{_SENDERS} senders asks again\nas soon as it was answered: {connections}. A report is of a Python image "
        "with 200 packages\n(125 kB of JSON, 17 kB packed), of an image that is known; one in four brings newer "
        "versions of five of them.\nBoth databases have it on disk before it is acknowledged. Memory is what the "
        "service's processes have for themselves,\nprocessor what they compute for one request.\n\n"
        f"{text}\n\n{_INGEST}\n"
    )


if __name__ == "__main__":
    main()
