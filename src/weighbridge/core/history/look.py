"""Looking into what is remembered: which records are meant, and where the weight jumped."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from weighbridge.core.history.versions import in_order
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.model.record import Record

_AGO = re.compile(r"([0-9]{1,5})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records are meant; None: whichever. `since` is the earliest time of a commit."""

    image: str | None = None
    platform: str | None = None
    ref: str | None = None
    releases: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The records of one image on one platform, oldest first (releases: lowest version first), at least one."""

    image: str
    platform: str
    records: tuple[Record, ...]

    def changes(self) -> tuple[int | None, ...]:
        """Unpacked bytes against the record before, None for the first."""
        return (None, *(after.size - before.size for before, after in pairwise(self.records)))

    def biggest_jump(self) -> tuple[Record, Record] | None:
        """The neighbours between which the weight grew most; None where it never grew."""
        jumps = [(after.size - before.size, -number) for number, (before, after) in enumerate(pairwise(self.records))]
        growth, negative = max(jumps, default=(0, 0))
        return None if growth <= 0 else (self.records[-negative], self.records[1 - negative])


def select(records: Iterable[Record], wanted: Wanted) -> tuple[Series, ...]:
    """What is wanted, by image and platform."""
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if _is_wanted(record, wanted):
            found.setdefault((record.image, record.platform), []).append(record)
    return tuple(
        Series(image=image, platform=platform, records=tuple(_ordered(found[image, platform], wanted)))
        for image, platform in sorted(found)
    )


def main_line(series: Series, ref: str | None) -> Series:
    """The releases and what was weighed for the branch `ref`; of all the records if that is none.

    Where nobody knows that branch, it is the one that most records are of.
    """
    if ref is None:
        ref = Counter(record.ref for record in series.records).most_common(1)[0][0]
    kept = tuple(record for record in series.records if record.ref == ref or record.release is not None)
    return replace(series, records=kept) if kept else series


def _is_wanted(record: Record, wanted: Wanted) -> bool:
    return (
        wanted.image in (None, record.image)
        and wanted.platform in (None, record.platform)
        and wanted.ref in (None, record.ref)
        and (record.release is not None or not wanted.releases)
        and (wanted.since is None or record.time >= wanted.since)
    )


def _ordered(records: Sequence[Record], wanted: Wanted) -> list[Record]:
    if not wanted.releases:
        return sorted(records, key=lambda record: (record.time, record.recorded))
    by_tag = {record.release or "": record for record in records}
    return [by_tag[tag] for tag in in_order(by_tag)]


def parse_since(text: str, records: Iterable[Record], now: datetime) -> datetime:
    """The time that is meant by a date, an age (`90d`, `12w`, `6m`, `2y`), a release or a commit. Raises UsageError."""
    ago = _AGO.fullmatch(text)
    if ago:
        return now - timedelta(days=int(ago[1]) * _DAYS[ago[2]])
    for record in records:
        if record.release == text or (_COMMIT.fullmatch(text) and record.commit.startswith(text)):
            return record.time
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date, age (90d, 12w, 6m, 2y), and no release or commit that is remembered"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
