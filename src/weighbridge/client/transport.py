"""Requests that are tried again while a server is away, within a bounded time, and never follow a redirect."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import Retry
from urllib3.exceptions import HTTPError, InvalidHeader

from weighbridge import __version__
from weighbridge.errors import ServiceRefused, ServiceUnavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3.response import BaseHTTPResponse

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer that are read at most."""
_PIECE = 64 * 1024
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 60.0
_LONGEST_WAIT = 30.0


def silent(_: str) -> None:
    """Says nothing."""


class Deadline:
    """The time that one call may take with all its retries and waits, in seconds."""

    def __init__(self, seconds: float, say: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._say = say
        self._end = time.monotonic() + seconds

    def start(self) -> None:
        """Begins a call."""
        self._end = time.monotonic() + self._seconds

    def sleep(self, seconds: float, why: str) -> None:
        """Waits, with some jitter. Raises ServiceUnavailable instead where that would take longer than there is."""
        seconds += random.uniform(0, min(1.0, 0.25 * seconds + 0.05))  # noqa: S311 - spreads clients, keeps no secret
        if seconds > self._end - time.monotonic():
            raise ServiceUnavailable(f"{why}, and trying again would exceed the {self._seconds:.0f} s that it may take")
        if seconds >= 1:
            self._say(f"{why}; trying again in {seconds:.0f} s")
        time.sleep(seconds)


class DeadlineRetry(Retry):
    """urllib3's retries of 5xx, 429 and lost connections, for every method: what is sent here may be sent twice."""

    def __init__(self, *, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._deadline = deadline

    def new(self, **kw: Any) -> Self:
        """A copy with other counts."""
        return super().new(deadline=self._deadline, **kw)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Waits as long as the server asks for, or backs off. Raises ServiceUnavailable where that is too long."""
        if response is None:
            self._deadline.sleep(self.get_backoff_time(), "it does not answer")
            return
        try:
            asked = self.get_retry_after(response) or 0.0
        except InvalidHeader:
            asked = 0.0
        self._deadline.sleep(max(self.get_backoff_time(), asked), f"it answers {response.status}")


class Bearer(AuthBase):
    """`Authorization: Bearer …`, whatever a .netrc says."""

    def __init__(self, token: str) -> None:
        """Raises UsageError for what can't stand in a header."""
        if not token.strip() or not token.isascii() or not token.strip().isprintable():
            raise UsageError("no usable token: it must be one line of printable ASCII")
        self._token = token.strip()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """One server's HTTP, without a word of any secret in errors. One call at a time."""

    def __init__(self, url: str, *, retries: int, deadline: float, backoff: float, say: Callable[[str], None]) -> None:
        """Asks nothing yet. Raises UsageError for what is no http or https address."""
        self.url, self.host = checked(url)
        self._deadline = Deadline(deadline, lambda text: say(f"{self.host}: {text}"))
        retry = DeadlineRetry(
            deadline=self._deadline,
            total=retries,
            redirect=False,
            backoff_factor=backoff,
            backoff_max=_LONGEST_WAIT,
            status_forcelist=[429, *range(500, 600)],
            allowed_methods=None,
            # The last answer says more than that there were too many.
            raise_on_status=False,
        )
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"weighbridge/{__version__}"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def ask(
        self,
        method: str,
        path: str,
        *,
        auth: AuthBase | None = None,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of a good answer. Raises ServiceRefused, ServiceUnavailable; each is one line."""
        self._deadline.start()
        try:
            with self._session.request(
                method,
                self.url + path,
                params=dict(query or {}),
                data=body,
                headers=dict(headers or {}),
                auth=auth or _no_auth,
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer:
                text = _bounded(answer)
        except ServiceUnavailable as error:
            raise ServiceUnavailable(f"{self.host} stayed away: {error}") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise ServiceUnavailable(f"{self.host} could not be asked: {_reason(error)}") from None
        if answer.ok and answer.status_code < 300:
            return text
        raise self._fault(answer, text)

    def _fault(self, answer: requests.Response, text: bytes) -> ServiceRefused | ServiceUnavailable:
        said = _line(_detail(answer, text))
        told = f"{self.host} answered {answer.status_code}{f', {said}' if said else ''}"
        if answer.status_code >= 500 or answer.status_code == 429:
            return ServiceUnavailable(f"{told}, also after retries")
        if 300 <= answer.status_code < 400:
            told += ": it moved, or asks browsers to sign in; give the address of the service itself"
        return ServiceRefused(told, status=answer.status_code)

    def close(self) -> None:
        """Ends its connections."""
        self._session.close()


def checked(url: str) -> tuple[str, str]:
    """An address without a slash at its end, and its host. Raises UsageError for what is none."""
    try:
        parts = urlsplit(url.strip())
        usable = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and not (parts.query or parts.fragment)
            and url.strip().isascii()
            and url.strip().isprintable()
        )
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("the service's address must be an http or https URL, such as https://weighbridge.example")
    return url.strip().rstrip("/"), parts.netloc


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves a request as it is, which also keeps what a .netrc says out of it."""
    return request


def _bounded(answer: requests.Response) -> bytes:
    text = bytearray()
    for piece in answer.iter_content(_PIECE):
        text += piece
        if len(text) > MAX_ANSWER:
            raise ServiceUnavailable(f"its answer is larger than {MAX_ANSWER:,} bytes")
    return bytes(text)


def _detail(answer: requests.Response, text: bytes) -> str:
    """What a problem document (RFC 9457) says."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return ""
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    detail = value.get("detail") if isinstance(value, dict) else None
    return detail if isinstance(detail, str) else ""


def _reason(error: Exception) -> str:
    """The cause at the bottom, without addresses that the library repeats at length."""
    text = str(error)
    for word, said in (
        ("Name or service not known", "no such host"),
        ("Temporary failure in name resolution", "its name could not be resolved"),
        ("Connection refused", "connection refused"),
        ("timed out", "timed out"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted"),
        ("Connection reset", "connection reset"),
    ):
        if word in text:
            return said
    return type(error).__name__


def _line(text: str) -> str:
    """One bounded line of what came from outside."""
    line = "".join(character if character.isprintable() else "�" for character in " ".join(text.split()))
    return line if len(line) <= 200 else f"{line[:199]}…"
