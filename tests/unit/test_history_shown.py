"""The history as people and programs get it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.records import START, commit, record
from weighbridge.core.history.look import Series, Wanted, parse_since, select
from weighbridge.core.history.shown import as_csv, as_json, as_text, bar, jump_line
from weighbridge.errors import UsageError

MB = 1_000_000
RECORDS = (
    record(0, 100 * MB, release="v1.9.0"),
    record(1, 101 * MB),
    record(2, 140 * MB, release="v1.10.0"),
    record(3, 120 * MB, image="db"),
    record(4, 130 * MB, ref="topic"),
    record(5, 99 * MB, release="v1.9.1"),
)


def sizes(series: Series) -> list[int]:
    return [each.size // MB for each in series.records]


def test_series_are_by_image_and_platform_and_by_time() -> None:
    app, db = select(reversed(RECORDS), Wanted())

    assert ("app", [100, 101, 140, 130, 99]) == (app.image, sizes(app))
    assert ("db", [120]) == (db.image, sizes(db))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(image="app", ref="main"), [100, 101, 140, 99]),
        (Wanted(image="app", releases=True), [100, 99, 140]),
        (Wanted(image="app", since=START + timedelta(hours=2)), [140, 130, 99]),
        (Wanted(image="app", platform="linux/arm64"), None),
    ],
)
def test_what_is_wanted_is_selected(wanted: Wanted, expected: list[int] | None) -> None:
    found = select(RECORDS, wanted)

    assert ([expected] if expected else []) == [sizes(series) for series in found]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("v1.10.0", 2),
        (commit(1)[:7], 1),
        ("2026-01-01T03:00:00+00:00", 3),
        ("2026-01-01", 0),
        ("2d", 52),
        ("1w", -68),
    ],
)
def test_since_is_a_release_a_commit_a_date_or_an_age(text: str, hours: int) -> None:
    assert START + timedelta(hours=hours) == parse_since(text, RECORDS, START + timedelta(hours=100))


@pytest.mark.parametrize("text", ["yesterday", "", "d", "v9", "abcdef1", "2026-13-01"])
def test_since_nonsense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no date, age"):
        parse_since(text, RECORDS, datetime.now(UTC))


def test_the_biggest_jump_is_the_largest_growth_between_neighbours() -> None:
    app, db = select(RECORDS, Wanted())
    shrinking = Series(image="a", platform="p", records=(record(0, 5), record(1, 4)))

    assert (RECORDS[1], RECORDS[2]) == app.biggest_jump()
    assert db.biggest_jump() is None
    assert shrinking.biggest_jump() is None


def test_the_text_has_a_row_a_record_with_bars_and_the_jump() -> None:
    (app,) = select(RECORDS, Wanted(image="app", ref="main"))
    line = jump_line(app.biggest_jump(), adjacent=True)

    text = as_text([app], limit=0, between=[line])

    c = [commit(number)[:7] for number in range(6)]
    assert (
        "app linux/amd64: 99.0 MB, 4 records, −1.0 MB since 2026-01-01\n"
        "\n"
        "date        commit    release        size    change     packed    wasted    layers\n"
        f"2026-01-01  {c[0]}   v1.9.0     100.0 MB            ≈ 33.3 MB    2.0 MB         2  ████████▋\n"
        f"2026-01-01  {c[1]}              101.0 MB   +1.0 MB  ≈ 33.7 MB    2.0 MB         2  ████████▋\n"
        f"2026-01-01  {c[2]}   v1.10.0    140.0 MB  +39.0 MB  ≈ 46.7 MB    2.8 MB         2  ████████████\n"
        f"2026-01-01  {c[5]}   v1.9.1      99.0 MB  −41.0 MB  ≈ 33.0 MB    2.0 MB         2  ████████▌\n"
        "\n"
        f"biggest jump: {commit(2)[:12]} (v1.10.0), +39.0 MB, from 101.0 MB to 140.0 MB\n"
    ) == text


def test_a_jump_with_commits_between_says_how_to_find_the_cause() -> None:
    line = jump_line((RECORDS[1], RECORDS[2]), adjacent=False)

    assert line.startswith(f"biggest jump: between {commit(1)[:12]} and {commit(2)[:12]} (v1.10.0), +39.0 MB")
    assert line.endswith(f"weighbridge check --base {commit(1)[:12]} --head {commit(2)[:12]} tells why")


def test_old_rows_are_counted() -> None:
    (app,) = select(RECORDS, Wanted(image="app"))

    text = as_text([app], limit=2, between=[""])

    assert "… 3 older; --limit 0 shows all\n" in text
    assert 2 == text.count("2026-01-01  ")


def test_names_of_strangers_are_no_terminal_sequences() -> None:
    wild = record(0, release="v\x1b[31m1\n2", image="a\x07")

    text = as_text(select([wild], Wanted()), limit=0, between=[""])

    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize(("size", "shown"), [(0, ""), (1, "▏"), (8, "█"), (96, "█" * 12), (12, "█▌")])
def test_a_bar_is_from_zero_in_eighths(size: int, shown: str) -> None:
    assert shown == bar(size, 96)


def test_json_has_whole_records_and_changes() -> None:
    value = json.loads(as_json(select(RECORDS, Wanted(image="app", ref="main"))))

    (series,) = value["series"]
    assert "weighbridge.history/1" == value["schema"]
    assert [None, MB, 39 * MB, -41 * MB] == [each["change"] for each in series["records"]]
    assert {"from": commit(1), "to": commit(2), "change": 39 * MB} == series["biggest_jump"]
    assert 2 == len(series["records"][0]["layers"])


def test_csv_is_read_by_spreadsheets_and_runs_nothing_there() -> None:
    wild = record(0, ref='=cmd|"/c calc"!A1', release=None, max_size=None)

    (row,) = csv.DictReader(io.StringIO(as_csv(select([wild], Wanted()))))

    assert ("100000000", "33333333", "true", "", "") == (
        row["size"], row["packed_size"], row["packed_size_estimated"], row["max_size"], row["change"],
    )  # fmt: skip
    assert '\'=cmd|"/c calc"!A1' == row["ref"]
