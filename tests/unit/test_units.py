"""Sizes read like those of `docker images`, and two beside each other can be compared at a glance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.rendering.units import (
    format_delta,
    format_limit,
    format_pair,
    format_percent,
    format_size,
    parse_size,
)

SIZES = st.integers(0, 10**14)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (34_200_000, "34.2 MB"),
        (1_050_000_000, "1.05 GB"),
    ],
)
def test_a_size_has_three_or_four_digits_and_a_decimal_unit(size: int, expected: str) -> None:
    assert expected == format_size(size)


@pytest.mark.parametrize(("size", "expected"), [(10_000_000, "10 MB"), (2_500_000, "2.5 MB"), (100, "100 B")])
def test_a_limit_is_written_as_a_person_wrote_it(size: int, expected: str) -> None:
    assert expected == format_limit(size)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (148_300_000, 518_400_000, ("148.3", "518.4 MB", "+370.1")),
        (266_300_000, 74_900_000, ("266.3", "74.9 MB", "−191.4")),
        (2_900_000, 2_905_000, ("2.9", "2.9 MB", "+5.0 kB")),
        (12, 3_000_000, ("12 B", "3.0 MB", "+3.0 MB")),
        (900_000_000, 1_200_000_000, ("0.90", "1.20 GB", "+300.0 MB")),
        (0, 15_700_000, ("0 B", "15.7 MB", "+15.7 MB")),
        (5_000, 5_000, ("5.0", "5.0 kB", "0 B")),
    ],
)
def test_a_pair_shares_a_unit_where_one_serves_both(before: int, after: int, expected: tuple[str, str, str]) -> None:
    assert expected == format_pair(before, after)


@given(SIZES, SIZES)
def test_no_number_of_a_pair_hides_what_is_there(before: int, after: int) -> None:
    pair = format_pair(before, after)
    for shown, size in ((pair.before, before), (pair.after, after), (pair.delta, after - before)):
        assert (size == 0) == (float(shown.lstrip("+−").split()[0]) == 0)


@pytest.mark.parametrize(
    ("delta", "of", "expected"),
    [
        (161, 1_000, "+16.1 %"),
        (-719, 1_000, "−71.9 %"),
        (370_100, 148_300, "+250 %"),
        (24_300, 1, "+2,430,000 %"),
        (1, 100_000, "+<0.1 %"),
        (-1, 100_000, "−<0.1 %"),
        (0, 5, "0 %"),
        (5, 0, None),
    ],
)
def test_a_share_has_a_tenth_only_where_it_is_news(delta: int, of: int, expected: str | None) -> None:
    assert expected == format_percent(delta, of)


@given(SIZES)
def test_a_printed_size_reads_back_within_its_rounding(size: int) -> None:
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.06, abs=0)
    assert format_delta(-size).lstrip("−") == format_size(size)
