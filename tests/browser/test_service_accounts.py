"""Signing in with a GitHub in a real Chromium, and the pages of those who did: whole, and safe from others' pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Opened
from tests.browser.test_service_pages import violations
from tests.support.github import GitHub, running_github
from tests.support.served import Served, free_port, served
from tests.support.signing_in import CLIENT_ID, CLIENT_SECRET, seed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def github(tmp_path: Path) -> Iterator[tuple[GitHub, Served]]:
    """A GitHub, and a service that octocat keeps and that only those may read who sign in there."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (
        running_github(seed(address), check=False) as made,
        served(
            tmp_path / "data", port=port, public_url=address, github_url=made.url, github_api_url=made.url,
            github_client_id=CLIENT_ID, github_client_secret=CLIENT_SECRET, reading="repository", admins="octocat",
        ) as service,
    ):  # fmt: skip
        yield made, service


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    yield made
    made.close()


def test_people_sign_in_keep_the_service_and_leave(github: tuple[GitHub, Served], context: BrowserContext) -> None:
    _, service = github
    opened = Opened(page=context.new_page(), address="")
    page = opened.page
    page.goto(f"{service.url}/findings")
    # GitHub's page comes up by itself, and leads back to where one was going.
    page.get_by_role("button", name="octocat").click()
    page.wait_for_url(f"{service.url}/findings")
    opened.listen()
    cookies = {cookie["name"]: cookie for cookie in context.cookies(service.url)}
    assert cookies["weighbridge-session"]["httpOnly"]
    assert "Lax" == cookies["weighbridge-session"]["sameSite"]

    page.get_by_role("link", name="Administration").click()
    _make_a_token(page)
    _is_for_everybody(page)
    page.get_by_role("link", name="Audit log").click()
    assert page.get_by_role("cell", name="token.issue.upload").is_visible()
    _is_for_everybody(page)

    page.get_by_role("link", name="octocat").click()
    _is_for_everybody(page)
    page.get_by_role("button", name="Sign out", exact=True).click()
    assert page.get_by_role("heading", name="Signed out").is_visible()
    _is_for_everybody(page)
    assert [] == opened.complaints
    page.goto(service.url)
    assert "/login/oauth/authorize" in page.url


def _make_a_token(page: Page) -> None:
    page.get_by_label("Name").fill("release machine")
    page.get_by_label("Scope").fill("octocat/*")
    page.get_by_role("button", name="Make a token").click()
    assert page.get_by_role("status").locator("code").inner_text().startswith("wbu_")
    page.get_by_role("button", name="Revoke release machine").click()
    page.get_by_text("revoked 2").wait_for()
    assert 0 == page.get_by_role("status").count()


def _is_for_everybody(page: Page) -> None:
    for scheme, width in (("light", 1280), ("dark", 360)):
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        page.set_viewport_size({"width": width, "height": 900})
        assert [] == violations(page)
        assert width >= page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_other_sites_change_nothing(github: tuple[GitHub, Served], context: BrowserContext, tmp_path: Path) -> None:
    _, service = github
    page = context.new_page()
    page.goto(f"{service.url}/account")
    page.get_by_role("button", name="octocat").click()
    page.wait_for_url(f"{service.url}/account")

    elsewhere = service.url.replace("127.0.0.1", "localhost")
    page.route(f"{elsewhere}/evil", lambda route: route.fulfill(
        content_type="text/html",
        body=f'<form method="post" action="{service.url}/admin/tokens"><input name="name" value="x">'
        '<input name="scope" value="*"></form><script>document.forms[0].submit()</script>',
    ))  # fmt: skip
    page.goto(f"{elsewhere}/evil")
    page.wait_for_url(f"{service.url}/admin/tokens")
    page.goto(f"{service.url}/admin")
    assert 0 == page.get_by_role("button", name="Revoke x").count()
