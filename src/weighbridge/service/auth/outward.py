"""Asking GitHub: one request, bounded in time and size, that follows no redirect."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import requests
from requests.auth import AuthBase

from weighbridge.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 10
"""For the whole of a request; half of it to connect and for each piece that is read."""
_PIECE = 1 << 16


class Unreachable(MeasurementError):
    """No answer, or none that makes sense: the same may succeed later."""


class Declined(MeasurementError):
    """An answer that says no; `status` is HTTP's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered {status}")
        self.status = status


class _Bearer(AuthBase):
    """Also where there is no token: else `requests` would look for one in a file of the user's."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def ask(url: str, *, limit: int = 1 << 20, token: str | None = None, form: Mapping[str, str] | None = None) -> object:
    """The JSON at an address; with `form`, what is answered to a POST of it.

    At most `limit` bytes. Raises Unreachable, and Declined where the status is 4xx.
    """
    end = time.monotonic() + _SECONDS
    headers = {"Accept": "application/json", "User-Agent": "weighbridge"}
    try:
        with requests.request(
            "GET" if form is None else "POST",
            url,
            data=form,
            headers=headers,
            auth=_Bearer(token),
            timeout=_SECONDS / 2,
            allow_redirects=False,
            stream=True,
        ) as response:
            if 400 <= response.status_code < 500 and response.status_code not in (408, 429):
                raise Declined(response.status_code)
            if response.status_code != 200:
                raise Unreachable(f"answered {response.status_code}")
            return json.loads(_body(response, limit, end))
    except (requests.RequestException, OSError, ValueError, RecursionError) as error:
        raise Unreachable(type(error).__name__) from None


def _body(response: requests.Response, limit: int, end: float) -> bytes:
    body = bytearray()
    while piece := response.raw.read1(_PIECE, decode_content=True):
        body += piece
        if len(body) > limit:
            raise Unreachable(f"answered more than {limit} bytes")
        if time.monotonic() > end:
            raise Unreachable(f"took longer than {_SECONDS} s")
    return bytes(body)
