"""Who sends: from the `Authorization` header to a Sender."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from weighbridge.service import running, tokens
from weighbridge.service.problems import Problem
from weighbridge.service.sender import Sender

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="weighbridge"'}


async def _sender(request: Request) -> Sender:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credentials:
        raise Problem(401, "send a token: Authorization: Bearer …", _CHALLENGE)
    found = await run_in_threadpool(_found, running.of(request), credentials.strip())
    if found is None:
        raise Problem(401, "the token is unknown, was revoked, or has expired", _CHALLENGE)
    return found


def _found(service: running.Service, credentials: str) -> Sender | None:
    with service.database.reading() as session:
        return tokens.sender_of(session, credentials)


Sending = Annotated[Sender, Depends(_sender)]
