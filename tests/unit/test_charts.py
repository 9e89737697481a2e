"""Charts: axes that are round, lines that are where the weights are, and files that any XML parser takes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.charts import FIRST, HOSTILE, chart, gallery, splits, weights
from tests.support.contrast import contrast
from weighbridge.core.charts.choices import Theme
from weighbridge.core.charts.frame import frame, spread
from weighbridge.core.charts.lines import MOST_LINES, line_chart
from weighbridge.core.charts.palette import DARK, LIGHT, Palette
from weighbridge.core.charts.picture import picture
from weighbridge.core.charts.series import REST, Line, Split, Weight, stacked
from weighbridge.core.charts.shapes import Chart, fitted, measured, number
from weighbridge.core.charts.stack import MOST_GROUPS, stack_chart
from weighbridge.core.charts.steps import step_area, step_line, telling
from weighbridge.core.charts.ticks import byte_ticks, time_ticks

GALLERY = gallery()
SVG = "{http://www.w3.org/2000/svg}"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0", "1 B"]),
        (0, 98_200_000, ["0", "20 MB", "40 MB", "60 MB", "80 MB", "100 MB"]),
        (0, 1_050_000_000, ["0", "0.5 GB", "1 GB", "1.5 GB"]),
        (1_021_000_000, 1_029_000_000, ["1.02 GB", "1.022 GB", "1.024 GB", "1.026 GB", "1.028 GB", "1.03 GB"]),
        (994, 1_004, ["0.994 kB", "0.996 kB", "0.998 kB", "1 kB", "1.002 kB", "1.004 kB"]),
    ],
)
def test_weights_on_the_axis_are_round_and_told_exactly(low: int, high: int, labels: list[str]) -> None:
    assert labels == [tick.label for tick in byte_ticks(low, high, 5)]


@given(st.integers(0, 10**15), st.integers(1, 10**15), st.integers(2, 10))
def test_an_axis_of_weights_holds_all_and_is_even(low: int, span: int, most: int) -> None:
    ticks = [tick.at for tick in byte_ticks(low, low + span, most)]
    assert ticks[0] <= low < low + span <= ticks[-1]
    assert 1 == len({after - before for before, after in pairwise(ticks)})
    assert 2 <= len(ticks) <= most + 1


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        ("2026-03-03 11:20", "2026-03-03 11:20", ["3 Mar 11:20"]),
        ("2026-03-03 11:20:09", "2026-03-03 11:20:30", ["3 Mar 2026"]),
        ("2026-12-31 23:59:50", "2027-01-01 00:00:00", ["1 Jan 00:00"]),
        ("2026-03-03 11:20", "2026-03-03 12:10", ["3 Mar 11:20", "11:30", "11:40", "11:50", "12:00", "12:10"]),
        ("2026-03-03 11:20", "2026-03-04 13:00", ["3 Mar 12:00", "18:00", "4 Mar", "06:00", "12:00"]),
        ("2026-12-30 11:20", "2027-01-04 13:00", ["31 Dec 2026", "1 Jan 2027", "2 Jan", "3 Jan", "4 Jan"]),
        ("2026-03-03", "2026-04-01", ["9 Mar 2026", "16 Mar", "23 Mar", "30 Mar"]),
        ("2025-11-20", "2026-04-02", ["Dec 2025", "Jan 2026", "Feb", "Mar", "Apr"]),
        ("2012-11-20", "2026-04-02", ["2014", "2016", "2018", "2020", "2022", "2024", "2026"]),
        ("0001-01-01", "9999-12-31", [f"{year}000" for year in range(1, 10)]),
    ],
)
def test_dates_on_the_axis_are_round_and_name_the_year_where_it_is_new(
    first: str, last: str, labels: list[str]
) -> None:
    assert labels == [tick.label for tick in time_ticks(at(first), at(last), 7)]


@given(st.datetimes(), st.timedeltas(timedelta(0), timedelta(days=20_000)), st.integers(2, 12))
def test_dates_on_the_axis_are_inside_and_in_order(first: datetime, span: timedelta, most: int) -> None:
    begin = int(first.replace(tzinfo=UTC).timestamp())
    end = min(begin + int(span.total_seconds()), int(datetime.max.replace(tzinfo=UTC).timestamp()) - 1)
    ticks = [tick.at for tick in time_ticks(min(begin, end), end, most)]
    assert sorted(set(ticks)) == ticks
    assert all(min(begin, end) <= tick <= end for tick in ticks)
    assert 1 <= len(ticks) <= most + 2


def test_the_axis_begins_at_zero_unless_no_weight_is_near_it() -> None:
    later = FIRST + timedelta(days=1)
    far, near = (
        frame((Weight(time=FIRST, size=10**8), Weight(time=later, size=size)), margin=0, from_zero=False)
        for size in (5 * 10**7, 9 * 10**7)
    )
    assert 0 == far.bytes[0].at
    assert near.bytes[0].at > 0
    assert 0 == frame(weights(50), margin=0, from_zero=True).bytes[0].at


def test_a_budget_far_above_does_not_press_the_weights_to_the_ground() -> None:
    near, far = (frame(weights(50, budget=budget), margin=0, from_zero=False) for budget in (130_000_000, 10**10))
    assert near.bytes[-1].at >= 130_000_000
    assert far.bytes[-1].at < 130_000_000


def test_what_changes_hardly_is_not_blown_up() -> None:
    flat = (Weight(time=FIRST, size=10**9), Weight(time=FIRST + timedelta(days=1), size=10**9 + 5))
    ticks = frame(flat, margin=0, from_zero=False).bytes
    assert ticks[-1].at - ticks[0].at >= 10**9 // 20


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=60))
def test_every_weight_is_inside_the_plot(sizes: list[int]) -> None:
    made = tuple(Weight(time=FIRST + timedelta(hours=hour), size=size) for hour, size in enumerate(sizes))
    plot = frame(made, margin=0, from_zero=False)
    for weight in made:
        assert plot.top - 0.1 <= plot.y(weight.size) <= plot.bottom + 0.1
        assert plot.left <= plot.x(int(weight.time.timestamp())) <= plot.right


def test_a_weight_holds_until_the_next() -> None:
    assert "M0 9H5V4H8V7" == step_line([(0, 9), (5, 4), (8, 7)])
    assert "M0 9H5V4L5 10H0Z" == step_area([(0, 9), (5, 4)], [(0, 10), (5, 10)])
    assert "M0 9H5V4L5 12V10H0Z" == step_area([(0, 9), (5, 4)], [(0, 10), (5, 12)])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 100)), min_size=1))
def test_what_cannot_be_seen_is_left_out_and_nothing_else(places: list[tuple[int, int]]) -> None:
    points = [(float(x), float(y)) for x, y in sorted(places, key=lambda place: place[0])]
    kept = [points[index] for index in telling(points)]
    assert (points[0], points[-1]) == (kept[0], kept[-1])
    for column in {x for x, _ in points}:
        whole, seen = ([y for x, y in those if x == column] for those in (points, kept))
        assert (min(whole), max(whole), whole[-1]) == (min(seen), max(seen), seen[-1])
        assert len(seen) <= 4


def test_however_many_weights_there_are_the_file_holds_what_can_be_seen() -> None:
    assert len(picture(chart(weights(20_000, days=2000)))) < 60_000


@given(st.lists(st.floats(0, 200), min_size=1, max_size=10))
def test_names_of_a_legend_never_overlap_and_stay_in_order(wanted: list[float]) -> None:
    places = spread(sorted(wanted), 19, 0, 240)
    assert all(after - before >= 18.99 for before, after in pairwise(places))
    assert max(places) <= 240


def test_groups_are_the_heaviest_and_the_rest_is_one() -> None:
    made = tuple(
        Split(weight=Weight(time=FIRST, size=size), parts=parts)
        for size, parts in ((100, (("a", 50), ("b", 30), ("c", 15))), (120, (("a", 20), ("d", 90))))
    )
    assert (("d", (0, 90)), ("a", (50, 20)), (REST, (50, 10))) == stacked(made, 3)
    assert (("d", (0, 90)), ("a", (50, 20)), ("b", (30, 0)), ("c", (15, 0)), (REST, (5, 10))) == stacked(made, 5)
    assert (("x", (7,)),) == stacked((Split(weight=Weight(time=FIRST, size=7), parts=(("x", 7),)),), 1)


def test_bands_add_up_to_the_whole() -> None:
    shown = GALLERY["layers"]
    total = next(path.data for path in shown.paths if path.kind == "total")
    top = [path.data for path in shown.paths if path.kind.startswith("band")][-1]
    assert top.startswith(total)


def test_many_groups_have_as_many_bands_as_colours() -> None:
    bands = [path.kind for path in GALLERY["many-groups"].paths if path.kind.startswith("band")]
    assert MOST_GROUPS == len(bands) == len(set(bands)) <= len(LIGHT.series) == len(DARK.series)


def test_the_newest_releases_have_their_names_and_no_two_overlap() -> None:
    named = [label for label in GALLERY["many"].labels if label.kind == "release"]
    assert "v1.19.0" == named[0].runs[0].text
    edges = [(float(each.x), measured(each.runs[0].text) / 2) for each in named]
    assert all(right - half - (left + other) >= 9 for (right, half), (left, other) in pairwise(edges))
    assert 20 == len([dot for dot in GALLERY["many"].dots if dot.kind == "release"])


def test_the_heading_tells_the_last_weight_and_its_change_since_the_release_before() -> None:
    made = (
        Weight(time=FIRST, size=90_000_000, release="v1"),
        Weight(time=FIRST + timedelta(days=40), size=100_000_000, release="v2", budget=95_000_000),
    )
    runs = "".join(run.text for run in chart(made).labels[1].runs)
    assert "100.0 MB on 12 Apr 2025 · +10.0 MB (+11.1 %) since v1 · over its budget of 95 MB" == runs


def test_the_description_says_what_the_picture_shows() -> None:
    assert (
        "octocat/yard was weighed 2 times from 3 Mar 2025 to 6 Mar 2025: 98.4 MB at first, 98.2 MB at last, "
        "98.2 MB at least, 98.4 MB at most. 1 release, the last v1.0.0 with 98.2 MB."
    ) == GALLERY["two"].description
    assert GALLERY["layers"].description.endswith("MB.")
    assert "At last: base image " in GALLERY["layers"].description


def test_a_budget_that_changes_is_a_line_of_steps_and_one_that_ends_is_broken() -> None:
    budgets = (100_000_000, 100_000_000, 120_000_000, None, 120_000_000)
    made = tuple(
        Weight(time=FIRST + timedelta(days=day), size=90_000_000, budget=budget) for day, budget in enumerate(budgets)
    )
    lines = [path.data for path in chart(made).paths if path.kind == "budget"]
    assert 2 == len(lines)
    assert 1 == lines[0].count("V")
    assert 0 == lines[1].count("V")


def test_what_cannot_be_drawn_is_refused() -> None:
    line = Line(name="x", weights=weights(1))
    for lines in ([], [Line(name="x", weights=())], [line] * (MOST_LINES + 1)):
        with pytest.raises(ValueError, match="chart"):
            line_chart("x", "size", lines)
    with pytest.raises(ValueError, match="chart"):
        stack_chart("x", "size", ())


@pytest.mark.parametrize("name", GALLERY)
@pytest.mark.parametrize("theme", list(Theme))
def test_a_chart_is_well_formed_and_asks_for_nothing(name: str, theme: Theme) -> None:
    text = picture(GALLERY[name], theme)
    root = ET.fromstring(text)  # noqa: S314 - ours
    used = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert used <= {
        "svg",
        "title",
        "desc",
        "style",
        "linearGradient",
        "stop",
        "rect",
        "path",
        "circle",
        "text",
        "tspan",
    }
    assert ["http://www.w3.org/2000/svg"] == re.findall(r"\w+://[^\"\s)]+", text)
    assert not re.search(r"@import|@font-face|href|\son\w+=", text.replace("tspan", ""))
    assert (theme is Theme.AUTO) == ("prefers-color-scheme" in text)
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")
    assert {"img", "title description"} == {root.attrib["role"], root.attrib["aria-labelledby"]}


texts = st.text() | st.just(HOSTILE)


@given(texts, texts, st.lists(st.tuples(st.integers(0, 10**13), texts, st.none() | st.integers(0, 10**13)), min_size=1))
def test_a_chart_of_any_names_and_weights_is_well_formed(
    name: str, other: str, rows: list[tuple[int, str, int | None]]
) -> None:
    made = tuple(
        Weight(time=FIRST + timedelta(hours=hour // 2), size=size, release=release or None, budget=budget)
        for hour, (size, release, budget) in enumerate(rows)
    )
    drawn = (
        line_chart(name, "image size", [Line(name=other, weights=made), Line(name=name, weights=made)]),
        line_chart(name, "image size", [Line(name=other, weights=made)]),
        stack_chart(name, "image size", [Split(weight=each, parts=((other, each.size // 2),)) for each in made]),
    )
    for each in drawn:
        assert "nan" not in "".join(path.data for path in each.paths)
        ET.fromstring(picture(each))  # noqa: S314 - ours


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_told_from_the_paper(palette: Palette) -> None:
    for ink in (palette.ink, palette.dim, palette.up, palette.down, palette.budget):
        assert 4.5 <= contrast(ink, palette.paper)
    for shade in (*palette.series, palette.rest, palette.ground):
        assert 3 <= contrast(shade, palette.paper)


def test_names_are_cut_to_the_room_that_they_have() -> None:
    assert "short" == fitted("short", 100)
    assert measured(fitted("W" * 50, 100)) <= 100
    assert re.fullmatch(r"a+…z+", fitted("a" * 60 + "z" * 60, 100))
    assert "…" == fitted("W" * 50, 12)


def test_numbers_are_short() -> None:
    assert ["0", "-3.5", "12", "0.1"] == [number(value) for value in (-0.04, -3.52, 12.0, 0.06)]


def test_stacks_of_one_weight_are_as_wide_as_the_plot() -> None:
    drawn: Chart = stack_chart("x", "size", splits({"a": 5}, count=1))
    band = next(path.data for path in drawn.paths if path.kind == "band s0")
    places = [float(place) for place in re.findall(r"[MHL](\d+(?:\.\d+)?)", band)]
    assert max(places) - min(places) > 300
