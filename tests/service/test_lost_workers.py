"""A worker that is killed in the middle of a backfill: another one takes its work on, and nothing is done twice."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.support.archives import recipe
from tests.support.command import command
from tests.support.registry import PASSWORD, USER, pushed, running_registry
from weighbridge.service import tables
from weighbridge.service.auth.reader import Reader, Role
from weighbridge.service.configuration import configured
from weighbridge.service.jobs import listing, queue
from weighbridge.service.jobs.queue import State
from weighbridge.service.running import assembled
from weighbridge.service.tables_jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import Postgres
    from tests.support.registry import Registry
    from weighbridge.service.running import Service

RELEASES = 12
_SECONDS = 400
pytestmark = pytest.mark.timeout(2 * _SECONDS)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """Twelve versions of an image, each of a commit and a size of its own."""
    (tmp_path / "registry").mkdir()
    with running_registry(tmp_path / "registry") as running:
        for number in range(RELEASES):
            config = {"config": {"Labels": {"org.opencontainers.image.revision": f"{number:040x}"}}}
            made = replace(recipe(f"COPY / /\n    bin/app {3000 + number}\n"), config=config)
            pushed(running, f"v1.{number}.0", made, "octo/lost")
        yield running


@pytest.fixture
def service(postgres: Postgres, migrated: str, tmp_path: Path) -> Iterator[Service]:
    made = assembled(configured(data=tmp_path / "data", database_url=postgres.create(migrated)))
    yield made
    made.database.close()


@pytest.fixture
def workers(service: Service, registry: Registry, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts workers as people do; those that are left are ended."""
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.address: {"auth": auth}}}))
    environ = {
        **os.environ, "DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": "unix:///none",
        "XDG_CACHE_HOME": str(tmp_path / "cache"), "WEIGHBRIDGE_SERVICE_DATA": str(service.configuration.data),
        "WEIGHBRIDGE_SERVICE_DATABASE_URL": service.database.url,
    }  # fmt: skip
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / "workers.log").open("ab") as log:
            process = subprocess.Popen(
                command("worker"), env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)
    print((tmp_path / "workers.log").read_text(errors="replace")[-4000:])


def parts(service: Service, parent: int) -> dict[int, Job]:
    with service.database.reading() as session:
        return {job.id: job for job in session.scalars(select(Job).where(Job.parent_id == parent))}


def states(service: Service, parent: int) -> list[str]:
    return [job.state for job in parts(service, parent).values()]


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert process.poll() is None, "the worker ended"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def stopped_in_the_middle(service: Service, parent: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether some are done, some are under way and some wait, at a moment at which nothing moves any more."""
    os.killpg(process.pid, signal.SIGSTOP)
    if {State.DONE, State.RUNNING, State.WAITING} <= set(states(service, parent)):
        return True
    os.killpg(process.pid, signal.SIGCONT)
    return False


def test_another_worker_takes_on_what_a_killed_one_left(
    service: Service, registry: Registry, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    mona = Reader(login="mona", role=Role.ADMIN, readable=None)
    wanted = {"registry": f"{registry.address}/octo/lost", "repository": "octocat/lost", "image": "app"}
    parent = listing.ask(service, mona, "backfill", wanted)
    first = workers()
    until(lambda: stopped_in_the_middle(service, parent, first), first)
    os.killpg(first.pid, signal.SIGKILL)
    assert -signal.SIGKILL == first.wait(60)
    left = parts(service, parent)
    running = {number for number, job in left.items() if job.state == State.RUNNING}
    done = {number: job.finished for number, job in left.items() if job.state == State.DONE}

    second = workers()
    began = time.monotonic()
    until(lambda: not {State.RUNNING, State.WAITING} & set(states(service, parent)), second)
    spent = time.monotonic() - began
    print(f"{len(done)} were done, {len(running)} under way; all after {spent:.0f} s")
    with contextlib.suppress(ProcessLookupError):
        second.terminate()
    assert 0 == second.wait(60)

    after = parts(service, parent)
    assert RELEASES == len(after)
    assert {State.DONE} == {State(job.state) for job in after.values()}, [job.message for job in after.values()]
    # Once each; what was under way was begun again, after it was seen that nobody is there any more.
    assert {number: 1 + (number in running) for number in after} == {n: job.attempt for n, job in after.items()}
    assert done == {number: after[number].finished for number in done}
    assert all((after[number].started or 0) - (left[number].started or 0) >= queue.STALE for number in running)
    with service.database.reading() as session:
        records = session.scalars(select(tables.Record).order_by(tables.Record.size)).all()
        assert (
            RELEASES
            <= (session.scalar(select(func.count()).select_from(tables.Report)) or 0)
            <= RELEASES + len(running)
        )
    expected = [(f"{number:040x}", f"v1.{number}.0", 3000 + number) for number in range(RELEASES)]
    assert expected == [(record.commit, record.release, record.size) for record in records]
