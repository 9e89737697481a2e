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
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credentials.strip():
        raise Problem(401, "send a token: Authorization: Bearer …", _CHALLENGE)
    access = cast(Access, request.app.state.access)
    token = credentials.strip()
    return access.sender_lately(token) or await run_in_threadpool(access.sender, token)


Sending = Annotated[Sender, Depends(_sender)]
