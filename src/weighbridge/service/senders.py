"""Who sends: from the `Authorization` header to a Sender."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from weighbridge.service import running, tokens
from weighbridge.service.auth.workflow_tokens import WorkflowTokens, refused
from weighbridge.service.problems import Problem
from weighbridge.service.sender import Sender

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="weighbridge"'}


def bearer(request: Request) -> str | None:
    """The token of a request, None where it has none."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" and credentials.strip() else None


async def _sender(request: Request) -> Sender:
    credentials = bearer(request)
    if credentials is None:
        raise Problem(401, "send a token: Authorization: Bearer …", _CHALLENGE)
    return await run_in_threadpool(_found, running.of(request), request.app.state.workflow_tokens, credentials)


def _found(service: running.Service, workflow_tokens: WorkflowTokens, credentials: str) -> Sender:
    if credentials.count(".") == 2:
        return workflow_tokens.sender(credentials)
    now = service.now()
    with service.database.reading() as session:
        sender = tokens.sender_of(session, credentials, now)
        is_due = sender is not None and tokens.is_use_unknown(session, credentials, now)
    if sender is None:
        raise refused("the token is unknown, was revoked, or has expired")
    if is_due:
        with service.database.writing() as session:
            tokens.note_use(session, credentials, now)
    return sender


Sending = Annotated[Sender, Depends(_sender)]
