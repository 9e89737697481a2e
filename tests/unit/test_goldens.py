"""What people see of reports that were weighed for real, byte for byte. `--update-goldens` writes it anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import pictures
from tests.support.charts import gallery
from tests.support.goldens import GOLDEN, SCENES, scene
from weighbridge.core.badges.choices import Kind, Style
from weighbridge.core.badges.figures import figures
from weighbridge.core.badges.kinds import badge
from weighbridge.core.badges.layout import svg
from weighbridge.core.charts.picture import picture
from weighbridge.core.marker import marker
from weighbridge.core.rendering import render_html, render_markdown, render_summary, render_text
from weighbridge.core.trim import trim

if TYPE_CHECKING:
    from collections.abc import Callable

    Golden = Callable[[str, str], None]

CHARTS = gallery()
RUN = "https://github.com/octocat/yard/actions/runs/1"
# Styles and scripts have tests of their own, in a browser.
_INSIDE = re.compile(r"(<style>|<script>).*?(</style>|</script>)", re.DOTALL)
_HASHES = re.compile(r"sha256-[A-Za-z0-9+/=]{44}")


def test_goldens_are_compared_and_not_written(request: pytest.FixtureRequest) -> None:
    assert not request.config.getoption("--update-goldens"), "written anew: look at them, then run without the flag"


def test_every_golden_file_is_compared_with_something() -> None:
    kept = {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*") if path.is_file()}
    expected = {
        f"{folder}/{name}.{kind}" for name in SCENES for folder, kind in (("reports", "json"), ("comments", "md"))
    }
    expected |= {f"texts/{name}.txt" for name in SCENES}
    expected |= {f"charts/{name}.svg" for name in CHARTS} | {f"badges/{style.value}.svg" for style in Style}
    expected |= {"summaries/fixed.md", "summaries/grown.md", "texts/grown-80-colour.txt"}
    expected |= {"pages/fixed.html", "pages/hostile.html", "pages/new.html"}
    assert expected == kept


@pytest.mark.parametrize("name", SCENES)
def test_the_comment(name: str, golden: Golden) -> None:
    golden(f"comments/{name}.md", render_markdown(scene(name), marker=marker("default", "v1"), report_url=RUN))


def test_the_guide_shows_the_comment_as_it_is() -> None:
    guide = (GOLDEN.parent.parent / "docs" / "report.md").read_text(encoding="utf-8")
    quoted = [line.removeprefix("> ").removeprefix(">") for line in guide.splitlines() if line.startswith(">")]
    comment = (GOLDEN / "comments" / "grown.md").read_text(encoding="utf-8").replace("\u00a0", " ")
    # Its links lead to a repository that is not there.
    shown = re.sub(r"\[(`[^`]+`)\]\([^)]+\)", r"\1", comment).splitlines()
    assert shown[1 : 1 + len(quoted)] == quoted


@pytest.mark.parametrize("name", SCENES)
def test_a_report_that_was_kept_inside_a_comment_has_the_same_first_line(name: str) -> None:
    whole, kept = (render_markdown(report).splitlines()[0] for report in (scene(name), trim(scene(name))))
    assert whole == kept


@pytest.mark.parametrize("name", ["fixed", "grown"])
def test_the_summary_has_more_rows(name: str, golden: Golden) -> None:
    golden(f"summaries/{name}.md", render_summary(scene(name), report_url=RUN))


@pytest.mark.parametrize("name", SCENES)
def test_the_text(name: str, golden: Golden) -> None:
    golden(f"texts/{name}.txt", render_text(scene(name)))


def test_the_text_in_a_narrow_window_with_colours(golden: Golden) -> None:
    golden("texts/grown-80-colour.txt", render_text(scene("grown"), width=80, color=True))


@pytest.mark.parametrize("name", ["fixed", "hostile", "new"])
def test_the_page(name: str, golden: Golden) -> None:
    page = _HASHES.sub("sha256-…", _INSIDE.sub(r"\1…\2", render_html(scene(name))))
    golden(f"pages/{name}.html", page)


@pytest.mark.parametrize("style", list(Style))
def test_the_badge(style: Style, golden: Golden) -> None:
    golden(f"badges/{style.value}.svg", svg(badge(Kind.SIZE, figures(scene("grown"))), style))


@pytest.mark.parametrize("name", CHARTS)
def test_the_chart(name: str, golden: Golden) -> None:
    golden(f"charts/{name}.svg", picture(CHARTS[name]))


@pytest.mark.parametrize("name", pictures.COPIES)
def test_the_guide_shows_badges_and_charts_as_they_are(name: str) -> None:
    golden = GOLDEN / pictures.COPIES[name]
    assert golden.read_text() == (pictures.PICTURES / name).read_text(), "scripts/pictures.py writes it"


@pytest.mark.parametrize("name", SCENES)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert render_html(scene(name)) == render_html(scene(name))
    assert render_markdown(scene(name)) == render_markdown(scene(name))
    assert render_text(scene(name)) == render_text(scene(name))
