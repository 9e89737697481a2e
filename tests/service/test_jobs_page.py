"""The page of jobs and what its forms do: by admins only, meant, and written down in the audit log."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from tests.support.jobs import busy
from tests.support.signing_in import seated
from weighbridge.service.auth.reader import Role
from weighbridge.service.auth.tables import AuditEntry
from weighbridge.service.jobs import queue
from weighbridge.service.jobs.queue import Asked, State
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import seconds
from weighbridge.service.webhooks import courier
from weighbridge.service.webhooks.tables import Delivery
from weighbridge.service.webhooks.target import Undeliverable

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

FILLING = {"registry": "ghcr.io/octocat/app", "repository": "octocat/app", "image": "app"}


@pytest.fixture
def csrf(service: Service, client: TestClient) -> str:
    """What the forms of an admin carry, whose browser the client is."""
    cookie, csrf = seated(service, "mona", role=Role.ADMIN)
    client.cookies.set("weighbridge-session", cookie)
    return csrf


def audit(service: Service) -> list[tuple[str, str, str, str]]:
    with service.database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(each.actor, each.action, each.subject, each.detail) for each in entries]


def jobs(service: Service) -> list[Job]:
    with service.database.reading() as session:
        return list(session.scalars(select(Job).order_by(Job.id)))


def words(page: str, number: int) -> str:
    """What a row says."""
    row = re.search(rf'<tr id="job-{number}".*?</tr>', page, re.DOTALL)
    assert row is not None, number
    return " ".join(re.sub("<[^>]+>", " ", row[0]).split())


@pytest.mark.parametrize("kind", ["retention", "refresh"])
def test_what_needs_no_words_is_asked_for_by_a_button(
    service: Service, client: TestClient, csrf: str, kind: str
) -> None:
    answer = client.post("/jobs", data={"csrf": csrf, "kind": kind}, follow_redirects=False)
    assert (303, "/jobs") == (answer.status_code, answer.headers["location"])
    assert [(kind, "waiting", "mona", "{}")] == [(j.kind, j.state, j.actor, j.arguments) for j in jobs(service)]
    assert [("mona", "job.ask", f"{kind} 1", "")] == audit(service)
    assert f"{kind.title()} 1 waiting – – mona just now – Cancel" == words(client.get("/jobs").text, 1)


def test_a_backfill_is_asked_for_by_a_form(service: Service, client: TestClient, csrf: str) -> None:
    form = {
        **FILLING,
        "csrf": csrf,
        "platform": " linux/arm64 ",
        "pattern": "v2.*",
        "prereleases": "true",
        "limit": "20",
        "private": "true",
        "commits": f" v2.0  {'a' * 40}\r\n\r\nv2.1 {'b' * 40}\n",
    }
    assert 200 == client.post("/jobs/backfill", data=form).status_code
    plain = {**FILLING, "csrf": csrf, "platform": "linux/amd64", "pattern": "", "limit": ""}
    assert 200 == client.post("/jobs/backfill", data=plain).status_code

    first, second = (json.loads(job.arguments) for job in jobs(service))
    rest: dict[str, object] = {"platform": "linux/arm64", "pattern": "v2.*", "prereleases": True, "limit": 20}
    commits = {"v2.0": "a" * 40, "v2.1": "b" * 40}
    assert {**FILLING, **rest, "private": True, "commits": commits} == first
    rest = {"platform": "linux/amd64", "pattern": None, "prereleases": False, "limit": 0}
    assert {**FILLING, **rest, "private": None, "commits": {}} == second
    (_, action, subject, detail), _ = audit(service)
    assert ("job.ask", "backfill 1", first) == (action, subject, json.loads(detail))
    assert [first, second] == [job["arguments"] for job in client.get("/api/v1/jobs").json()["jobs"]][::-1]
    assert "ghcr.io/octocat/app as octocat/app app, v2.*" in words(client.get("/jobs").text, 1)


@pytest.mark.parametrize(
    "wrong",
    [{"repository": "octocat"}, {"registry": ""}, {"image": "x" * 256}, {"platform": "linux"}, {"limit": "-1"},
     {"limit": "99999"}, {"pattern": "x" * 201}, {"private": "perhaps"}, {"commits": "v1.0"}, {"commits": "v1.0 main"},
     {"commits": f"v1.0 {'a' * 40} more"}],
)  # fmt: skip
def test_a_backfill_that_makes_no_sense_is_refused(
    service: Service, client: TestClient, csrf: str, wrong: dict[str, str]
) -> None:
    answer = client.post("/jobs/backfill", data={**FILLING, "csrf": csrf, **wrong}, headers={"Accept": "text/html"})
    assert (422, True) == (answer.status_code, "<h1>" in answer.text)
    assert ([], []) == (jobs(service), audit(service))


@pytest.mark.parametrize(
    "path", ["/jobs", "/jobs/backfill", "/jobs/1/cancel", "/jobs/messages/msg_1/retry", "/jobs/messages/msg_1/cancel"]
)
def test_only_admins_who_mean_it_are_heard(service: Service, client: TestClient, path: str) -> None:
    assert 401 == client.post(path, data={"kind": "refresh"}).status_code
    cookie, csrf = seated(service, "hubot", 2)
    client.cookies.set("weighbridge-session", cookie)
    assert 403 == client.post(path, data={"kind": "refresh", "csrf": csrf}).status_code
    cookie, _ = seated(service, "mona", role=Role.ADMIN)
    client.cookies.set("weighbridge-session", cookie)
    assert 403 == client.post(path, data={"kind": "refresh", "csrf": csrf}).status_code
    assert 403 == client.post(path, data={"kind": "refresh"}).status_code
    assert ([], []) == (jobs(service), audit(service))


def test_parts_are_told_of_beneath_what_asked_for_them(service: Service, client: TestClient, csrf: str) -> None:
    going = busy(service)
    page = client.get("/jobs").text
    row = words(page, going)
    # The asking is done; the work is not.
    assert row.startswith(f"Backfill {going} ghcr.io/octocat/storefront as octocat/shop storefront, v2.* running")
    assert "15 of 24 parts 1 failed · 14 done · 2 running · 7 waiting" in row
    beneath = re.findall(r'<tr id="job-(\d+)" class="part">', page)
    assert ["v2.15.0 running", "v2.16.0 running", "v2.4.0 failed"] == [
        " ".join(words(page, int(number)).split()[:2]) for number in beneath
    ]
    assert page.index(f'id="job-{going}"') < page.index(f'id="job-{beneath[0]}"') < page.index('id="job-2"')
    assert "cancelled 12 of 12 parts 5 cancelled · 7 done" in words(page, 2)

    whole = client.get("/jobs", params={"parent": going}).text
    assert 25 == len(re.findall(r'<tr id="job-', whole))
    assert words(whole, going).startswith("Backfill")
    failed = client.get("/jobs", params={"parent": going, "state": "failed"}).text
    assert "no commit is known" in failed
    assert 2 == len(re.findall(r'<tr id="job-', failed))


def test_a_job_is_cancelled_with_its_parts_and_the_list_stays(service: Service, client: TestClient, csrf: str) -> None:
    going = busy(service)
    part = next(job for job in jobs(service) if job.parent_id == going and job.state == State.WAITING)
    address = f"/jobs/{part.id}/cancel?state=waiting&parent={going}"
    answer = client.post(address, data={"csrf": csrf}, follow_redirects=False)
    assert f"/jobs?state=waiting&parent={going}" == answer.headers["location"]
    client.post(f"/jobs/{going}/cancel", data={"csrf": csrf})
    page = client.get("/jobs").text
    assert "7 cancelled · 1 failed · 14 done · 2 running" in words(page, going)
    assert "ending" in page

    # What is over, or never was, is not cancelled: nothing is written down.
    client.post("/jobs/1/cancel", data={"csrf": csrf})
    client.post("/jobs/99999/cancel", data={"csrf": csrf})
    asked = [entry for entry in audit(service) if entry[1].startswith("job.")]
    assert [("mona", "job.cancel", f"weigh {part.id}", ""), ("mona", "job.cancel", f"backfill {going}", "")] == asked


def test_the_api_tells_the_same_and_writes_it_down_too(service: Service, client: TestClient, csrf: str) -> None:
    going = busy(service)
    headers = {"X-CSRF-Token": csrf}
    top = client.get("/api/v1/jobs", params={"parts": False}).json()["jobs"]
    assert ["refresh", "backfill", "backfill", "retention"] == [job["kind"] for job in top]
    assert {"done": 14, "failed": 1, "running": 2, "waiting": 7} == top[1]["parts"]
    number = client.post("/api/v1/jobs", json={"job": {"kind": "refresh"}}, headers=headers).json()["id"]
    assert 202 == client.post(f"/api/v1/jobs/{going}/cancel", headers=headers).status_code
    actions = [(action, subject) for _, action, subject, _ in audit(service)][2:]
    assert [("job.ask", f"refresh {number}"), ("job.cancel", f"backfill {going}")] == actions


def test_work_that_nobody_takes_on_is_told(service: Service, client: TestClient, csrf: str) -> None:
    with service.database.writing() as session:
        long_ago = seconds(service.now()) - 10 * queue.STALE
        queue.ask(session, Asked(kind="refresh", arguments={}, actor="mona"), long_ago)
    assert "weighbridge worker" in client.get("/jobs").text
    busy(service)
    # Somebody is seen at work.
    assert "weighbridge worker" not in client.get("/jobs").text


def message(service: Service, **having: Any) -> Delivery:
    with service.database.reading() as session:
        return session.scalars(select(Delivery).filter_by(**having).order_by(Delivery.id)).first() or Delivery()


def test_messages_are_sent_again_and_cancelled(service: Service, client: TestClient, csrf: str) -> None:
    busy(service)
    failed, waiting = message(service, state="failed"), message(service, state="waiting")
    page = client.get("/jobs").text
    assert page.index(waiting.uid) < page.index(failed.uid)
    for word in ("3 of 9", "it answered 503", "in 1 min", "9 of 9", "the connection was refused", "it answered 204"):
        assert word in page

    client.post(f"/jobs/messages/{waiting.uid}/cancel", data={"csrf": csrf})
    client.post(f"/jobs/messages/{failed.uid}/retry", data={"csrf": csrf})
    again = message(service, uid=failed.uid)
    assert ("waiting", 0, None) == (again.state, again.attempts, again.finished)
    assert 1 == courier.deliver_due(service)
    again, ended = message(service, uid=failed.uid), message(service, uid=waiting.uid)
    # This machine is no address to send to: it is tried again later.
    assert ("waiting", 1, True) == (again.state, again.attempts, "may not reach" in (again.error or ""))
    assert ("cancelled", 3) == (ended.state, ended.attempts)
    assert [("webhook.cancel", "pager", waiting.uid), ("webhook.retry", "pager", failed.uid)] == [
        entry[1:] for entry in audit(service)
    ][2:]
    # One that arrived is not sent again.
    arrived = message(service, state="delivered")
    client.post(f"/jobs/messages/{arrived.uid}/retry", data={"csrf": csrf})
    assert 0 == courier.deliver_due(service)
    assert 422 == client.post("/jobs/messages/msg_none/retry", data={"csrf": csrf}).status_code


def test_the_api_does_the_same_for_messages(service: Service, client: TestClient, csrf: str) -> None:
    busy(service)
    waiting = message(service, state="waiting")
    where, headers = f"/api/v1/admin/webhooks/pager/deliveries/{waiting.uid}", {"X-CSRF-Token": csrf}
    assert 404 == client.post(where.replace("pager", "chat") + "/cancel", headers=headers).status_code
    assert 202 == client.post(f"{where}/cancel", headers=headers).status_code
    told = client.get("/api/v1/admin/webhooks/pager/deliveries").json()["deliveries"][0]
    assert ("cancelled", None) == (told["state"], told["due"])
    assert 202 == client.post(f"{where}/retry", headers=headers).status_code
    told = client.get("/api/v1/admin/webhooks/pager/deliveries").json()["deliveries"][0]
    assert ("waiting", 0) == (told["state"], told["attempts"])
    assert told["due"] is not None


def test_one_that_is_cancelled_while_it_is_sent_stays_so(
    service: Service, client: TestClient, csrf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(service)
    uid = message(service, state="failed").uid
    client.post(f"/jobs/messages/{uid}/retry", data={"csrf": csrf})

    def post(*_: object) -> int:
        client.post(f"/jobs/messages/{uid}/cancel", data={"csrf": csrf})
        raise Undeliverable("it answered 500", status=500)

    monkeypatch.setattr(courier, "post", post)
    assert 1 == courier.deliver_due(service)
    assert "cancelled" == message(service, uid=uid).state
