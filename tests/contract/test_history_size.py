"""The branch stays small: what a hundred thousand records take in a real git repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.test_files_branch import NAME, clone_of, origin_of
from tests.support.records import years_of_work
from weighbridge.adapters.git_branch import GitFilesBranch
from weighbridge.core.history.keep import History, fits, thinned, write_history

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from weighbridge.model.record import Record

COUNT = 100_000
LIMIT = 20_000_000


def packed_size(folder: Path, records: Sequence[Record]) -> int:
    """Bytes of the server's packs once the records are the branch's only commit."""
    origin = origin_of(folder)
    branch = GitFilesBranch(clone_of(origin.path.as_uri(), folder / "clone").path, NAME)
    branch.update(lambda files: write_history(files, History(records=tuple(records), unread={})), "Record", squash=True)
    origin.git("repack", "-a", "-d", "--quiet", "--window=0")
    return sum(path.stat().st_size for path in (origin.path / "objects").rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def records() -> tuple[Record, ...]:
    return tuple(years_of_work(COUNT))


def test_a_hundred_thousand_records_squashed(records: tuple[Record, ...], tmp_path: Path) -> None:
    size = packed_size(tmp_path, records)

    print(f"{COUNT:,} records, none thinned: {size:,} bytes")
    assert size < LIMIT


def test_a_hundred_thousand_records_thinned_by_age(records: tuple[Record, ...], tmp_path: Path) -> None:
    kept = thinned(records, records[-1].time)

    size = packed_size(tmp_path, kept)
    assert fits(kept)

    print(f"{len(kept):,} of {COUNT:,} records: {size:,} bytes")
    assert size < LIMIT // 10
    assert {record.key for record in records if record.release} <= {record.key for record in kept}
