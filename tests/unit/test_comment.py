"""The comment answers first, fits, and takes nothing from a name but its text."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import cmarkgfm
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.goldens import scene
from tests.support.reports import MEGABYTE, diff, image, new_image, report, unbuilt, weighed
from weighbridge.core.marker import marker
from weighbridge.core.rendering import render_markdown, render_summary
from weighbridge.core.rendering.escape import code, html_code, html_text, markdown, prose
from weighbridge.core.verdict import judge
from weighbridge.model.budget import Budget, Percent, Status, Verdict
from weighbridge.model.change import Cause, Change, FileChange, LayerChange, Origin, PackageChange
from weighbridge.model.files import WastedPath
from weighbridge.model.image import SourceLine
from weighbridge.model.packages import Ecosystem
from weighbridge.model.report import ImageReport, Report, Stage, Unavailable, WeighedImage

MARKER = marker("default", "v1")
SERVER = "https://github.com/octocat/yard/"


def first_line(*images: ImageReport, verdict: Verdict | None = None) -> str:
    """What a reviewer reads first."""
    found = report(*images)
    return render_markdown(replace(found, verdict=verdict) if verdict else found).splitlines()[0]


def judged(delta: int, budget: Budget) -> ImageReport:
    """An image of 100 MB that changed by `delta`, held against a budget."""
    base, head = weighed(100 * MEGABYTE), weighed(100 * MEGABYTE + delta)
    return replace(image("api", delta), budget=budget, verdict=judge(budget, base, head))


@pytest.mark.parametrize(
    ("delta", "budget", "expected"),
    [
        (34_200_000, Budget(), "### 🟢 `api` grew by **34.2 MB** to 134.2 MB (+34.2 %)"),
        (-34_200_000, Budget(), "### 🟢 `api` shrank by **34.2 MB** to 65.8 MB (−34.2 %)"),
        (
            34_200_000,
            Budget(max_increase=10 * MEGABYTE),
            "### 🔴 `api` grew by **34.2 MB** to 134.2 MB (+34.2 %), over budget (+10 MB at most)",
        ),
        (
            34_200_000,
            Budget(max_size=120 * MEGABYTE, max_increase=Percent(value=Decimal(5))),
            "### 🔴 `api` grew by **34.2 MB** to 134.2 MB (+34.2 %), over budget (120 MB and +5 % at most)",
        ),
        (
            -MEGABYTE,
            Budget(max_size=100 * MEGABYTE),
            "### 🟡 `api` shrank by **1.0 MB** to 99.0 MB (−1.0 %), close to its budget (100 MB at most)",
        ),
    ],
)
def test_the_first_line_is_the_answer(delta: int, budget: Budget, expected: str) -> None:
    assert expected == first_line(judged(delta, budget))


def test_an_accepted_failure_is_still_told_and_by_whom_it_was_accepted() -> None:
    over = judged(34_200_000, Budget(max_increase=10 * MEGABYTE))
    accepted = Verdict(status=Status.PASS, reasons=("accepted by octocat with the label “ok”", *over.verdict.reasons))
    lines = render_markdown(replace(report(over), verdict=accepted)).splitlines()
    assert lines[0].endswith("over budget (+10 MB at most), accepted")
    assert lines[0].startswith("### 🟢")
    assert "accepted by octocat with the label “ok”" == lines[2]


def test_what_could_not_be_measured_is_told_with_its_reason_and_never_as_a_size() -> None:
    text = render_markdown(report(unbuilt("api")))
    where = f"[`Dockerfile:4`]({SERVER}blob/{'a' * 40}/Dockerfile#L4)"
    assert f"### ⚪ `api` could not be built at {where}: it does not build" == text.splitlines()[0]
    assert "MB" not in text


def test_a_base_that_was_not_built_leaves_the_head_with_the_reason() -> None:
    reason = Unavailable(stage=Stage.BUILD, reason="Dockerfile:3: `make` ended with exit status 2", line=3)
    text = render_markdown(report(replace(image("api"), base=reason, diff=None)))
    assert "weighs **100.0 MB**; its base could not be built, so there is no difference to show" in text.splitlines()[0]
    assert f"blob/{'b' * 40}/Dockerfile#L3): `make` ended with exit status 2." in text


def test_nothing_changed_is_one_quiet_line() -> None:
    lines = render_markdown(scene("unchanged")).splitlines()
    assert ["🟢 `tool` is unchanged at 2.3 MB", ""] == lines[:2]
    assert lines[2].startswith("<sub>")
    assert 3 == len(lines)


def test_a_change_without_weight_is_not_quiet() -> None:
    moved = replace(diff(0), causes=())
    assert "### 🟢 `app` keeps its size of 100.0 MB" == first_line(replace(image("app"), diff=moved))


def test_the_worst_image_comes_first_and_the_rest_is_counted() -> None:
    fine, over = image("fine", 7 * MEGABYTE), image("over", MEGABYTE, status=Status.FAIL)
    assert "`over` grew by" in first_line(fine, over)
    assert first_line(fine, over).endswith("· 1 more image passes")
    assert first_line(over, image("worse", 9 * MEGABYTE, status=Status.FAIL)).endswith("· 1 more image over budget")


def test_one_name_on_two_platforms_is_told_apart() -> None:
    small, large = image("api", 1), image("api", MEGABYTE, platform="linux/arm64")
    assert "`api` linux/arm64 grew by" in first_line(small, large)


def test_images_that_are_fine_fold_and_those_that_are_not_do_not() -> None:
    text = render_markdown(report(image("fine", MEGABYTE), image("bad", 1, status=Status.FAIL), unbuilt("ugly")))
    assert "<details><summary><code>fine</code> linux/amd64 grew by 1.0 MB" in text
    assert "#### `bad` linux/amd64\n" in text
    assert "#### `ugly` linux/amd64 could not be built" in text


def test_a_base_image_that_moved_is_named_in_the_first_line() -> None:
    text = render_markdown(scene("moved"))
    assert "; its base image moved (+3.1 MB)" in text.splitlines()[0]
    assert "*(not this pull request)*" in text


def test_small_causes_are_told_as_one_and_the_rows_add_up() -> None:
    causes = tuple(Cause(delta=delta, phrase="x") for delta in (9_000_000, 8_000_000, 70, -30, 20))
    text = render_markdown(report(replace(image("api", 17_000_060), diff=replace(diff(17_000_060), causes=causes))))
    assert "| +60\u00a0B | 3 smaller changes | |" in text
    assert 2 == text.count("| x |")


def huge(images: int, lines: int = 40) -> Report:
    """More than fits, with the only failure at its end."""
    fine = [
        replace(image(f"image-{number}-{'x' * 150}", number * MEGABYTE, causes=10), verdict=Verdict(status=Status.PASS))
        for number in range(images)
    ]
    return report(*fine, unbuilt("the-last-one", log=["`@octocat` " * 60] * lines))


@pytest.mark.parametrize("images", [1, 20, 60, 400])
def test_a_comment_fits_whatever_happens_and_keeps_marker_and_verdict(images: int) -> None:
    text = render_markdown(huge(images), marker=MARKER + "x" * 16_000)
    assert len(text) <= 65_000
    assert text.startswith(MARKER)
    assert "`the-last-one` could not be built" in text.splitlines()[1]
    assert "<sub>weighbridge" in text.splitlines()[-1]
    assert text.count("<details") == text.count("</details>")


def test_what_was_left_out_is_said_and_found_in_the_summary() -> None:
    many = huge(60)
    comment, summary = render_markdown(many), render_summary(many)
    assert "shortened: the job summary and the report's files hold the rest" in comment
    assert "shortened" not in summary
    assert len(comment) < len(summary)
    assert len(summary.encode()) <= 2**20


def test_a_summary_fits_too() -> None:
    assert len(render_summary(huge(3_000)).encode()) <= 2**20


class Page(HTMLParser):
    """What a browser makes of it: tags outside of code, links, and the text that GitHub looks for mentions in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self._quoted = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "code":
            self._quoted += 1
            self.words += " "
            return
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self._quoted -= 1
        elif tag != "br":
            self.tags.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if not self._quoted:
            self.words += data


