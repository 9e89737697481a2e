"""The HTML report in a real browser: it asks for nothing, and everything on it works by mouse and by keyboard."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.support.contrast import contrast
from tests.support.goldens import SCENES, scene
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Opener
    from weighbridge.model.report import Report

pytestmark = pytest.mark.browser

MAPPED = [name for name in SCENES if name != "broken"]


def cells(page: Page) -> list[dict[str, Any]]:
    """The boxes of the first map: depth, path, bytes, place."""
    found: list[dict[str, Any]] = page.locator("svg.treemap").first.evaluate(
        """map => [...map.querySelectorAll("g.d, g.f")].map(cell => {
            const number = name => Number(cell.querySelector("rect").getAttribute(name));
            return {level: Number(cell.getAttribute("aria-level")), told: cell.getAttribute("aria-label"),
                    kind: cell.getAttribute("class"),
                    x: number("x"), y: number("y"), width: number("width"), height: number("height")};
        })"""
    )
    for cell in found:
        size = re.search(r"\(([\d,]+) bytes\)", cell["told"] or "")
        cell["bytes"] = int(size[1].replace(",", "")) if size else 0
    return found


def column(page: Page, table: str, number: int) -> list[str]:
    """The visible fields of one column of the table with that title."""
    rows = named(page, table).locator("tbody tr:visible")
    return [row.locator("td").nth(number).inner_text() for row in rows.all()]


def named(page: Page, title: str) -> Locator:
    """The folding part with that title."""
    return page.locator("details.table", has=page.get_by_role("heading", name=title, exact=True))


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_object_to(open_page: Opener, name: str, scheme: Literal["light", "dark"]) -> None:
    page = open_page(scene(name), scheme=scheme)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    # Through the debugger: the page's own policy lets no script in.
    page.evaluate(Path(os.environ["WEIGHBRIDGE_AXE"]).read_text(encoding="utf-8"))
    violations = page.evaluate("axe.run().then(found => found.violations)")
    assert [] == [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in violations]


@pytest.mark.parametrize("name", SCENES)
def test_a_phone_needs_no_sideways_scrolling(open_page: Opener, name: str) -> None:
    page = open_page(scene(name), width=360)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert 360 >= page.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize("name", MAPPED)
@pytest.mark.parametrize("width", [1200, 360])
def test_the_boxes_of_the_map_have_areas_in_proportion_to_their_bytes(open_page: Opener, name: str, width: int) -> None:
    page = open_page(scene(name), width=width)
    tops = [cell for cell in cells(page) if cell["level"] == 1]
    # Boxes too thin to be seen are not drawn.
    area = page.locator("svg.treemap").first.evaluate("map => map.viewBox.baseVal.width * map.viewBox.baseVal.height")
    total = report_bytes(scene(name))
    assert tops
    for cell in tops:
        assert cell["width"] * cell["height"] / area == pytest.approx(cell["bytes"] / total, rel=0.02, abs=0.001)
    assert sum(cell["width"] * cell["height"] for cell in tops) / area > 0.97


def report_bytes(report: Report) -> int:
    """Bytes of the files of the first image."""
    head = report.images[0].head
    assert isinstance(head, WeighedImage)
    return head.tree.size


def test_boxes_lie_inside_the_directories_that_hold_them(open_page: Opener) -> None:
    found = cells(open_page(scene("grown")))
    around: list[dict[str, Any]] = []
    assert len(found) > 200
    for cell in found:
        del around[cell["level"] - 1 :]
        if around:
            outer = around[-1]
            assert outer["x"] <= cell["x"] + 0.2
            assert outer["y"] <= cell["y"] + 0.2
            assert cell["x"] + cell["width"] <= outer["x"] + outer["width"] + 0.2
            assert cell["y"] + cell["height"] <= outer["y"] + outer["height"] + 0.2
        around.append(cell)


def test_the_picture_without_a_script_is_the_one_that_the_script_draws(open_page: Opener) -> None:
    # A window in which the map is as wide as the picture's own units.
    live, still = (cells(open_page(scene("grown"), width=1200, script=script)) for script in (True, False))
    assert len(live) > 200
    assert [(cell["kind"], cell["x"], cell["y"], cell["width"], cell["height"]) for cell in still] == [
        (cell["kind"], cell["x"], cell["y"], cell["width"], cell["height"]) for cell in live
    ]


def test_everything_is_there_without_a_script(open_page: Opener) -> None:
    report = scene("grown")
    page = open_page(report, script=False)
    diff = report.images[0].diff
    assert diff is not None
    assert len(diff.files) == named(page, "Changes in files").locator("tbody tr:visible").count()
    assert 0 == page.locator("button").count()
    assert page.locator("svg.treemap").bounding_box() is not None


def test_a_click_sorts_and_another_turns_it_round(open_page: Opener) -> None:
    page = open_page(scene("grown"))
    layers = named(page, "Layers by line")
    head = layers.get_by_role("columnheader", name="unpacked")
    assert ["1", "2", "3"] == column(page, "Layers by line", 0)[:3]
    head.get_by_role("button").click()
    assert "descending" == head.get_attribute("aria-sort")
    assert ["346.3 MB", "74.9 MB", "45.7 MB"] == column(page, "Layers by line", 1)[:3]
    head.get_by_role("button").click()
    assert "ascending" == head.get_attribute("aria-sort")
    assert ["0 B", "25 B", "8.3 MB"] == column(page, "Layers by line", 1)[:3]
    layers.get_by_role("columnheader", name="made by").get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    texts = column(page, "Layers by line", 4)
    assert sorted(texts, key=str.lower) == texts


def test_the_keyboard_sorts_too(open_page: Opener) -> None:
    page = open_page(scene("two"))
    head = named(page, "Layers by line").first.get_by_role("columnheader", name="change")
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert "descending" == head.get_attribute("aria-sort")
    page.keyboard.press("Space")
    assert "ascending" == head.get_attribute("aria-sort")


def test_long_tables_show_their_first_rows_and_the_rest_when_asked(open_page: Opener) -> None:
    page = open_page(scene("grown"))
    files = named(page, "Changes in files")
    assert 15 == files.locator("tbody tr:visible").count()
    files.get_by_role("button", name="Show all 31 rows").click()
    assert 31 == files.locator("tbody tr:visible").count()


def test_a_filter_finds_rows_that_are_not_shown(open_page: Opener) -> None:
    page = open_page(scene("grown"))
    files = named(page, "Changes in files")
    files.get_by_label("Filter").fill("DEJAVU")
    assert ["/usr/share/fonts/truetype/dejavu/"] == column(page, "Changes in files", 1)
    assert "1 of 31" == files.get_by_role("status").inner_text()
    files.get_by_label("Filter").fill("")
    assert 15 == files.locator("tbody tr:visible").count()


def test_a_click_looks_closer_and_the_trail_leads_back(open_page: Opener) -> None:
    page = open_page(scene("grown"))
    before = cells(page)
    page.locator('g[aria-label^="/usr/lib/gcc/: "]').click(position={"x": 4, "y": 4})
    trail = page.get_by_role("group", name="Where the map is")
    assert ["all files", "usr/", "lib/", "gcc/"] == trail.get_by_role("button").all_inner_texts()
    closer = cells(page)
    assert all("/usr/lib/gcc/" in cell["told"] for cell in closer)
    assert 1160 == pytest.approx(max(cell["x"] + cell["width"] for cell in closer), abs=2)
    trail.get_by_role("button", name="all files").click()
    assert before == cells(page)


def test_the_keyboard_walks_the_map(open_page: Opener) -> None:
    page = open_page(scene("grown"))

    def here() -> str:
        told: str = page.evaluate("document.activeElement.getAttribute('aria-label')")
        return told.partition(":")[0]

    # One stop of the tab key for all the boxes.
    assert 1 == page.locator("svg.treemap g[tabindex='0']").count()
    page.locator("svg.treemap g[tabindex='0']").focus()
    assert "/usr/" == here()
    page.keyboard.press("ArrowRight")
    assert "/var/" == here()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert "/usr/lib/" == here()
    page.keyboard.press("Enter")
    assert "/usr/lib/x86_64-linux-gnu/" == here()
    assert all("/usr/lib/" in cell["told"] for cell in cells(page))
    page.keyboard.press("Escape")
    assert "/usr/lib/" == here()
    page.keyboard.press("Escape")
    assert "/usr/" == here()


def test_pointing_at_a_box_tells_its_exact_bytes(open_page: Opener) -> None:
    page = open_page(scene("model"))
    page.locator('g[aria-label^="/models/model.onnx: "]').hover()
    tip = page.locator(".tip")
    assert "/models/model.onnx" in tip.inner_text()
    assert "24.3 MB (24,300,000 bytes)" in tip.inner_text()
    assert "new" in tip.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["grown", "new"])
def test_labels_can_be_told_from_their_boxes(open_page: Opener, name: str, scheme: Literal["light", "dark"]) -> None:
    # In the picture a label stands inside of its box; the script gives both the same classes.
    page = open_page(scene(name), scheme=scheme, script=False)
    colours = page.evaluate(
        """() => [...document.querySelectorAll("svg.treemap g")].filter(cell => cell.querySelector("text"))
            .map(cell => [cell.querySelector("text"), cell.querySelector("rect")].map(
                each => getComputedStyle(each).fill.match(/\\d+/g).map(Number)))"""
    )
    assert colours
    assert 4.5 <= min(contrast(text, box) for text, box in colours)


def test_hostile_names_are_text_and_nothing_else(open_page: Opener) -> None:
    page = open_page(scene("hostile"))
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert 3 == page.locator("script").count()
    assert 0 == page.locator("img, iframe, object, embed, form, link, base").count()
    links = page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert links
    assert all(link.startswith(("https://github.com/octocat/yard/", "#")) for link in links)
    assert "</script><script>alert(3)</script>/<!-- x" in "\n".join(column(page, "Changes in files", 1))
    assert any("<script>alert(3)</script>" in cell["told"] for cell in cells(page))


def test_a_proven_fix_is_shown_with_patch_proof_and_surface(open_page: Opener) -> None:
    page = open_page(scene("fixed"))
    part = page.locator(".fix.proven")
    assert "337.5 MB → 20.3 MB" in part.locator(".answer").inner_text()
    steps = ["build", "configuration", "closure", "behaviour", "size"]
    assert steps == column(page, "How it was proven: 5 of 5 steps", 0)
    assert ["166", "526", "11", "bash, dash, sh", "apt, apt-get, dpkg"] == column(page, "What an attacker finds", 1)
    assert ["6", "2", "0", "none", "none"] == column(page, "What an attacker finds", 2)
    patch = part.locator("pre.patch")
    assert scene("fixed").images[0].fixes[0].patch.rstrip("\n") == patch.inner_text().rstrip("\n")
    added, gone = (patch.locator(kind).first.evaluate("e => getComputedStyle(e).color") for kind in (".plus", ".minus"))
    assert added != gone
    assert [] == column(page, "What was tried", 0)
    named(page, "What was tried").locator("summary").click()
    assert ["verified", "verified", "not run", "not run"] == column(page, "What was tried", 0)


def test_the_policy_stops_what_an_intruder_would_add(open_page: Opener) -> None:
    page = open_page(scene("two"))
    stopped = page.evaluate(
        """async () => {
            const told = [];
            document.addEventListener("securitypolicyviolation", event => told.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.intruder = true";
            const picture = document.createElement("img");
            picture.src = "http://127.0.0.1:9/pixel.png";
            const style = document.createElement("style");
            style.textContent = "body { display: none }";
            document.body.append(script, picture, style);
            await new Promise(resolve => setTimeout(resolve, 200));
            return [window.intruder === undefined, told.sort()];
        }"""
    )
    assert [True, ["img-src", "script-src-elem", "style-src-elem"]] == stopped
    # What was stopped was asked for, and complained of.
    intruded = open_page.pages.pop()
    assert ["http://127.0.0.1:9/pixel.png"] == intruded.requests
    assert all("Content Security Policy" in complaint for complaint in intruded.complaints)
    intruded.page.context.close()


def test_paper_is_white_and_has_no_buttons(open_page: Opener) -> None:
    page = open_page(scene("grown"), scheme="dark")
    assert "rgb(13, 17, 23)" == page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(media="print")
    assert "rgb(255, 255, 255)" == page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert 0 == page.locator(".tools:visible, .more:visible, .trail:visible").count()
    assert page.locator("svg.treemap").is_visible()


def test_a_narrower_window_gets_its_own_map(open_page: Opener) -> None:
    page = open_page(scene("grown"), width=1200)
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_function("document.querySelector('svg.treemap').viewBox.baseVal.width < 500")
    assert 500 >= max(cell["x"] + cell["width"] for cell in cells(page))
