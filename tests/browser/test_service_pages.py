"""Every page of the service in a real Chromium: whole on a desk and on a phone, by day and by night, for everybody."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.service import Site, Visitor, site
from tests.support.postgres import running_postgres
from weighbridge.service.configuration import configured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

STOREFRONT = "octocat/shop/storefront"
PAGES = {
    "overview": "/",
    "overview-narrowed": "/?q=shop&status=fail&sort=name",
    "overview-nothing": "/?q=nothing-like-this",
    "repositories": "/repositories",
    "repository": "/repositories/octocat/shop",
    "image": f"/images/{STOREFRONT}",
    "image-layers": f"/images/{STOREFRONT}?chart=layers",
    "record": "/records/{newest}",
    "compare": "/compare?base={oldest}&head={newest}",
    "compare-directory": "/compare?base={oldest}&head={newest}&path=app",
    "pulls": "/pulls",
    "findings": "/findings",
    "rule": "/findings/npm-cache",
    "packages": "/packages",
    "package": "/packages/npm/typescript",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service on each of the databases, filled once."""
    folder = tmp_path_factory.mktemp("site")
    if request.param == "sqlite":
        with site(configured(data=folder)) as made:
            yield made
        return
    with running_postgres() as postgres, site(configured(data=folder, database_url=postgres.create())) as made:
        yield made


@pytest.fixture
def visit(browser: Browser, here: Site) -> Iterator[Visitor]:
    visitor = Visitor(browser=browser, site=here)
    yield visitor
    visitor.leave()


def path_of(name: str, here: Site) -> str:
    """A page's path, with records that there are."""
    records = here.client.get(f"/api/v1/images/{STOREFRONT}").json()["records"]
    return PAGES[name].format(newest=records[0]["id"], oldest=records[-1]["id"])


def violations(page: Page) -> list[object]:
    """What axe objects to."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    # Through the debugger: the pages' own policy lets no script in.
    page.evaluate(Path(os.environ["WEIGHBRIDGE_AXE"]).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(found => found.violations)")
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(visit: Visitor, here: Site, name: str) -> None:
    path = path_of(name, here)
    desk = visit(path)
    assert [] == violations(desk)
    assert desk.locator("h1").count() == 1
    phone = visit(path, scheme="dark", width=360, height=780)
    assert [] == violations(phone)
    assert 360 >= phone.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize("name", ["overview", "image", "record", "compare", "pulls"])
def test_a_page_is_whole_without_scripts(visit: Visitor, here: Site, name: str) -> None:
    page = visit(path_of(name, here), script=False)
    assert page.locator("main table, main svg.treemap").first.is_visible()
    if name == "image":
        picture = page.locator("figure.history img")
        assert picture.is_visible()
        assert 760 == picture.evaluate("each => each.naturalWidth")
    if name == "compare":
        assert page.locator("svg.treemap").is_visible()


def test_a_slash_looks_for_an_image(visit: Visitor) -> None:
    page = visit("/findings")
    page.keyboard.press("/")
    page.keyboard.type("storefront")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"q=storefront"))
    assert ["storefront"] == page.locator("td.what > a").all_inner_texts()
    page.keyboard.press("Tab")
    assert "Skip to the content" == page.evaluate("document.activeElement.textContent")


def test_heads_sort_and_choices_narrow(visit: Visitor) -> None:
    page = visit("/")
    page.get_by_role("link", name="This month").click()
    assert "descending" == page.get_by_role("columnheader", name="This month").get_attribute("aria-sort")
    page.locator("select[name=status]").select_option("over budget")
    page.wait_for_url(re.compile("status=fail"))
    badges = page.locator("tbody tr").all_inner_texts()
    assert badges
    assert all("over budget" in badge for badge in badges)
    assert "change" in page.url


def test_the_history_is_looked_at_closer(visit: Visitor) -> None:
    page = visit(f"/images/{STOREFRONT}")
    chart = page.locator(".chart svg")
    assert chart.is_visible()
    everything = chart.text_content()
    page.get_by_role("button", name="Closer").click()
    page.get_by_role("button", name="Closer").click()
    page.wait_for_function("before => document.querySelector('.chart svg').textContent !== before", arg=everything)
    closer = chart.text_content()
    page.get_by_role("button", name="Earlier").click()
    page.wait_for_function("before => document.querySelector('.chart svg').textContent !== before", arg=closer)
    page.get_by_role("button", name="All of it").click()


def test_two_records_are_chosen_and_compared(visit: Visitor) -> None:
    page = visit(f"/images/{STOREFRONT}")
    compare = page.get_by_role("button", name="Compare the two")
    rows = page.locator("form.compare tbody tr")
    rows.nth(0).locator("input[name=base]").check()
    assert compare.is_disabled()
    rows.last.locator("input[name=base]").check()
    assert compare.is_enabled()
    compare.click()
    page.wait_for_url(re.compile(r"/compare\?.*base=\d+"))
    before = page.locator("h1").inner_text().split()[:2]
    assert before in (["storefront", "grew"], ["storefront", "shrank"])
    address = page.url
    page.get_by_role("link", name="Swap the two").click()
    page.wait_for_url(lambda url: url != address)
    assert before != page.locator("h1").inner_text().split()[:2]


def test_the_map_of_a_comparison_goes_down_to_single_files(visit: Visitor, here: Site) -> None:
    page = visit(path_of("compare", here))
    page.get_by_role("navigation", name="Directories").get_by_role("link", name="app/").click()
    page.get_by_role("navigation", name="Directories").get_by_role("link", name="node_modules/").click()
    assert "path=app%2Fnode_modules" in page.url
    cells = page.locator("svg.treemap [role=treeitem]")
    page.locator("svg.treemap [aria-label^='/typescript/lib/typescript.js']").wait_for(state="attached")
    count = cells.count()
    cells.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.querySelectorAll('svg.treemap [role=treeitem]').length < {count}")
    page.keyboard.press("Escape")
    page.wait_for_function(f"document.querySelectorAll('svg.treemap [role=treeitem]').length === {count}")


def test_a_badge_is_copied(visit: Visitor) -> None:
    page = visit(f"/images/{STOREFRONT}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_text("Markdown for a README").click()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert "/badges/octocat/shop/storefront/size.svg" in page.evaluate("navigator.clipboard.readText()")
    assert all(page.locator("p.badges img").evaluate_all("all => all.map(each => each.naturalWidth > 20)"))


def test_from_a_rule_to_the_report_that_shows_it(visit: Visitor) -> None:
    page = visit("/findings")
    page.locator("td.what > a").first.click()
    page.locator("td.what > a").first.click()
    page.get_by_role("link", name="its report").click()
    assert page.get_by_role("heading", name="Findings", exact=True).count() == 1


def test_tables_are_given_as_files(visit: Visitor, here: Site) -> None:
    page = visit(path_of("record", here))
    for link in page.locator("p.data a").all():
        address = link.get_attribute("href")
        assert address is not None
        answer = here.client.get(address)
        assert 200 == answer.status_code, address
        csv = "format=csv" in address
        assert ("text/csv" if csv else "application/json") in answer.headers["content-type"]
