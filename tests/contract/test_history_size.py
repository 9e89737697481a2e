"""The branch stays small: what a hundred thousand records take in a real git repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.test_files_branch import NAME, clone_of, origin_of
from tests.support.records import years_of_work
from weighbridge.adapters.git_branch import GitFilesBranch
from weighbridge.core.history.keep import History, read_history, thinned, write_history

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from weighbridge.model.record import Record

# A minute of one core's work, of which a busy machine may have little.
pytestmark = pytest.mark.timeout(900)

COUNT = 100_000
LIMIT = 20_000_000


def packed_size(folder: Path, records: Sequence[Record]) -> int:
    """Bytes of the server's objects once the records are the branch's only commit."""
    origin = origin_of(folder)
    branch = GitFilesBranch(clone_of(origin.path.as_uri(), folder / "clone").path, NAME)
    branch.update(lambda files: write_history(files, History(records=tuple(records), unread={})), "Record", squash=True)
    origin.git("repack", "-a", "-d", "--quiet", "--window=0")
    assert tuple(records) == read_history(branch.read()).records
    return sum(path.stat().st_size for path in (origin.path / "objects").rglob("*") if path.is_file())


def test_a_hundred_thousand_records_thinned_by_age(tmp_path: Path) -> None:
    records = tuple(years_of_work(COUNT))
    kept = thinned(records, records[-1].time)

    size = packed_size(tmp_path, kept)

    assert size < LIMIT // 10
    assert {record.key for record in records if record.release} <= {record.key for record in kept}
    assert {record.key for record in records[-4_000:]} <= {record.key for record in kept}


def test_as_many_that_are_not_thinned(tmp_path: Path) -> None:
    # A tenth of them, which takes a tenth of the room and of the time.
    size = packed_size(tmp_path, tuple(years_of_work(COUNT // 10, days=180)))

    assert size * 10 < LIMIT
