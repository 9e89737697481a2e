"""Stored layers are believed only if their bytes are those of their diff IDs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from dataclasses import dataclass
from mmap import mmap
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

_CHUNK_BYTES = 1 << 25
"""As few as memory allows, of all threads together: between two of them one waits for the interpreter, and what reads
waits for that."""
_MAX_THREADS = 4


class Hashing:
    """Chunks that pass through, and what they hash to."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._state = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._state.update(chunk)
            yield chunk

    def drain(self) -> None:
        """Hashes what nobody asked for: the padding after the last member."""
        for _ in self:
            pass

    @property
    def diff_id(self) -> str:
        """`sha256:…` of what has passed."""
        return f"sha256:{self._state.hexdigest()}"


@dataclass(frozen=True, slots=True)
class _Claim:
    """A region of an open file, whose descriptor is the claim's own, and what it is said to hash to."""

    number: int
    descriptor: int
    start: int
    size: int
    diff_id: str
    told: str


class Verifier:
    """Hashes plain layers beside whoever reads them: that takes longer than reading does, and all of a core.

    Several layers at once where there are cores: without instructions for SHA-256 one does some 350 MB a second, a
    quarter of what it does with them.

    What was read is not to be told, kept or written before this context has ended: then every layer was what it
    claimed to be. Raises MalformedImage there for the first that was not.
    """

    def __init__(self) -> None:
        self._claims: SimpleQueue[_Claim | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._most = min(os.cpu_count() or 1, _MAX_THREADS)
        self._count = 0
        self._stopped = False
        self._failures: dict[int, MalformedImage] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stopped = True
        for _ in self._threads:
            self._claims.put(None)
        for thread in self._threads:
            thread.join()
        if error is None and self._failures:
            raise self._failures[min(self._failures)]

    def expect(self, descriptor: int, start: int, size: int, diff_id: str, *, name: str, archive: str) -> None:
        """That a region of an open file hashes to a diff ID. The file may be closed when this returns."""
        told = f"{archive}: the layer {name[:200]!r}"
        self._count += 1
        self._claims.put(_Claim(self._count, os.dup(descriptor), start, size, diff_id, told))
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._run, name="weighbridge-verifier")
            self._threads.append(thread)
            thread.start()

    def _run(self) -> None:
        # At a page's start, which a bytearray never is: several processors take seven times as long to copy pages to 16
        # bytes behind one.
        buffer = mmap(-1, _CHUNK_BYTES // self._most)
        while (claim := self._claims.get()) is not None:
            try:
                self._verify(claim, buffer)
            except MalformedImage as error:
                self._failures[claim.number] = error
            except OSError as error:
                self._failures[claim.number] = MalformedImage(f"{claim.told} cannot be read: {error.strerror}")
            finally:
                with contextlib.suppress(OSError):
                    os.close(claim.descriptor)

    def _is_wanted(self, claim: _Claim) -> bool:
        """Whether it can still be the first that lies."""
        return not self._stopped and all(claim.number < number for number in tuple(self._failures))

    def _verify(self, claim: _Claim, buffer: mmap) -> None:
        state = hashlib.sha256()
        position, end = claim.start, claim.start + claim.size
        whole = memoryview(buffer)
        while position < end and self._is_wanted(claim):
            # Both let go of the interpreter: all of this runs beside what looks at the bytes.
            count = os.preadv(claim.descriptor, [whole[: end - position]], position)
            if count == 0:
                break
            state.update(whole[:count])
            position += count
        if self._is_wanted(claim):
            _check(f"sha256:{state.hexdigest()}", claim.diff_id, claim.told)


def check(found: str, diff_id: str, name: str) -> None:
    """Raises MalformedImage where a layer hashes to something else than its diff ID."""
    _check(found, diff_id, f"the layer {name[:200]!r}")


def _check(found: str, diff_id: str, told: str) -> None:
    if found != diff_id:
        raise MalformedImage(f"{told} is not the {diff_id[:80]} that it claims to be: truncated, damaged or forged")
