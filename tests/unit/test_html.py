"""The HTML page: whole without a network, and text from an image stays text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.reports import MEGABYTE, image, new_image, report, unbuilt
from weighbridge.core.rendering import render_html
from weighbridge.core.rendering.drawing import draw
from weighbridge.core.rendering.squarify import Box, squarify
from weighbridge.model.change import Change
from weighbridge.model.report import ImageReport, TreeNode, WeighedImage


class Tags(HTMLParser):
    """The tags of a page, and the addresses that a browser would load by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
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
    text = Tags(page).text
    assert "could not be built at Dockerfile:4: it does not build" in text
    assert "step 4\n<b>no such file</b>" in text
    assert "is new and weighs 1.0 MB" in text


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=60))
@example("</script><script>alert(1)</script>")
@example("<!--<script>")
@example("</title></style><img src=x>")
@example("javascript:alert(1)")
def test_whatever_names_hold_the_page_has_the_same_tags(name: str) -> None:
    expected, found = (Tags(render_html(report(mapped(each)))) for each in ("name", name))
    assert [tag for tag in expected.tags if tag != "wbr"] == [tag for tag in found.tags if tag != "wbr"]
    assert [] == found.loaded
    assert all(link.startswith(("https://github.com/octocat/yard/", "#")) for link in found.links)


def mapped(name: str) -> ImageReport:
    """An image with that name in its map, its tables and its causes."""
    grown = image("api", 5 * MEGABYTE)
    assert isinstance(grown.head, WeighedImage)
    assert grown.diff is not None
    node = TreeNode(name=name, size=5 * MEGABYTE, delta=5 * MEGABYTE, change=Change.ADDED)
    tree = replace(grown.head.tree, children=(replace(node, name="usr", children=(node,)),))
    return replace(
        grown,
        platform=name,
        head=replace(grown.head, tree=tree),
        diff=replace(
            grown.diff,
            causes=(replace(grown.diff.causes[0], phrase=f"brings {name.replace('`', '')}"),),
            files=(replace(grown.diff.files[0], path=name),),
            packages=(replace(grown.diff.packages[0], name=name),),
        ),
    )


def test_the_data_of_the_map_reads_back() -> None:
    drawing = draw(TreeNode(name="/", size=9, delta=0, change=Change.SAME, children=(
        TreeNode(name="</script>&", size=9, delta=1, change=Change.ADDED),
    )), compared=True)  # fmt: skip
    assert "<" not in drawing.data
    assert ["/", 9, 0, "same", [["</script>&", 9, 1, "added", []]]] == json.loads(drawing.data)


def test_colours_are_those_of_the_top_directories_where_nothing_is_compared() -> None:
    leaf = TreeNode(name="leaf", size=9, delta=0, change=Change.SAME)
    tops = tuple(replace(leaf, name=name, children=(leaf,)) for name in ("usr", "var"))
    drawing = draw(TreeNode(name="/", size=18, delta=0, change=Change.SAME, children=tops), compared=False)
    assert ["k0", "k0", "k1", "k1"] == [shape.kind for shape in drawing.shapes]
    assert () == drawing.legend


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
