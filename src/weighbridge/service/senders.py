"""Who sends: from the `Authorization` header to a Sender."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from weighbridge.service.auth.access import Access
from weighbridge.service.problems import Problem
from weighbridge.service.sender import Sender

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="weighbridge"'}


async def sender(request: Request) -> Sender:
    """Whose the token is that a request brings. Raises Problem."""
    return await run_in_threadpool(_access(request).sender, _token(request))


async def sender_lately(request: Request) -> Sender:
    """The same, but one who was looked up a moment ago is not looked up again: for what makes sure, where it writes,
    that the token still holds."""
    access, token = _access(request), _token(request)
    known = access.sender_lately(token)
    return known if known is not None else await run_in_threadpool(access.sender, token)


def _token(request: Request) -> str:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credentials.strip():
        raise Problem(401, "send a token: Authorization: Bearer …", _CHALLENGE)
    return credentials.strip()


def _access(request: Request) -> Access:
    return cast(Access, request.app.state.access)


Sending = Annotated[Sender, Depends(sender)]
