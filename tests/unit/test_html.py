"""The HTML page: whole without a network, and text from an image stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.reports import MEGABYTE, image, new_image, report, unbuilt
from weighbridge.core.rendering import render_html
from weighbridge.core.rendering.squarify import Box, squarify


class Tags(HTMLParser):
    """The tags of a page, and the addresses that a browser would load by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "srcset", "action", "data")]
        if tag == "link":
            self.loaded.append(tag)


def test_loads_nothing_and_lets_only_its_own_script_run() -> None:
    page = render_html(report(image("api", 5 * MEGABYTE)))
    assert Tags(page).loaded == []
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]


def test_markup_in_names_adds_no_tag() -> None:
    plain = image("api", 5 * MEGABYTE)
    hostile = replace(plain, name='</title><script>alert(1)</script><img src=x onerror="x">')
    page = render_html(report(hostile))
    assert Tags(render_html(report(plain))).tags == Tags(page).tags
    assert "<script>alert" not in page


def test_says_what_could_not_be_measured() -> None:
    page = render_html(report(unbuilt("api", log=["step 4", "<b>no such file</b>"]), new_image("worker")))
    assert "could not be built: it does not build" in page
    assert "&lt;b&gt;no such file&lt;/b&gt;" in page
    assert "is new and weighs" in page


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_html(report(image("api", 7))) == render_html(report(image("api", 7)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40))
def test_boxes_have_areas_in_proportion_and_stay_inside(sizes: list[int]) -> None:
    ordered = sorted(sizes, reverse=True)
    inside = Box(10, 20, 300, 200)
    boxes = squarify(ordered, inside)
    assert len(ordered) == len(boxes)
    for size, box in zip(ordered, boxes, strict=True):
        assert abs(box.width * box.height - 60_000 * size / sum(ordered)) < 1
        assert box.x >= 10 - 0.01
        assert box.y >= 20 - 0.01
        assert box.x + box.width <= 310.01
        assert box.y + box.height <= 220.01
