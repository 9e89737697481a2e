"""The report on a terminal: it fits the window, lines up, and sends the terminal nothing but text."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from tests.support.goldens import SCENES, scene
from tests.support.reports import MEGABYTE, diff, image, report, weighed
from weighbridge.commands import present
from weighbridge.core.rendering import render_text
from weighbridge.core.rendering.columns import bar, columns, fit, shorten
from weighbridge.model.change import Cause, Change, FileChange
from weighbridge.model.report import LargeFile

_COLOUR = re.compile(r"\x1b\[[0-9;]+m")
NAMES = st.text(min_size=1, max_size=300)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_table_is_wider_than_the_window(name: str, width: int) -> None:
    lines = render_text(scene(name), width=width).splitlines()
    # Sentences wrap by themselves.
    tables = [line for line in lines[: lines.index("verdict: " + scene(name).verdict.status)] if line.startswith("  ")]
    assert [] == [line for line in tables if wcswidth(line) > width]


@settings(max_examples=60, deadline=None)
@given(NAMES, st.integers(60, 160))
def test_whatever_names_hold_tables_fit_and_no_control_reaches_the_terminal(name: str, width: int) -> None:
    causes = (Cause(delta=9, phrase=name), Cause(delta=8, phrase=f"`{name}` brings {name}"))
    files = (FileChange(path=name, change=Change.ADDED, delta=9, files=1, directory=False),)
    hostile = replace(image("app", 17), diff=replace(diff(17), causes=causes, files=files))
    text = render_text(report(hostile), width=width)
    assert "" == re.sub(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", "", text)
    assert [] == [line for line in text.splitlines() if line.startswith("  ") and wcswidth(line) > width]


def test_columns_line_up_behind_wide_characters() -> None:
    files = tuple(
        FileChange(path=path, change=Change.ADDED, delta=9, files=1, directory=False)
        for path in ("/日本語のファイル", "/plain", "/e\u0301a")
    )
    changed = replace(image("app", 27), diff=replace(diff(27), files=files))
    lines = [line for line in render_text(report(changed)).splitlines() if "B  /" in line]
    assert [wcswidth(lines[0])] * 3 == [wcswidth(line) for line in lines]


def test_colour_only_where_it_is_asked_for() -> None:
    plain, painted = (render_text(scene("grown"), color=color) for color in (False, True))
    assert _COLOUR.search(plain) is None
    assert _COLOUR.search(painted) is not None
    assert plain == _COLOUR.sub("", painted)


class Terminal(io.StringIO):
    """What a person sits at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdout", "no_color", "expected"), [(Terminal, None, True), (Terminal, "1", False), (io.StringIO, None, False)]
)
def test_colour_is_for_a_terminal_whose_user_wants_it(
    stdout: type[io.StringIO], no_color: str | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = stdout()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    present(scene("two"), "text", None)
    assert expected == (_COLOUR.search(out.getvalue()) is not None)


def test_a_log_keeps_its_indentation_and_loses_its_controls() -> None:
    text = render_text(scene("broken"))
    assert "  │    3 | >>> RUN tool --version \\\n" in text


def test_an_image_on_its_own_shows_what_is_in_it() -> None:
    alone = replace(image("app"), base=None, diff=None, head=replace(weighed(9 * MEGABYTE), largest_files=(
        LargeFile(path="/usr/lib/big.so", size=MEGABYTE, layer=1),
    )))  # fmt: skip
    text = render_text(replace(report(alone), base=None))
    assert text.startswith("app weighs 9.0 MB\n")
    assert "Largest files\n  1.0 MB  /usr/lib/big.so\n" in text
    assert "change" not in text


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [("short", 5, "short"), ("/usr/lib/python3", 10, "/usr/l…on3"), ("日本語日本語", 7, "日本…語")],
)
def test_the_middle_is_cut_by_columns(text: str, room: int, expected: str) -> None:
    assert expected == shorten(text, room)
    assert columns(shorten(text, room)) <= room


@pytest.mark.parametrize(
    ("part", "expected"), [(0, "    "), (1, "▏   "), (500, "██  "), (560, "██▎ "), (1000, "████"), (2000, "████")]
)
def test_a_bar_shows_all_that_is_not_nothing(part: int, expected: str) -> None:
    assert expected == bar(part, 1000, 4)


def test_a_sentence_wraps_below_itself() -> None:
    rows = [["+1 B", "one two three four five six", "D:1"]]
    assert ["  +1 B  one two three four  D:1", "        five six"] == list(
        fit(rows, "rll", width=33, flexible=1, wrap=True)
    )
