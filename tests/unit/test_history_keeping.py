"""What the branch keeps: one record a key, releases for good, the rest thinner the older it is, within bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.support.records import START, commit, record, years_of_work
from weighbridge.core.history.keep import (
    MAX_FILE,
    History,
    fits,
    read_history,
    remembered,
    thinned,
    write_history,
)


def test_files_are_yearly_and_others_stay() -> None:
    old = record(time=START - timedelta(seconds=1))
    new = record(1)

    files = write_history({"README.md": b"x", "records/1999.jsonl": b""}, History(records=(new, old), unread={}))

    assert ["README.md", "records/2025.jsonl", "records/2026.jsonl"] == sorted(files)
    assert (old, new) == read_history(files).records


def test_what_cannot_be_read_survives_in_its_file() -> None:
    damaged = b'{"v":1}\n{"v":9}\n\xff\n'

    history = read_history({"records/2026.jsonl": damaged})
    files = write_history({}, History(records=(record(),), unread=history.unread))

    assert files["records/2026.jsonl"].endswith(damaged)


def test_a_commit_that_is_weighed_again_has_one_record() -> None:
    first = record(size=5, saving=3)

    again = remembered([first], [record(size=6)])

    assert [(6, 3)] == [(each.size, each.saving) for each in again]
    assert 2 == len(remembered([first], [record(platform="linux/arm64")]))


def test_a_release_is_remembered_on_the_commit_of_its_branch() -> None:
    (release,) = remembered([record(ref="main")], [record(ref="v1.2.3", release="v1.2.3")])
    (again,) = remembered([release], [record(ref="main")])
    (moved,) = remembered([again], [record(ref="v1", release="v1")])

    assert [("main", "v1.2.3")] * 3 == [(each.ref, each.release) for each in (release, again, moved)]


def test_the_young_stay_whole_the_older_become_days_and_weeks() -> None:
    times = [START + timedelta(hours=number) for number in range(24 * 400)]
    records = [record(number, time=time, recorded=time) for number, time in enumerate(times)]
    now = records[-1].time

    kept = thinned(records, now)

    ages = [(now.date() - each.time.date()).days for each in kept]
    assert 91 * 24 == sum(age <= 90 for age in ages)
    assert 365 - 90 == sum(90 < age <= 365 for age in ages)
    assert 5 <= sum(age > 365 for age in ages) <= 6
    assert {23} == {each.time.hour for each in kept if now.date() - each.time.date() > timedelta(days=90)}


def test_what_was_weighed_just_now_stays_however_old_the_commit_is() -> None:
    old = START - timedelta(days=4000)
    records = [record(number, time=old + timedelta(minutes=number), recorded=START) for number in range(5)]

    assert tuple(records) == thinned(records, START)


def test_releases_and_the_newest_of_each_branch_and_image_stay() -> None:
    old = START - timedelta(days=4000)
    records = [
        record(0, time=old, recorded=old, release="v1.0"),
        record(1, time=old + timedelta(hours=1), recorded=old),
        record(2, time=old + timedelta(hours=2), recorded=old),
        record(3, time=old, recorded=old, ref="gone"),
        record(4, time=old, recorded=old, image="other"),
        record(5, time=old, recorded=old, platform="linux/arm64"),
    ]

    kept = thinned(records, START)

    assert {commit(number) for number in (0, 2, 3, 4, 5)} == {each.commit for each in kept}


def test_what_is_too_much_is_thinned_until_it_fits_and_the_oldest_go_last() -> None:
    records = list(years_of_work(1_500, days=60))
    now = records[-1].time

    assert fits(records)
    by_days = thinned(records, now, maximum=20_000)
    hardly_any = thinned(records, now, maximum=3_000)

    assert fits(by_days, 20_000)
    assert {each.key for each in records if each.release} <= {each.key for each in by_days}
    assert 0 < len(hardly_any) < len(by_days)
    assert records[-1] == hardly_any[-1]


def test_a_file_that_a_server_would_refuse_does_not_fit() -> None:
    wide = replace(record(), layers=record().layers * 500)
    count = MAX_FILE // 100_000

    assert not fits([replace(wide, commit=commit(number)) for number in range(count)])


def test_thinning_twice_drops_nothing_more() -> None:
    records = list(years_of_work(3_000))
    now = records[-1].time

    once = thinned(records, now)

    assert once == thinned(once, now)
