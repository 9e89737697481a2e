"""A release's comparison with the one before, as a section of its notes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.records import commit, record
from weighbridge.core.history.notes import BODY_LIMIT, costliest, pairs_of, section, with_section

MB = 1_000_000
RECORDS = (
    record(0, 100 * MB, release="v1.9.0"),
    record(1, 101 * MB),
    record(2, 131 * MB),
    record(3, 130 * MB),
    record(4, 200 * MB, ref="topic"),
    record(5, 135 * MB, release="v1.10.0"),
    record(6, 90 * MB, release="v1.9.1"),
    record(7, 160 * MB, release="v2.0.0-rc.1"),
    record(5, 50 * MB, image="db", release="v1.10.0"),
)


def test_each_image_is_compared_with_itself_in_the_version_before() -> None:
    app, db = pairs_of("v1.10.0", RECORDS)

    assert app.before is not None
    assert ("app", "v1.9.1") == (app.after.image, app.before.release)
    assert ("db", None) == (db.after.image, db.before)
    assert () == pairs_of("v3.0.0", RECORDS)


def test_a_release_proper_is_not_compared_with_its_candidate() -> None:
    (app,) = pairs_of("v2.0.0", [*RECORDS, record(8, 161 * MB, release="v2.0.0")])
    (candidate,) = pairs_of("v2.0.0-rc.1", RECORDS)

    assert app.before is not None
    assert candidate.before is not None
    assert ("v1.10.0", "v1.10.0") == (app.before.release, candidate.before.release)


def test_what_cost_most_is_what_grew_between_the_releases_on_the_branch() -> None:
    records = [each for each in RECORDS if each.release != "v1.9.1"]

    costs = costliest(pairs_of("v1.10.0", records), records, "main")

    assert [(2, 30 * MB), (5, 5 * MB), (1, 1 * MB)] == [
        (int((each.time - RECORDS[0].time).total_seconds()) // 3600, growth) for each, growth in costs
    ]


def test_the_section_says_it_in_a_table_with_pull_requests() -> None:
    records = [each for each in RECORDS if each.release != "v1.9.1"]
    pairs = pairs_of("v1.10.0", records)
    costs = costliest(pairs, records, "main")

    text = section(pairs, costs, {commit(2): 12})

    assert (
        "### Image size\n"
        "\n"
        "Compared with `v1.9.0`.\n"
        "\n"
        "| image | unpacked | change | packed | wasted | layers |\n"
        "|:--|--:|--:|--:|--:|--:|\n"
        "| `app` linux/amd64 | 100.0 MB → **135.0 MB** | **+35.0 MB** (+35.0 %) | ≈ 33.3 MB → 45.0 MB "
        "| 2.0 MB → 2.7 MB | 2 → 2 |\n"
        "| `db` linux/amd64 | **50.0 MB** |  | ≈ 16.7 MB | 1.0 MB | 2 |\n"
        "\n"
        f"What cost most since then: #12 +30.0 MB, {commit(5)[:12]} +5.0 MB, {commit(1)[:12]} +1.0 MB"
    ) == text


def test_a_first_release_says_so() -> None:
    text = section(pairs_of("v1.9.0", RECORDS), (), {})

    assert "The first release whose weight is remembered." in text


def test_names_of_strangers_break_no_table_and_mention_nobody() -> None:
    wild = record(0, image="a|b`<!-- weighbridge:release end -->\n@octocat", release="v1.0.0", platform="x|@y")

    text = section(pairs_of("v1.0.0", [wild]), (), {})

    (row,) = [line for line in text.splitlines() if line.startswith("| `")]
    assert 7 == row.replace("\\|", "").count("|")
    once = with_section("", text)
    assert once is not None
    assert once == with_section(once, text)


@given(
    st.text(),
    st.text(alphabet=st.characters(exclude_characters="<>")),
    st.text(alphabet=st.characters(exclude_characters="<>")),
)
def test_writing_a_section_twice_changes_nothing_and_keeps_what_is_around_it(body: str, one: str, two: str) -> None:
    first = with_section(body, one)
    assert first is not None

    assert first == with_section(first, one)
    second = with_section(first, two)
    assert second is not None
    assert with_section(second, one) == first


@pytest.mark.parametrize(
    "body",
    [
        "<!-- weighbridge:release begin -->\nnever ends",
        "<!-- weighbridge:release end -->\nnever began",
        "a\r\n<!-- weighbridge:release begin -->old<!-- weighbridge:release end -->\r\nb",
        "<!-- weighbridge:release begin -->1<!-- weighbridge:release end -->" * 2,
    ],
)
def test_damaged_and_copied_markers_are_survived(body: str) -> None:
    once = with_section(body, "new")

    assert once is not None
    assert once == with_section(once, "new")
    assert 1 == once.count("\nnew\n")
    assert "old" not in once


def test_notes_that_would_get_too_long_are_left_alone() -> None:
    assert with_section("x" * BODY_LIMIT, "new") is None
    assert with_section("x" * 100, "new") is not None


def test_a_release_that_weighs_the_same_has_no_percent() -> None:
    same = [record(0, 5 * MB, release="v1.0.0"), replace(record(1, 5 * MB), release="v1.1.0")]

    assert "| **0 B** |" in section(pairs_of("v1.1.0", same), (), {})
