"""Records on a real git server over HTTP: whoever writes at the same time, all of them are there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.contract.test_files_branch import NAME, clone_of, origin_of
from tests.support.git_server import WRITER, running_git_server
from tests.support.records import record
from weighbridge.adapters.git_branch import Access, GitFilesBranch
from weighbridge.occasions import now
from weighbridge.recording import recall, remember

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.model.record import Record

JOBS = 20


def test_twenty_jobs_that_record_at_once_lose_nothing(tmp_path: Path) -> None:
    origin = origin_of(tmp_path)
    origin.git("config", "receive.denyNonFastForwards", "true")
    # Half of them are of one commit, as jobs of a matrix are; the others of commits of their own.
    moment = now().replace(microsecond=0)
    new = [
        replace(record(number // 2 * (number % 2), image=f"image-{number}"), recorded=moment) for number in range(JOBS)
    ]
    with running_git_server(tmp_path) as server:
        clones = [
            clone_of(f"{server.url}/origin.git", tmp_path / f"job-{number}", "--depth=1") for number in range(JOBS)
        ]
        server.tokens = {WRITER: True}
        access = Access(server_url=server.url, token=WRITER)

        def job(number: int) -> tuple[Record, ...]:
            return remember([new[number]], GitFilesBranch(clones[number].path, NAME, access=access))

        with ThreadPoolExecutor(JOBS) as jobs:
            seen = list(jobs.map(job, range(JOBS)))
        kept = recall(GitFilesBranch(clones[0].path, NAME, access=access)).records

    assert {each.key: each for each in new} == {each.key: each for each in kept}
    assert JOBS == len(kept) == int(origin.git("rev-list", "--count", NAME))
    # Each job saw its own record and all that came before it.
    assert list(range(1, JOBS + 1)) == sorted(len(records) for records in seen)
