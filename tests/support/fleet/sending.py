"""Reports on their way through the public API, in the order in which they were made."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import zstandard

from tests.support.fleet.reports import documents
from weighbridge.core import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from tests.support.fleet.year import Sent


def send(address: str, token: str, sent: Iterable[Sent], *, files_since: datetime | None = None) -> Iterator[int]:
    """Sends all of them to a service and tells after each how many. Raises urllib.error.HTTPError for a refusal.

    What was weighed since a time is sent with the files of its layers, as the action does.
    """
    known: set[tuple[str | None, str]] = set()
    for number, each in enumerate(sent, 1):
        _deliver(f"{address}/api/v1/reports", token, "POST", wire.dump(each.report).encode())
        if files_since is not None and each.time >= files_since:
            for path, document in _fresh(each, known):
                _deliver(f"{address}{path}", token, "PUT", document)
        yield number


def _fresh(each: Sent, known: set[tuple[str | None, str]]) -> Iterator[tuple[str, bytes]]:
    """Where the files of layers go that were not sent yet, and their documents."""
    repository, pull = each.report.repository, each.report.pull_request
    for diff_id, document in documents(each.commit):
        if (repository, diff_id) not in known:
            # What a pull request sends counts for itself alone.
            known |= {(repository, diff_id)} if pull is None else set()
            yield (
                f"/api/v1/layers/{diff_id}?repository={repository}" + (f"&pull_request={pull}" if pull else ""),
                document,
            )


def _deliver(address: str, token: str, method: str, body: bytes) -> None:
    request = urllib.request.Request(  # noqa: S310 - the address is the caller's own
        address,
        method=method,
        data=zstandard.compress(body, 1),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Content-Encoding": "zstd",
        },
    )
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310
        pass


def post(deliver: Callable[[str, str, bytes], int], sent: Iterable[Sent]) -> int:
    """The same by any way that takes method, path and body and gives a status, all with their files.

    Raises AssertionError unless that is 201.
    """
    known: set[tuple[str | None, str]] = set()
    count = 0
    for each in sent:
        status = deliver("POST", "/api/v1/reports", wire.dump(each.report).encode())
        assert status == 201, status
        for path, document in _fresh(each, known):
            status = deliver("PUT", path, document)
            assert status == 201, status
        count += 1
    return count
