"""Forms of pages: small, and only from our own pages (against cross-site request forgery)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers

from weighbridge.service.auth.sealing import same
from weighbridge.service.problems import Problem

if TYPE_CHECKING:
    from starlette.types import Message, Receive

LIMIT = 1 << 16
FIELD, HEADER = "csrf", "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SECONDS = 20


async def checked(headers: Headers, receive: Receive, csrf: str) -> Receive:
    """What the application receives from, once a request that changes something was proven to be meant.

    Raises Problem: 403 where it was not, 413, 408 and 415 for bodies that no form of ours has.
    """
    _refuse_other_sites(headers)
    given = headers.get(HEADER)
    if given is not None:
        _refuse_unless_same(given, csrf)
        return receive
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Problem(403, f"send the header {HEADER} with what the account page says, or a token instead of a cookie")
    body = await _body(receive)
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=100)
    except ValueError:
        raise Problem(400, "the form makes no sense") from None
    _refuse_unless_same(fields.get(FIELD, [""])[0], csrf)
    return _again(body, receive)


def _refuse_other_sites(headers: Headers) -> None:
    """Browsers tell which page a request is from."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise Problem(403, "this may only be sent from the service's own pages")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        raise Problem(403, "this may only be sent from the service's own pages")


def _refuse_unless_same(given: str, csrf: str) -> None:
    if not same(given, csrf):
        raise Problem(403, "the form is of another session, or old: load the page again")


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if len(body) > LIMIT:
                    raise Problem(413, f"a form may have {LIMIT} bytes")
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise Problem(408, f"the form took longer than {_SECONDS} s") from None


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body once more, then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
