"""When growth on the default branch is told of, against what, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_tracking import FakeTracking
from tests.support.records import commit, record
from weighbridge.core.history.alert import KEY, AlertState, accepted, alert_state, excesses, issue_of
from weighbridge.core.marker import marker
from weighbridge.model.budget import Percent
from weighbridge.tracking import watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.record import Record

MB = 1_000_000


def found(*records: object, limit: int | Percent = 10 * MB, state: AlertState | None = None) -> list[tuple[str, int]]:
    return [(each.since, each.size // MB) for each in excesses(records, "main", limit, state)]  # type: ignore[arg-type]


def test_the_reference_is_the_highest_release_proper_else_the_record_before() -> None:
    before, after = record(0, 100 * MB), record(1, 120 * MB)

    assert [(commit(0)[:12], 120)] == found(before, after)
    assert [("v1.0.0", 120)] == found(replace(before, release="v1.0.0"), record(1, 115 * MB), record(2, 120 * MB))
    assert [("v1.0.0", 120)] == found(
        record(0, 100 * MB, release="v1.0.0"), record(1, 119 * MB, release="v2.0.0-rc.1"), record(2, 120 * MB)
    )
    assert [] == found(after)
    # What was released is where growth begins anew.
    assert [] == found(record(0, 100 * MB, release="v1.0.0"), replace(after, release="v1.1.0"))


def test_a_limit_that_is_just_reached_is_kept() -> None:
    assert [] == found(record(0, 100 * MB), record(1, 110 * MB))
    assert [] == found(record(0, 100 * MB), record(1, 105 * MB), limit=Percent(value=Decimal(5)))
    assert [(commit(0)[:12], 106)] == found(record(0, 100 * MB), record(1, 106 * MB), limit=Percent(value=Decimal(5)))


def test_other_branches_and_other_images_do_not_mix() -> None:
    assert [] == found(record(0, 100 * MB), record(1, 200 * MB, ref="topic"), record(2, 200 * MB, image="db"))
    assert [] == found(record(0, 100 * MB, platform="linux/arm64"), record(1, 200 * MB))


def test_an_open_issue_keeps_what_it_began_with() -> None:
    state = AlertState(over={"app linux/amd64": ("v1.0.0", 100 * MB, 120 * MB)})

    assert [("v1.0.0", 121)] == found(record(0, 120 * MB), record(1, 121 * MB), state=state)
    assert [] == found(record(0, 120 * MB), record(1, 109 * MB), state=state)


def test_the_state_survives_in_the_marker() -> None:
    over = excesses([record(0, 100 * MB), record(1, 120 * MB)], "main", 1, None)
    opened = issue_of(over, 1, "main", None)

    state = alert_state(opened.body)

    assert AlertState(over={"app linux/amd64": (commit(0)[:12], 100 * MB, 120 * MB)}) == state
    closed = issue_of((), 1, "main", state)
    assert (False, True) == (
        closed.open,
        alert_state(closed.body) == replace(state or AlertState(over={}), settled=True),
    )


@pytest.mark.parametrize("payload", ["", "v1", "v1 x", "v9 e30", "v1 e30", "v1 " + "A" * 20_000, "v1 W10"])
def test_a_marker_that_somebody_edited_keeps_nothing(payload: str) -> None:
    assert alert_state(marker(KEY, payload)) is None
    assert alert_state("no marker") is None


def test_names_of_strangers_are_escaped() -> None:
    wild = {"image": "a|b @octocat\x1b", "ref": "main"}

    made = issue_of(excesses([record(0, 1, **wild), record(1, 100, **wild)], "main", 1, None), 1, "main", None)

    assert "\x1b" not in made.title + made.body
    (row,) = [line for line in made.body.splitlines() if line.startswith("| `a")]
    assert 6 == row.replace("\\|", "").count("|")


def test_a_person_who_closes_it_accepts_the_growth_until_there_is_more() -> None:
    tracking = FakeTracking()
    records = [record(0, 100 * MB, release="v1.0.0"), record(1, 120 * MB)]
    watch(records, "main", 10 * MB, tracking)
    tracking.ours[1] = replace(tracking.ours[1], open=False)

    assert "the growth was accepted: its issue was closed" == watch(records, "main", 10 * MB, tracking)
    assert not tracking.ours[1].open

    records.append(record(2, 121 * MB))
    assert "told of growth" in watch(records, "main", 10 * MB, tracking)
    assert [False, True] == [tracking.ours[number].open for number in (1, 2)]


def test_nothing_is_accepted_by_closing_it_ourselves() -> None:
    over = excesses([record(0, 100 * MB), record(1, 120 * MB)], "main", 1, None)
    state = AlertState(over={"app linux/amd64": ("x", 100 * MB, 120 * MB)})

    assert accepted(over, state)
    assert not accepted(over, replace(state, settled=True))
    assert not accepted(over, None)


def _watch(records: Sequence[Record], tracking: FakeTracking) -> None:
    watch(records, "main", 10 * MB, tracking)


def test_two_runs_at_once_leave_one_open_issue() -> None:
    tracking = FakeTracking()
    records = [record(0, 100 * MB), record(1, 120 * MB)]
    tracking.meanwhile = partial(_watch, records, tracking)

    assert "issues/1" in watch(records, "main", 10 * MB, tracking)

    assert [True, False] == [tracking.ours[number].open for number in (1, 2)]


def test_nothing_over_and_nothing_open_is_nothing_to_do() -> None:
    tracking = FakeTracking()

    assert "" == watch([record(0, 100)], "main", 1, tracking)
    assert 0 == tracking.writes
