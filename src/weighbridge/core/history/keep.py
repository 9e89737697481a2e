"""What the branch holds, as a function of what it held: yearly files, one record a key, thinned, bounded."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from weighbridge.core.wire.records import Lines, dump_records, load_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from weighbridge.model.record import Record, RecordKey

FOLDER = "records"
MAX_PACKED = 16_000_000
"""Compressed bytes of all records at most; git keeps them in about as many."""
MAX_FILE = 40_000_000
"""Bytes of one yearly file at most: GitHub refuses files over 100 MB and warns of those over 50."""

_FILE = re.compile(rf"{FOLDER}/[0-9]{{4}}\.jsonl")
_WHOLE = timedelta(days=90)
_DAILY = timedelta(days=365)
_VERSION_TAG = re.compile(r"\d+\.\d+")

_README = """# What the images of this repository weighed

[weighbridge](https://github.com/weighbridge/weighbridge) writes this branch; it shares no commit with the others.
`records/` has one JSON object a line for each commit, image and platform. Sizes are bytes.
"""

Files = dict[str, bytes]
Step = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All records, oldest first; `unread` are lines that this version cannot read, by file."""

    records: tuple[Record, ...]
    unread: Mapping[str, tuple[str, ...]]


def is_ours(files: Mapping[str, bytes]) -> bool:
    """Whether a branch with these files is one that weighbridge writes."""
    return any(_FILE.fullmatch(name) for name in files)


def read_history(files: Mapping[str, bytes]) -> History:
    """What the branch's files hold."""
    read: dict[str, Lines] = {
        name: load_records(text.decode("utf-8", "surrogateescape"))
        for name, text in files.items()
        if _FILE.fullmatch(name)
    }
    records = sorted((record for lines in read.values() for record in lines.records), key=_order)
    return History(records=tuple(records), unread={name: lines.unread for name, lines in read.items() if lines.unread})


def write_history(files: Mapping[str, bytes], history: History) -> Files:
    """The branch's files with these records instead of those that they held; other files stay."""
    written = _texts(history)
    others = {name: text for name, text in files.items() if not _FILE.fullmatch(name)}
    return {"README.md": _README.encode(), **others, **written}


def _texts(history: History) -> Files:
    by_file: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(history.records, key=_order):
        by_file[f"{FOLDER}/{record.time.year:04d}.jsonl"].append(record)
    return {
        name: dump_records(by_file.get(name, ()), history.unread.get(name, ())).encode("utf-8", "surrogateescape")
        for name in {*by_file, *history.unread}
    }


def remembered(records: Iterable[Record], new: Iterable[Record]) -> tuple[Record, ...]:
    """The records with new ones, which replace those of the same commit, image and platform."""
    kept: dict[RecordKey, Record] = {record.key: record for record in records}
    for record in new:
        old = kept.get(record.key)
        kept[record.key] = record if old is None else _again(old, record)
    return tuple(sorted(kept.values(), key=_order))


def _again(old: Record, new: Record) -> Record:
    """A commit that is weighed again keeps the branch it is of and the release that it is, and what only one knows."""
    release = new.release or old.release
    if old.release and new.release and _VERSION_TAG.search(old.release) and not _VERSION_TAG.search(new.release):
        # `v1` moves along with `v1.2.3` and says less.
        release = old.release
    ref = old.ref if new.release and old.ref else new.ref
    saving = old.saving if new.saving is None and new.recipe == old.recipe else new.saving
    return replace(new, release=release, ref=ref, saving=saving)


def _order(record: Record) -> tuple[datetime, str, str, str]:
    return (record.time, record.image, record.platform, record.commit)


def thinned(records: Sequence[Record], now: datetime, *, maximum: int = MAX_PACKED) -> tuple[Record, ...]:
    """Drops old records that no release made, until what is kept takes no more than `maximum` compressed bytes.

    All that was weighed in the last 90 days stays, then the last of each day for a year, then the last of each week;
    the newest of each image, platform and branch stays in any case. Where that is too much, all are thinned to days,
    to weeks, to months; and then the oldest go.
    """
    kept = _thin(records, lambda record: _age_step(record, now))
    for step in (_day, _week, _month):
        if fits(kept, maximum):
            return kept
        kept = _thin(kept, step)
    while kept and not fits(kept, maximum):
        kept = kept[max(1, len(kept) // 10) :]
    return kept


def fits(records: Iterable[Record], maximum: int = MAX_PACKED) -> bool:
    """Whether the records are within the bounds of the branch and of each yearly file."""
    texts = _texts(History(records=tuple(records), unread={})).values()
    return all(len(text) <= MAX_FILE for text in texts) and sum(len(zlib.compress(text)) for text in texts) <= maximum


def _thin(records: Iterable[Record], step: Callable[[Record], Step]) -> tuple[Record, ...]:
    newest: dict[Step, Record] = {}
    for record in sorted(records, key=_order):
        series: Step = (record.image, record.platform, record.ref)
        # Written later wins, so the newest of the series and of the step stays.
        newest[(*series, "last")] = record
        newest[(*series, "release", record.key) if record.release else (*series, *step(record))] = record
    return tuple(sorted({record.key: record for record in newest.values()}.values(), key=_order))


def _age_step(record: Record, now: datetime) -> Step:
    # Since it was weighed, so that what was asked for just now stays. By dates, so that a day grows old as a whole.
    age = now.date() - record.recorded.date()
    if age <= _WHOLE:
        return ("whole", record.key)
    return _day(record) if age <= _DAILY else _week(record)


def _day(record: Record) -> Step:
    return ("day", record.time.date())


def _week(record: Record) -> Step:
    return ("week", *record.time.isocalendar()[:2])


def _month(record: Record) -> Step:
    return ("month", record.time.year, record.time.month)
