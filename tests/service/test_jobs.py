"""Work that takes long: asked for once, done at least once, seen, cancelled, and taken on when a worker is lost."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from tests.support import reports
from tests.support.service import START, read, sent
from weighbridge.core.wire.layers import load_layer
from weighbridge.errors import ImageNotFound
from weighbridge.service import details, queries, tables
from weighbridge.service.auth.gate import Gate
from weighbridge.service.auth.reader import Reader, Role
from weighbridge.service.jobs import house, on_postgresql, queue, work
from weighbridge.service.jobs.local import Local
from weighbridge.service.jobs.queue import Asked, State
from weighbridge.service.jobs.tasks import tasks
from weighbridge.service.jobs.weigher import Release
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

NEVER = threading.Event()


@pytest.fixture
def admin(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Requests of one who keeps the service."""

    async def reader(*_arguments: object) -> Reader:
        return Reader(login="mona", role=Role.ADMIN, readable=None)

    monkeypatch.setattr(Gate, "_reader", reader)
    return client


@contextmanager
def workers(service: Service, known: Mapping[str, work.Task], concurrency: int = 2) -> Iterator[None]:
    """As `weighbridge worker` has them, until nothing is left to do."""
    if service.database.sqlite:
        local = Local(service, known, concurrency)
        with local:
            yield
            local.wait(drain=True)
        return
    yield
    thread = threading.Thread(target=on_postgresql.run, args=(service, known, concurrency), kwargs={"drain": True})
    thread.start()
    thread.join(120)
    assert not thread.is_alive()


def ask(service: Service, kind: str, name: str | None = None, **arguments: Any) -> int | None:
    with service.database.writing() as session:
        asked = Asked(kind=kind, arguments=arguments, actor="tests", name=name)
        return queue.ask(session, asked, seconds(service.now()))


def job(service: Service, number: int | None) -> Job:
    with service.database.reading() as session:
        return session.get_one(Job, number)


def ended(service: Service, number: int | None) -> tuple[str, str, int]:
    found = job(service, number)
    return found.state, found.message, found.attempt


