"""How large a body may be, and how long it may take, for all that do not read it by themselves (see `bodies.py`)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from weighbridge.service.problems import Problem, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIMIT = 1 << 20
SECONDS = 30
LARGE = (("POST", "/api/v1/reports"), ("PUT", "/api/v1/layers/"), ("POST", "/api/v1/github/events"))
"""They read their bodies by themselves, piece by piece."""


class Sizes:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or _reads_by_itself(scope):
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and (len(announced) > 15 or int(announced) > LIMIT):
            await problem(413, f"a body may have {LIMIT:,} bytes")(scope, receive, send)
            return
        await self._app(scope, _Bounded(receive), send)


def _reads_by_itself(scope: Scope) -> bool:
    return any(scope["method"] == method and scope["path"].startswith(path) for method, path in LARGE)


class _Bounded:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        self._end = asyncio.get_running_loop().time() + SECONDS
        self._more = True

    async def __call__(self) -> Message:
        if not self._more:
            # What comes now is that the client leaves, whenever that is.
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, f"the body took longer than {SECONDS} s") from None
        self._size += len(message.get("body", b""))
        if self._size > LIMIT:
            raise Problem(413, f"a body may have {LIMIT:,} bytes")
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message
