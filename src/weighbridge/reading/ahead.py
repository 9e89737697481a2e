"""Chunks made by a thread of their own, so that decompressing and hashing run beside what looks at the bytes."""

from __future__ import annotations

import contextlib
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEPTH = 16


@contextlib.contextmanager
def ahead(chunks: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
    """The same chunks, up to `_DEPTH` of them made before they are asked for.

    What making them raises is raised where they are read. The thread has ended when the context has.
    """
    made: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
    wanted: SimpleQueue[bool] = SimpleQueue()
    for _ in range(_DEPTH):
        wanted.put(True)
    thread = threading.Thread(target=_make, args=(chunks, made, wanted), name="weighbridge-ahead")
    thread.start()
    try:
        yield _handed_out(made, wanted)
    finally:
        wanted.put(False)
        thread.join()


def _make(chunks: Iterable[bytes], made: SimpleQueue[bytes | BaseException | None], wanted: SimpleQueue[bool]) -> None:
    try:
        for chunk in chunks:
            if not wanted.get():
                return
            made.put(chunk)
        made.put(None)
    except BaseException as error:
        made.put(error)


def _handed_out(made: SimpleQueue[bytes | BaseException | None], wanted: SimpleQueue[bool]) -> Iterator[bytes]:
    while (chunk := made.get()) is not None:
        if isinstance(chunk, BaseException):
            raise chunk
        wanted.put(True)
        yield chunk
