"""Reports on their way through the public API, in the order in which they were made."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import zstandard

from weighbridge.core import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.support.fleet.year import Sent


def send(address: str, token: str, sent: Iterable[Sent]) -> Iterator[int]:
    """Sends all of them to a service and tells after each how many. Raises urllib.error.HTTPError for a refusal."""
    for number, each in enumerate(sent, 1):
        request = urllib.request.Request(  # noqa: S310 - the address is the caller's own
            f"{address}/api/v1/reports",
            data=zstandard.compress(wire.dump(each.report).encode(), 1),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Content-Encoding": "zstd",
            },
        )
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310
            yield number


def post(deliver: Callable[[bytes], int], sent: Iterable[Sent]) -> int:
    """The same by any way that takes a body and gives a status; raises AssertionError unless that is 201."""
    count = 0
    for count, each in enumerate(sent, 1):  # noqa: B007
        status = deliver(wire.dump(each.report).encode())
        assert status == 201, status
    return count
