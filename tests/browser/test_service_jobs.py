"""The page of jobs in a real Chromium: for everybody, with scripts and without, on both databases."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from tests.browser.service import Site, Visitor, listening
from tests.browser.test_service_pages import violations
from tests.support.command import command
from tests.support.jobs import busy
from tests.support.postgres import running_postgres
from tests.support.signing_in import seated
from weighbridge.service import schema
from weighbridge.service.app import create
from weighbridge.service.auth.reader import Role
from weighbridge.service.configuration import configured
from weighbridge.service.jobs.local import Local
from weighbridge.service.jobs.tasks import tasks
from weighbridge.service.running import assembled
from weighbridge.service.tables_jobs import Job
from weighbridge.weigher import RegistryWeigher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from weighbridge.service.running import Service

pytestmark = pytest.mark.browser


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with contextlib.ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'weighbridge.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(running_postgres()).create()
        made = assembled(configured(data=tmp_path / "data", database_url=url))
        schema.upgrade(made.database)
        yield made
        made.database.close()


@contextlib.contextmanager
def keeper(browser: Browser, service: Service, *, works: bool = False) -> Iterator[Visitor]:
    """Opens pages as an admin; where it `works`, jobs are done as they are where the service is installed."""
    local = Local(service, tasks(RegistryWeigher())) if works and service.database.sqlite else None
    app = create(service, local)
    cookie, _ = seated(service, "mona", role=Role.ADMIN)
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(listening(app))
        if works and local is None:
            stack.enter_context(_worker(service))
        site = Site(address=address, client=TestClient(app), service=service)
        visitor = Visitor(browser=browser, site=site, session=cookie)
        yield visitor
        visitor.leave()


@contextlib.contextmanager
def _worker(service: Service) -> Iterator[None]:
    words = ("worker", "--data", str(service.configuration.data), "--database", service.database.url)
    process = subprocess.Popen(command(*words), stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        assert 0 == process.wait(60)


def row(page: Page, name: str) -> Locator:
    """Of a job, or of a webhook's message."""
    return page.locator("table.jobs tr", has=page.get_by_role("rowheader", name=name)).first


def move(service: Service, number: int, **values: object) -> None:
    """As the worker does that has the job."""
    with service.database.writing() as session:
        session.execute(update(Job).where(Job.id == number).values(**values))


def test_the_page_is_for_everybody(browser: Browser, service: Service) -> None:
    going = busy(service)
    with keeper(browser, service) as visit:
        for path in ("/jobs", f"/jobs?parent={going}", "/jobs?state=cancelled", "/jobs?state=waiting&parent=1"):
            desk = visit(path)
            assert [] == violations(desk)
            assert 1 == desk.locator("h1").count()
            phone = visit(path, scheme="dark", width=360, height=780)
            assert [] == violations(phone)
            assert 360 >= phone.evaluate("document.documentElement.scrollWidth")


def test_jobs_are_asked_for_and_followed_without_loading_the_page_again(browser: Browser, service: Service) -> None:
    with keeper(browser, service, works=True) as visit:
        page = visit("/")
        page.get_by_role("navigation", name="Account").get_by_role("link", name="Jobs").click()
        page.get_by_role("button", name="Refresh", exact=True).click()
        page.evaluate("window.stays = true")
        row(page, "Refresh").get_by_text("0 images").wait_for(timeout=60_000)
        assert row(page, "Refresh").get_by_text("done").is_visible()
        assert "mona" in row(page, "Refresh").inner_text()
        assert page.evaluate("window.stays")

        page.get_by_text("Backfill: weigh").click()
        page.get_by_label("Registry’s image").fill("127.0.0.1:9/octocat/app")
        page.get_by_label("Repository", exact=True).fill("octocat/app")
        page.get_by_label("Image", exact=True).fill("app")
        page.get_by_role("button", name="Backfill", exact=True).click()
        # Nothing answers there: the worker says so.
        row(page, "Backfill").get_by_text("failed", exact=True).wait_for(timeout=60_000)
        assert "127.0.0.1:9" in row(page, "Backfill").locator(".says").inner_text()
        assert 1 == page.get_by_role("rowheader", name="127.0.0.1:9/octocat/app as octocat/app app").count()


@pytest.mark.parametrize("script", [True, False])
def test_what_goes_on_is_cancelled_with_its_parts(browser: Browser, service: Service, script: bool) -> None:
    going = busy(service)
    with keeper(browser, service) as visit:
        page = visit("/jobs", script=script)
        assert "15 of 24 parts" == row(page, f"Backfill {going}").get_by_role("link").inner_text()
        page.get_by_role("button", name=f"Cancel: backfill {going}").click()
        # What nobody began is over; what is under way ends when its worker looks.
        assert "2 running · 7 cancelled" not in row(page, "Backfill").inner_text()
        words = row(page, f"Backfill {going}").inner_text()
        assert all(part in words for part in ("7 cancelled", "1 failed", "14 done", "2 running"))
        assert 2 == page.locator("tr.part .state.ending").count()

        page.get_by_role("link", name="22 of 24 parts").click()
        page.get_by_role("heading", name=f"Parts of backfill {going}").wait_for()
        assert 7 == page.locator("tr.part .state.cancelled").count()
        assert 0 == page.get_by_role("button", name="Cancel: weigh").count()


def test_the_list_moves_by_itself_and_disturbs_nobody(browser: Browser, service: Service) -> None:
    busy(service)
    with keeper(browser, service) as visit:
        page = visit("/jobs")
        refresh = row(page, "Refresh")
        bar = refresh.get_by_role("progressbar")
        assert ("212", "640") == (bar.get_attribute("value"), bar.get_attribute("max"))
        number = int((refresh.get_attribute("id") or "").removeprefix("job-"))
        page.get_by_text("Backfill: weigh").click()
        page.get_by_label("Registry’s image").fill("half of a na")
        page.get_by_role("button", name=f"Cancel: refresh {number}").focus()

        move(service, number, done=300)
        refresh.get_by_text("300 of 640").wait_for()
        assert f"cancel-{number}" == page.evaluate("document.activeElement.id")
        assert "half of a na" == page.get_by_label("Registry’s image").input_value()
        move(service, number, state="done", done=640, finished=2_000_000_000)
        refresh.get_by_text("640 of 640").wait_for()
        # The button that was stood at is no more: one goes on from the list.
        assert "Jobs" == page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_messages_to_webhooks_are_sent_again_and_cancelled(browser: Browser, service: Service) -> None:
    busy(service)
    with keeper(browser, service) as visit:
        page = visit("/jobs")
        assert "1 waiting · 2 delivered · 1 failed" == page.locator("#counts").inner_text()
        page.get_by_role("button", name="Cancel: message to pager").click()
        page.get_by_text("2 delivered · 1 failed · 1 cancelled").wait_for()
        page.get_by_role("button", name="Send now: pager").last.click()
        # Tried at once, or soon: this machine itself is no address to send to.
        page.get_by_text("1 waiting · 2 delivered · 1 cancelled").wait_for()
        page.get_by_text("may not reach").wait_for(timeout=60_000)
        assert [] == violations(page)


def test_others_are_not_led_there(browser: Browser, service: Service) -> None:
    cookie, _ = seated(service, "hubot", 2)
    with keeper(browser, service) as visit:
        other = Visitor(browser=browser, site=visit.site, session=cookie)
        page = other("/")
        assert page.get_by_role("link", name="hubot").is_visible()
        assert 0 == page.get_by_role("link", name="Jobs").count()
        for opened in other.pages:
            opened.page.context.close()
