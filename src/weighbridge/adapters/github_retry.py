"""When a request to GitHub is tried again, and for how long."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Self

from github import GithubRetry
from urllib3.exceptions import InvalidHeader

from weighbridge.errors import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3.response import BaseHTTPResponse

_SECONDARY_LIMIT_WAIT = 60.0
"""Seconds that GitHub asks for after a secondary rate limit that names no time."""
_REFUSED_UNDONE = (403, 429)


class Patience:
    """The time that one operation may take with all its retries and waits, and the waiting itself."""

    def __init__(self, seconds: float, say: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._say = say
        self._end = time.monotonic() + seconds

    def start(self) -> None:
        """Begins an operation."""
        self._end = time.monotonic() + self._seconds

    def sleep(self, seconds: float, why: str) -> None:
        """Waits, with some jitter. Raises GitHubError instead, where that would take longer than there is."""
        seconds += random.uniform(0, min(1.0, 0.25 * seconds + 0.05))  # noqa: S311 - spreads clients, keeps no secret
        left = self._end - time.monotonic()
        if seconds > left:
            raise GitHubError(
                f"GitHub stayed away: {why}, and waiting {seconds:.0f} s more would exceed the "
                f"{self._seconds:.0f} s that it may take; run the job again later"
            )
        if seconds >= 1:
            self._say(f"GitHub: {why}; trying again in {seconds:.0f} s")
        time.sleep(seconds)


class PatientRetry(GithubRetry):
    """PyGithub's retries of 5xx, resets and rate limits, within a Patience.

    A POST is only sent again where GitHub refused it before it did anything: after a reset or a 5xx nobody knows
    whether the comment was made, and the caller looks first.
    """

    def __init__(self, *, patience: Patience, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._patience = patience

    def new(self, **kw: Any) -> Self:
        """A copy with other counts."""
        return super().new(patience=self._patience, **kw)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Whether an answer is worth another try."""
        if method == "POST":
            return status_code in _REFUSED_UNDONE
        return super().is_retry(method, status_code, has_retry_after)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Waits as long as GitHub asks for, or backs off. Raises GitHubError where that is too long."""
        if response is None:
            self._patience.sleep(self.get_backoff_time(), "it does not answer")
        else:
            wait = max(self.get_backoff_time(), self._asked_for(response))
            limited = response.status in _REFUSED_UNDONE
            self._patience.sleep(wait, f"{'rate limit' if limited else 'it fails'} ({response.status})")

    def _asked_for(self, response: BaseHTTPResponse) -> float:
        try:
            asked = self.get_retry_after(response)
        except InvalidHeader:
            asked = None
        if asked is not None:
            return asked
        if response.status != 429:
            return 0.0
        reset = response.headers.get("X-RateLimit-Reset", "")
        if response.headers.get("X-RateLimit-Remaining") == "0" and reset.isascii() and reset.isdigit():
            # A second more, because the reset may come at its end.
            return max(0.0, int(reset[:12]) + 1 - time.time())
        return _SECONDARY_LIMIT_WAIT


def patient_retry(patience: Patience, *, retries: int, backoff: float) -> PatientRetry:
    """`retries` tries after the first; waits grow from `backoff` seconds and double."""
    return PatientRetry(
        patience=patience,
        total=retries,
        backoff_factor=backoff,
        backoff_max=30,
        secondary_rate_wait=_SECONDARY_LIMIT_WAIT,
        status_forcelist=[429, *range(500, 600)],
        allowed_methods=frozenset({"GET", "HEAD", "PATCH", "DELETE"}),
        # The last answer says more than that there were too many.
        raise_on_status=False,
    )