class Registry:
    """Implements Weigher: three versions of an image, of which one says no commit and one is away at first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.away = True
        self.weighed: list[str] = []
        self._lock = threading.Lock()

    def tags(self, registry: str) -> tuple[str, ...]:
        assert "ghcr.io/octocat/app" == registry
        return ("latest", "v1.0.0", "v1.1.0", "v2.0.0", "v2.1.0-rc1")

    def weigh(self, registry: str, tag: str, platform: str, consider: Callable[[str | None], None]) -> Release:
        with self._lock:
            self.weighed.append(tag)
            if tag == "v2.0.0" and self.away:
                self.away = False
                raise ImageNotFound("the registry does not answer")
            made = read(self._folder, "etc/motd = hello\n", f"app/main {len(self.weighed)}00\n")
        commit = None if tag == "v1.0.0" else tag[1] * 40
        consider(commit)
        return Release(
            report=replace(reports.report(made.reported), repository=None, pull_request=None, occasion=None),
            commit=commit,
            time=START,
            layers=[load_layer(document) for document in made.documents.values()],
        )


def test_a_backfill_weighs_each_version_by_a_job_of_its_own(
    admin: TestClient, service: Service, tmp_path: Path
) -> None:
    registry = Registry(tmp_path)
    known = tasks(registry)
    arguments = {"registry": "ghcr.io/octocat/app", "repository": "octocat/yard", "image": "app"}
    wanted = {"job": {"kind": "backfill", "arguments": arguments}}
    # The report's platform decides; the image that is read here is of this one.
    with workers(service, known):
        answer = admin.post("/api/v1/jobs", json=wanted)
        assert (202, "waiting") == (answer.status_code, answer.json()["state"])
    parent = admin.get(f"/api/v1/jobs/{answer.json()['id']}").json()
    # v1.0.0 tells no commit, v2.0.0 is away; neither is the others' fault.
    assert ("done", {"done": 1, "failed": 2}) == (parent["state"], parent["parts"])
    failed = admin.get("/api/v1/jobs", params={"state": "failed"}).json()["jobs"]
    assert {"no commit is known", "does not answer"} <= {word for one in failed for word in _words(one["message"])}
    listed = csv.DictReader(io.StringIO(admin.get("/api/v1/jobs", params={"format": "csv"}).text))
    # The daily one comes whenever the workers begin.
    rows = [row for row in listed if row["kind"] != "retention"]
    assert ["weigh", "weigh", "weigh", "backfill"] == [row["kind"] for row in rows]
    assert arguments["registry"] == json.loads(rows[3]["arguments"])["registry"]
    assert {"done": 1, "failed": 2} == json.loads(rows[3]["parts"])

    with workers(service, known):
        admin.post("/api/v1/jobs", json=wanted)
    failed = admin.get("/api/v1/jobs", params={"state": "failed"}).json()["jobs"]
    assert ["no commit is known", "no commit is known", "does not answer"] == [
        word for one in failed for word in _words(one["message"])
    ]
    with service.database.reading() as session:
        records = session.scalars(select(tables.Record).order_by(tables.Record.release)).all()
        assert ["v1.1.0", "v2.0.0"] == [record.release for record in records]
        assert all(not hasattr(image, "reason") for image in details.images(session, service.store, *records))
        # No branch is known of them: they are releases, and nothing else.
        shown = queries.images(session, queries.Wanted()).images
    assert [None] == [one.image.size for one in shown]
    assert 1 == registry.weighed.count("v1.1.0")
    assert "v2.1.0-rc1" not in registry.weighed


def _words(message: str) -> set[str]:
    return {part for part in ("no commit is known", "does not answer") if part in message}


def test_a_job_that_was_asked_for_by_name_is_asked_for_once(service: Service) -> None:
    first = ask(service, "refresh", name="refresh:today")
    assert first is not None
    assert ask(service, "refresh", name="refresh:today") is None
    assert ask(service, "refresh") not in (None, first)


def test_only_one_takes_a_job_on(service: Service) -> None:
    number = ask(service, "count")
    runs = []
    ready = threading.Barrier(6)

    def count(_service: Service, _arguments: Mapping[str, object], progress: work.Progress) -> str:
        runs.append(progress.taken.attempt)
        return "counted"

    def run() -> None:
        ready.wait(30)
        work.run(service, {"count": count}, number or 0, NEVER)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [1] == runs
    assert ("done", "counted", 1) == (
        job(service, number).state,
        job(service, number).message,
        job(service, number).attempt,
    )


def test_the_work_of_one_that_is_lost_is_taken_on(service: Service) -> None:
    """As after a kill: the job says that it runs, and nobody is there."""
    number = ask(service, "count") or 0
    with service.database.writing() as session:
        lost = queue.take(session, number, seconds(service.now()))
    assert lost is not None
    known: dict[str, work.Task] = {"count": lambda _service, _arguments, _progress: "counted"}
    assert not work.run(service, known, number, NEVER)

    later = replace(service, now=lambda: service.now() + timedelta(seconds=queue.STALE + 1))
    house.keep(later)
    assert work.run(later, known, number, NEVER)
    # Should it have been only slow, it learns that the work is another's, and what it says is not heard.
    with service.database.writing() as session:
        assert not queue.tell(session, lost, seconds(service.now()), message="I am back")
        queue.finish(session, lost, State.FAILED, "no", seconds(service.now()))
    assert ("done", "counted", 2) == (
        job(service, number).state,
        job(service, number).message,
        job(service, number).attempt,
    )


def test_work_that_ends_every_worker_is_given_up(service: Service) -> None:
    number = ask(service, "bomb") or 0
    for attempt in range(queue.ATTEMPTS + 1):
        now = service.now() + timedelta(seconds=attempt * (queue.STALE + 1))
        if attempt < queue.ATTEMPTS:
            with service.database.writing() as session:
                assert queue.take(session, number, seconds(now)) is not None
        else:
            assert not work.run(replace(service, now=partial(_same, now)), {}, number, NEVER)
    assert ("failed", "given up: it ended 5 workers") == (job(service, number).state, job(service, number).message)


def _same(now: datetime) -> datetime:
    return now


def test_a_job_is_cancelled_while_it_runs(admin: TestClient, service: Service) -> None:
    number = ask(service, "long")
    begun = threading.Event()

    def long(_service: Service, _arguments: Mapping[str, object], progress: work.Progress) -> str:
        for step in range(600):
            progress.last(step, 600, f"step {step}")
            begun.set()
            time.sleep(0.1)
        return "too late"

    thread = threading.Thread(target=work.run, args=(service, {"long": long}, number, NEVER))
    thread.start()
    assert begun.wait(60)
    shown = admin.get(f"/api/v1/jobs/{number}").json()
    assert ("running", 600) == (shown["state"], shown["total"])
    assert "step" in admin.get("/jobs").text
    assert admin.post(f"/api/v1/jobs/{number}/cancel").json()["cancelled"]
    thread.join(60)
    assert "cancelled" == admin.get(f"/api/v1/jobs/{number}").json()["state"]


def test_what_waits_is_cancelled_with_what_it_asked_for(admin: TestClient, service: Service) -> None:
    parent = ask(service, "backfill")
    with service.database.writing() as session:
        for name in ("a", "b"):
            asked = Asked(kind="weigh", arguments={}, actor="tests", name=name, parent=parent)
            queue.ask(session, asked, seconds(service.now()))
    answer = admin.post(f"/api/v1/jobs/{parent}/cancel").json()
    assert ("cancelled", {"cancelled": 2}) == (answer["state"], answer["parts"])
    assert not work.run(service, {}, parent or 0, NEVER)


def test_one_that_is_told_to_stop_leaves_the_work_to_others(service: Service) -> None:
    number = ask(service, "long")
    stop = threading.Event()

    def long(_service: Service, _arguments: Mapping[str, object], progress: work.Progress) -> str:
        stop.set()
        progress.check()
        return "no"

    work.run(service, {"long": long}, number or 0, stop)
    assert ("waiting", 0) == (job(service, number).state, job(service, number).attempt)


def test_a_task_that_fails_is_told_and_harms_no_other(service: Service) -> None:
    def fails(*_arguments: object) -> str:
        raise RuntimeError("secret words")

    failing, unknown = ask(service, "fails"), ask(service, "unknown")
    for number in (failing, unknown):
        assert work.run(service, {"fails": fails}, number or 0, NEVER)
    assert ("failed", "it failed: RuntimeError; the log says more") == (
        job(service, failing).state,
        job(service, failing).message,
    )
    assert "nobody here knows" in job(service, unknown).message


def test_retention_is_asked_for_once_a_day_and_old_jobs_go(service: Service) -> None:
    for _ in range(3):
        house.keep(service)
    with workers(service, tasks()):
        pass
    with service.database.reading() as session:
        assert [("retention", "done", "nothing")] == [
            (one.kind, one.state, one.message) for one in session.scalars(select(Job))
        ]
    house.keep(replace(service, now=lambda: service.now() + timedelta(days=40)))
    with service.database.reading() as session:
        assert ["waiting"] == [one.state for one in session.scalars(select(Job))]


def test_refresh_works_out_anew_what_lists_show(client: TestClient, sender: dict[str, str], service: Service) -> None:
    client.post("/api/v1/reports", content=sent(number=1), headers=sender)
    with service.database.writing() as session:
        session.scalars(select(tables.Image)).one().trend = "[1]"
    number = ask(service, "refresh")
    work.run(service, tasks(), number or 0, NEVER)
    assert [100_000_000] == client.get("/api/v1/images").json()["images"][0]["trend"]
    assert "1 images" == job(service, number).message


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "weigh"},
        {"kind": "backfill"},
        {"kind": "backfill", "arguments": {"registry": "ghcr.io/a/b", "repository": "a", "image": "a"}},
        {"kind": "backfill", "arguments": {"registry": "ghcr.io/a/b", "repository": "a/b", "image": "a", "more": 1}},
    ],
)
def test_jobs_that_make_no_sense_are_refused(admin: TestClient, wanted: dict[str, Any]) -> None:
    assert 422 == admin.post("/api/v1/jobs", json={"job": wanted}).status_code


def test_only_admins_see_and_ask_for_jobs(client: TestClient, sender: dict[str, str]) -> None:
    wanted = {"job": {"kind": "retention"}}
    for headers, status in (({}, 401), (sender, 403)):
        assert status == client.post("/api/v1/jobs", json=wanted, headers=headers).status_code
        assert status == client.post("/api/v1/jobs/1/cancel", headers=headers).status_code
        assert status == client.get("/api/v1/jobs", headers=headers).status_code
        assert status == client.get("/jobs", headers=headers).status_code


def test_there_is_no_job_that_nobody_asked_for(admin: TestClient) -> None:
    assert 404 == admin.get("/api/v1/jobs/1").status_code
    assert 404 == admin.post("/api/v1/jobs/1/cancel").status_code
    assert [] == admin.get("/api/v1/jobs").json()["jobs"]
    assert "There are none" in admin.get("/jobs").text


def test_the_list_goes_on_page_by_page(admin: TestClient, service: Service) -> None:
    numbers = [ask(service, "refresh") for _ in range(5)]
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = admin.get("/api/v1/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["id"] for one in page["jobs"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert numbers[::-1] == seen