def as_github(text: str) -> Page:
    """GitHub's own parser, with the autolinks that it makes of bare addresses."""
    return Page(cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.Options.CMARK_OPT_UNSAFE))


def as_others(text: str) -> Page:
    """A parser of another family."""
    return Page(MarkdownIt("gfm-like", {"linkify": False}).render(text))


# What GitHub's pipeline makes links and pictures of in text that is not code.
MENTIONS = re.compile(
    r"(?<![\w`])@[a-z0-9]|(?<!\w)#\d|GH-\d|://|www\.\w|(?<![0-9a-z])[0-9a-f]{7,}(?![0-9a-z])|:[a-z][\w+-]*:|mailto:|[\w.+-]@[\w.-]",
    re.IGNORECASE,
)
TRAPS = (
    "@octocat", "a@.bc", "#1", "GH-1", "o/r#1", "a@b.cd", "http://x.yz", "www.x.yz", "0123456789abcdef", ":rocket:",
    "|", "\\|", "\\", "`", "``", "```", "<b>", "</details>", "</summary>", "<!--", "-->", "<img src=x>", "![i](j)",
    "[^1]", "**", "[l](javascript:x)", "_", "~~", "$x$", "&lt;", "&#64;", "\n", "\r\n", "\n\n", "\n# h",
    "\n| a | b |", "\n---\n", "- [ ] x", "1. ", "+ ", "# ", "> ", "\t", "\u2028", "\u202e", "\x00", "\x1b[31m",
    "\udcff", "日本語", "{{ 1 }}", "{% x %}", "%0A",
)  # fmt: skip
# Shrinking sixteen names takes longer than reading them.
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
HOSTILE = st.lists(st.one_of(st.sampled_from(TRAPS), st.text(max_size=6)), min_size=1, max_size=8).map("".join)
NAMES = st.lists(HOSTILE, min_size=16, max_size=16)


