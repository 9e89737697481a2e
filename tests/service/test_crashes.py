"""Processes that end without a warning, again and again: what was acknowledged is there, once."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import requests
from sqlalchemy import select

from tests.support.postgres import running_postgres
from tests.support.under_load import IMAGES, Load, Served
from weighbridge.service import schema, tables, tokens
from weighbridge.service.configuration import configured
from weighbridge.service.running import assembled
from weighbridge.service.store import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import Postgres
    from weighbridge.service.running import Service

CRASHES = int(os.environ.get("WEIGHBRIDGE_CRASHES", "10"))
"""How often a service is killed in each test; a hundred before a release."""
pytestmark = pytest.mark.timeout(300 + 60 * CRASHES)


@pytest.fixture(scope="module")
def durable() -> Iterator[Postgres]:
    """A server that writes to the disk, as those of users do."""
    with running_postgres(fsync="on", full_page_writes="on") as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    url = f"sqlite:///{tmp_path / 'weighbridge.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("durable").create()
    yield from _serving(url, tmp_path)


def _serving(url: str, folder: Path) -> Iterator[Served]:
    with _opened(url, folder) as service, service.database.writing() as session:
        token = tokens.issue(session, "tests", "octocat/*", service.now())
    served = Served(folder=folder, database_url=url, token=token)
    try:
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.kill()


class _opened:  # noqa: N801 - a context manager
    """The service's parts in this process, to look at what is kept."""

    def __init__(self, url: str, folder: Path) -> None:
        self._service = assembled(configured(data=folder / "data", database_url=url))

    def __enter__(self) -> Service:
        schema.upgrade(self._service.database)
        return self._service

    def __exit__(self, *_error: object) -> None:
        self._service.database.close()


def kept(served: Served) -> Counter[int]:
    """Number of a report → how many records there are of it. Every one's report can be read from the store."""
    found: Counter[int] = Counter()
    with _opened(served.database_url, served.folder) as service, service.database.reading() as session:
        for record in session.scalars(select(tables.Record)):
            found[int(record.commit, 16)] += 1
            assert record.size == 100_000_000 + int(record.commit, 16)
        newest = session.scalars(select(tables.Image)).all()
        for image in newest:
            # What pages show is of the newest record, as if nothing had ever ended in the middle.
            record = session.get_one(tables.Record, image.record_id)
            last = select(tables.Record.time).filter_by(image_id=image.id).order_by(tables.Record.time.desc()).limit(1)
            assert (image.time, image.size) == (session.scalar(last), record.size)
        for digest in session.scalars(select(tables.Report.digest)):
            assert service.store.get(named("reports", digest)) is not None
    return found


def test_nothing_acknowledged_is_lost_or_doubled(served: Served) -> None:
    chance = random.Random(7)  # noqa: S311 - which moments, the same each time as far as machines allow
    load = Load(served=served)
    starts = []
    for number in range(CRASHES):
        starts.append(served.start())
        _check(served, load, starts)
        with load:
            time.sleep(chance.uniform(0.05, 1.5))
            if number % 4 == 3:
                served.kill_a_worker()
                time.sleep(chance.uniform(0.05, 1.0))
            served.kill()
    starts.append(served.start())

    with requests.Session() as session:
        for number in sorted(load.unanswered - load.acknowledged):
            load.send(session, number)
    assert load.acknowledged == set(_check(served, load, starts))
    # As quick as after no crash at all, on a machine that may do much else meanwhile.
    assert statistics.median(starts) < 5 + 2 * starts[0]
    assert len(load.acknowledged) > CRASHES


def _check(served: Served, load: Load, starts: list[float]) -> Counter[int]:
    """All that was acknowledged is there, and what is there is there once."""
    found = kept(served)
    spent = f"started in {statistics.median(starts):.1f} s, {max(starts):.1f} s at most"
    print(
        f"{len(starts) - 1} crashes, {len(load.acknowledged)} acknowledged, answers {load.answers}, {spent}", flush=True
    )
    assert [] == load.odd
    assert load.acknowledged <= set(found)
    assert set(found.values()) <= {len(IMAGES)}
    return found


def test_postgresql_restarts_under_load(tmp_path: Path) -> None:
    """Errors are honest, nothing is lost, and the service recovers by itself."""
    with running_postgres(fsync="on", full_page_writes="on") as server:
        for served in _serving(server.create(), tmp_path):
            served.start()
            load = Load(served=served)
            with load:
                for mode in ["immediate", "fast"] * max(1, CRASHES // 5):
                    time.sleep(1)
                    server.stop(mode)
                    time.sleep(0.3)
                    server.start()
                acknowledged = len(load.acknowledged)
                deadline = time.monotonic() + 30
                while len(load.acknowledged) < acknowledged + 20:
                    assert time.monotonic() < deadline, "it does not recover"
                    time.sleep(0.1)
            print(f"{len(load.acknowledged)} acknowledged, answers {load.answers}")
            assert [] == load.odd
            assert set(load.answers) <= {201, 503}
            assert load.answers[503] > 0
            found = kept(served)
            assert load.acknowledged <= set(found)
            assert {len(IMAGES)} == set(found.values())
