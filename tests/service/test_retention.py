"""What is let go of, and what stays."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from tests.support import reports
from tests.support.service import REPOSITORY, START, read, sent
from weighbridge.core import wire
from weighbridge.service import ingest, retention, tables
from weighbridge.service.sender import Sender
from weighbridge.service.store import Folder
from weighbridge.service.tables_details import LayerFiles
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

HOURS_OF_A_WEEK = 7 * 24


def at(service: Service, days: float) -> Service:
    """The service, so many days after the beginning of the tests' time."""
    return replace(service, now=lambda: START + timedelta(days=days))


def take(service: Service, content: bytes, when: datetime) -> None:
    sender = Sender(actor="tests", scope="*")
    ingest.take(wire.load(content), content, sender, service.database, service.store, when)


def commits(service: Service, pull: int | None = None) -> list[int]:
    with service.database.reading() as session:
        statement = select(tables.Record.commit).order_by(tables.Record.time)
        if pull is not None:
            statement = statement.where(tables.Record.pull == pull)
        return [int(commit, 16) for commit in session.scalars(statement)]


def age_everything(service: Service, when: datetime) -> None:
    """Files of the store have the time of this machine, whatever time the tests have."""
    assert isinstance(service.store, Folder)
    for path in service.configuration.data.rglob("*.zst"):
        os.utime(path, (seconds(when), seconds(when)))


def test_old_records_are_thinned_to_one_a_week(service: Service) -> None:
    for number in range(0, 4 * HOURS_OF_A_WEEK, 24):
        take(service, sent(reports.image(size=1000 + number), number=number), START + timedelta(hours=number))
    take(service, sent(number=30, ref="v1", release="v1"), START + timedelta(hours=30))
    before = commits(service)

    assert {} == retention.run(at(service, 100))
    assert before == commits(service)
    done = retention.run(at(service, 421))
    # 2026 began on a Thursday: the last of each week up to the Sunday, of those that are old enough; and the release.
    assert [30, 72, 240, 408, *range(480, 672, 24)] == commits(service)
    assert len(before) - len(commits(service)) == done["old records"]
    with service.database.reading() as session:
        (image,) = session.scalars(select(tables.Image)).all()
    assert "[1072,1240,1408,1480,1504," in image.trend


def test_the_newest_stays_however_old(service: Service) -> None:
    take(service, sent(number=1), START)
    retention.run(at(service, 4000))
    assert [1] == commits(service)


def test_pull_requests_close_and_go(service: Service) -> None:
    take(service, sent(number=1), START)
    for pull, days in ((7, 0), (8, 60)):
        when = START + timedelta(days=days)
        take(service, sent(number=pull, pull=pull, recorded=when, time=when), when)

    assert {"pull requests closed": 1} == retention.run(at(service, 70))
    done = retention.run(at(service, 100))
    assert (1, 1) == (done["records of pull requests"], done["pull requests"])
    assert [1, 8] == commits(service)
    with service.database.reading() as session:
        assert [(8, False)] == [(pull.number, pull.open) for pull in session.scalars(select(tables.Pull))]


def test_a_pull_request_that_lives_keeps_its_first_reports(service: Service) -> None:
    for number, days in ((1, 0), (2, 95)):
        when = START + timedelta(days=days)
        take(service, sent(number=number, pull=7, recorded=when, time=when), when)
    retention.run(at(service, 100))
    assert [1, 2] == commits(service, pull=7)


def test_reports_and_content_that_nothing_refers_to_go(service: Service) -> None:
    first = sent(reports.image(size=1000), number=1)
    take(service, first, START)
    take(
        service,
        sent(reports.image(size=2000), number=1, recorded=START + timedelta(hours=5)),
        START + timedelta(hours=5),
    )
    age_everything(service, START)
    assert 2 == len(list(service.store.stored("reports")))

    done = retention.run(at(service, 3))
    assert (1, 1) == (done["reports"], done["stored reports"])
    assert 1 == len(list(service.store.stored("reports")))
    # Sent again, it is taken again; it is older than what is known, and changes nothing.
    take(service, first, START + timedelta(days=3))
    with service.database.reading() as session:
        assert [2000] == session.scalars(select(tables.Record.size)).all()


def test_what_was_put_just_now_stays(service: Service) -> None:
    """Content comes before the rows that speak of it."""
    take(service, sent(number=1), START)
    with service.database.writing() as session:
        for report in session.scalars(select(tables.Report)):
            session.delete(report)
    retention.run(at(service, 0.5))
    assert 1 == len(list(service.store.stored("reports")))


def test_files_of_layers_go_once_nobody_names_them(
    client: TestClient, sender: dict[str, str], service: Service, tmp_path: Path
) -> None:
    weighed = read(tmp_path, "etc/motd = hello\n")
    ((diff_id, document),) = weighed.documents.items()
    client.post("/api/v1/reports", content=sent(weighed.reported), headers=sender)
    client.put(f"/api/v1/layers/{diff_id}", params={"repository": REPOSITORY}, content=document, headers=sender)
    today = (service.now() - START) / timedelta(days=1)

    retention.run(at(service, today + 300))
    assert 1 == len(list(service.store.stored("layers")))
    done = retention.run(at(service, today + 500))
    assert (1, 1, 0) == (done["layers"], done["stored layers"], len(list(service.store.stored("layers"))))
    with service.database.reading() as session:
        assert 0 == ingest.count(session, LayerFiles)


@pytest.mark.parametrize("rule", ["keep_pulls", "keep_all", "keep_files", "close_pulls"])
def test_rules_can_be_switched_off(service: Service, rule: str) -> None:
    take(service, sent(number=1, pull=7), START)
    for number in (1, 2):
        take(service, sent(number=number), START)
    off = service.configuration.model_copy(update={rule: 0})
    done = retention.run(replace(at(service, 1000), configuration=off))
    assert (rule != "keep_pulls") == bool(done["records of pull requests"])
    assert (rule != "keep_all") == bool(done["old records"])
    assert (rule != "close_pulls") == bool(done["pull requests closed"])
