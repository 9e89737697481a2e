"""Badges and charts in a real browser, as a README shows them: inside an img element, on light and dark pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import pytest

from tests.support.charts import HOSTILE, gallery
from tests.support.contrast import contrast
from weighbridge.core.badges.choices import Style
from weighbridge.core.badges.layout import Badge, Color, svg
from weighbridge.core.charts.choices import Theme
from weighbridge.core.charts.picture import picture

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHARTS = {name: picture(chart) for name, chart in gallery().items()}
BADGES = {style.value: svg(Badge(label=HOSTILE, message="98.2 MB", color=Color.BLUE), style) for style in Style}
Scheme = Literal["light", "dark"]
PAPER = {"light": [255, 255, 255], "dark": [13, 17, 23]}


def shown(browser: Browser, folder: Path, text: str, scheme: Scheme, *, as_image: bool) -> Page:
    """A page with the picture, in an img element or as the document itself."""
    (folder / "picture.svg").write_text(text, encoding="utf-8")
    (folder / "page.html").write_text('<!doctype html><body style="margin:0"><img src="picture.svg" alt="x">')
    page = browser.new_page(color_scheme=scheme, viewport={"width": 900, "height": 500})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / ("page.html" if as_image else "picture.svg")).as_uri())
    assert all(address.startswith(folder.as_uri()) for address in asked)
    return page


def pixel(page: Page, x: int, y: int) -> list[int]:
    """Red, green and blue of one place on the page, as a screenshot shows it."""
    taken = page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1}, type="png")
    page.goto("about:blank")
    found: list[int] = page.evaluate(
        """async bytes => {
            const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(1, 1).getContext("2d");
            canvas.drawImage(picture, 0, 0);
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }""",
        list(taken),
    )
    return found


@pytest.mark.parametrize("name", [*CHARTS, *BADGES])
def test_a_picture_loads_in_a_page_with_the_size_that_it_names(browser: Browser, tmp_path: Path, name: str) -> None:
    text = (CHARTS | BADGES)[name]
    page = shown(browser, tmp_path, text, "light", as_image=True)
    width, height = re.findall(r'(?:width|height)="([\d.]+)"', text)[:2]
    sizes = page.locator("img").evaluate("each => [each.complete, each.naturalWidth, each.naturalHeight]")
    assert [True, round(float(width)), float(height)] == [sizes[0], *map(float, sizes[1:])]
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_in_a_page_follows_the_readers_scheme(browser: Browser, tmp_path: Path, scheme: Scheme) -> None:
    page = shown(browser, tmp_path, CHARTS["many"], scheme, as_image=True)
    assert PAPER[scheme] == pixel(page, 740, 20)
    page.close()


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_a_chart_of_one_scheme_stays_with_it(browser: Browser, tmp_path: Path, theme: Theme) -> None:
    other: Scheme = "dark" if theme is Theme.LIGHT else "light"
    page = shown(browser, tmp_path, picture(gallery()["many"], theme), other, as_image=True)
    assert PAPER[theme.value] == pixel(page, 740, 20)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", CHARTS)
def test_every_text_of_a_chart_is_on_it_and_can_be_read(
    browser: Browser, tmp_path: Path, name: str, scheme: Scheme
) -> None:
    page = shown(browser, tmp_path, CHARTS[name], scheme, as_image=False)
    found = page.evaluate(
        """() => [...document.querySelectorAll("text")].map(text => {
            const box = text.getBBox(), colours = [...text.querySelectorAll("tspan")].map(
                part => getComputedStyle(part).fill.match(/\\d+/g).map(Number));
            return {text: text.textContent, left: box.x, right: box.x + box.width, top: box.y,
                    bottom: box.y + box.height, colours};
        })"""
    )
    assert found
    for text in found:
        assert (text["left"] >= 0, text["right"] <= 760, text["top"] >= 0, text["bottom"] <= 340) == (True,) * 4, text
        assert all(4.5 <= contrast(colour, PAPER[scheme]) for colour in text["colours"]), text
    page.close()


@pytest.mark.parametrize("name", CHARTS)
def test_no_two_texts_of_a_chart_lie_on_each_other(browser: Browser, tmp_path: Path, name: str) -> None:
    page = shown(browser, tmp_path, CHARTS[name], "light", as_image=False)
    boxes = page.evaluate(
        """() => [...document.querySelectorAll("text")].map(text => {
            const box = text.getBBox();
            return [text.textContent, box.x, box.y + 3, box.x + box.width, box.y + box.height - 3];
        })"""
    )
    for at, (text, left, top, right, bottom) in enumerate(boxes):
        for other, left2, top2, right2, bottom2 in boxes[:at]:
            assert right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top, (text, other)
    page.close()


@pytest.mark.parametrize("name", [*CHARTS, *BADGES])
def test_a_picture_says_aloud_what_it_shows(browser: Browser, tmp_path: Path, name: str) -> None:
    page = shown(browser, tmp_path, (CHARTS | BADGES)[name], "light", as_image=False)
    told = page.get_by_role("img").first
    aloud = told.evaluate("each => each.ariaLabel || document.getElementById('description').textContent")
    assert "MB" in aloud
    assert 0 == page.locator("script").count()
    page.close()