def named(names: list[str]) -> Report:
    """An image that grew, one whose base and one whose head could not be built; every text comes from outside."""
    grown = image(names[0], 5 * MEGABYTE, platform=names[1], status=Status.FAIL)
    base_layer, head_layer = weighed(5).layers[1], weighed(9).layers[1]
    line = SourceLine(file=names[2], start=7, end=9)
    assert isinstance(grown.head, WeighedImage)
    head = replace(
        grown.head,
        layers=(
            replace(head_layer, from_base=True),
            replace(head_layer, created_by=names[3], line=line, diff_id="sha256:1"),
        ),
        base_name=names[4],
        wasted_paths=(WastedPath(path=names[5], layer=1, size=9),),
    )
    changes = replace(
        diff(5 * MEGABYTE),
        causes=(
            Cause(delta=3 * MEGABYTE, phrase=f"`{names[6]}` brings {names[7]}", line=line),
            Cause(delta=2 * MEGABYTE, phrase=names[7], line=line, in_base=True, origin=Origin.BASE_IMAGE),
        ),
        layers=(
            LayerChange(change=Change.REMOVED, base=replace(base_layer, created_by=names[3]), head=None, delta=-5),
        ),
        files=(FileChange(path=names[8], change=Change.ADDED, delta=9, files=2, directory=True),),
        packages=(
            PackageChange(
                ecosystem=Ecosystem.APT, name=names[9], base_version=names[10], head_version=names[11], delta=9
            ),
        ),
    )
    reason = Unavailable(stage=Stage.BUILD, reason=names[12], line=3, log_tail=(names[13], names[14]))
    images = (
        replace(grown, head=head, diff=changes, verdict=Verdict(status=Status.FAIL, reasons=(names[12],))),
        replace(image(names[6]), base=reason, diff=None, dockerfile=names[2]),
        replace(unbuilt(names[15]), head=reason, dockerfile=names[2]),
        replace(new_image(names[9]), platform=names[10]),
    )
    return replace(report(*images), tool_version=names[15])


PLAIN = render_markdown(named([f"name{number}" for number in range(16)]))
EXPECTED = {parse: parse(PLAIN) for parse in (as_github, as_others)}


@settings(max_examples=100, deadline=None, phases=QUICK)
@given(NAMES)
@example(list(TRAPS[:16]))
@example(list(TRAPS[16:32]))
@example(list(TRAPS[32:48]))
def test_whatever_names_hold_the_comment_keeps_its_shape_and_links_nowhere_else(names: list[str]) -> None:
    text = render_markdown(named(names))
    for parse, expected in EXPECTED.items():
        found = parse(text)
        assert expected.tags == found.tags
        assert all(link.startswith(SERVER) for link in found.links)
        assert len(expected.links) == len(found.links)
        assert MENTIONS.search(found.words) is None


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_an_escaped_text_is_one_cell_without_markup(text: str) -> None:
    for escape in (markdown, code, prose):
        rendered = as_github(f"| a | b |\n|:--|:--|\n| x {escape(text)} | y |\n")
        plain_tags = as_github("| a | b |\n|:--|:--|\n| x | y |\n").tags
        assert plain_tags == rendered.tags
        assert [] == rendered.links
        assert MENTIONS.search(rendered.words) is None


@given(HOSTILE)
def test_a_summary_holds_text_and_code(text: str) -> None:
    page = as_github(f"<details><summary>{html_code(text)} {html_text(text)}</summary>\n\ny\n\n</details>\n")
    assert ["details", "summary", "/summary", "p", "/p", "/details"] == page.tags
    assert MENTIONS.search(page.words) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`a b` brings `c`", "`a b` brings `c`"),
        ("a `b", "a \\`b"),
        ("`a` *b*", "`a` \\*b\\*"),
        ("+12 apples", "\\+12 apples"),
        ("3.0 MB", "3.0 MB"),
        ("10:30:12", "10:30:12"),
    ],
)
def test_words_stay_readable(text: str, expected: str) -> None:
    assert expected == prose(text)
