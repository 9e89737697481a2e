"""Who sends: from the `Authorization` header to a Sender."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from weighbridge.service.auth.access import Access
from weighbridge.service.problems import Problem
from weighbridge.service.sender import Sender

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="weighbridge"'}


async def _sender(request: Request) -> Sender:
    return await run_in_threadpool(_access(request).sender, _token(request))


async def _sender_lately(request: Request) -> Sender:
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


Sending = Annotated[Sender, Depends(_sender)]
SendingLately = Annotated[Sender, Depends(_sender_lately)]
"""One who was looked up a moment ago is not looked up again: for what makes sure that the token still holds."""
