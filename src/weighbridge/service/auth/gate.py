"""The gate that every request goes through: who asks, whether they may, and what they then find.

Nothing else in the service decides about reading. A route that is not named here is closed to those who may not read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi.responses import RedirectResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from weighbridge.service import readable
from weighbridge.service.auth import cookies, forms
from weighbridge.service.auth.reader import STRANGER, reading
from weighbridge.service.auth.settings import Reading
from weighbridge.service.problems import Problem, of_database, problem
from weighbridge.service.sender import is_sending

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from weighbridge.service.auth.access import Access
    from weighbridge.service.auth.reader import Reader
    from weighbridge.service.running import Service

OPEN = ("/healthz", "/readyz", "/metrics", "/static/", "/login", "/api/v1/openapi.json", "/api/v1/github/events")
"""Open to all; what they tell is nobody's."""
BY_ADDRESS = ("/badges", "/charts")
"""Open to all, who find what is public only; of the rest, the route itself judges what is in the address."""
OWN_TOKEN = ("/metrics",)
"""What a token there means is the route's own business."""
KEEPING = ("/admin", "/api/v1/admin", "/jobs", "/api/v1/jobs")
"""For admins only."""
OWN = ("/account",)
"""For who is signed in with a browser."""
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="weighbridge"'}


class Gate:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, service: Service, access: Access) -> None:
        self._app = app
        self._settings = service.configuration
        self._readers = access.readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            reader = await self._reader(scope, headers)
            refusal = self._refusal(scope, headers, reader)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
            if reader.session is not None and scope["method"] not in forms.SAFE:
                receive = await forms.checked(headers, receive, reader.csrf)
        except Problem as error:
            answer = problem(error.status_code, str(error.detail), dict(error.headers or {}))
            await answer(scope, receive, send)
            return
        except (DBAPIError, PoolTimeout) as error:
            await of_database(error)(scope, receive, send)
            return
        scope["reader"] = reader
        token = reading.set(reader)
        try:
            with readable.only(reader.readable):
                await self._app(scope, receive, send)
        finally:
            reading.reset(token)

    async def _reader(self, scope: Scope, headers: Headers) -> Reader:
        address = (scope.get("client") or ("", 0))[0]
        if is_sending(scope["method"], scope["path"]):
            # The route judges who sends, and what that one may write.
            return replace(STRANGER, readable=None, address=address)
        if _is_below(scope["path"], OWN_TOKEN):
            return self._readers.stranger(address)
        kind, _, token = headers.get("authorization", "").partition(" ")
        if token:
            if kind.lower() != "bearer":
                raise Problem(401, "send a token: Authorization: Bearer …", _CHALLENGE)
            return await run_in_threadpool(self._readers.of_token, token.strip(), address)
        cookie = cookies.value(headers.get("cookie", ""), self._settings, cookies.SESSION)
        if cookie is None:
            return self._readers.stranger(address)
        found = await run_in_threadpool(self._readers.of_cookie, cookie, address)
        return found or self._readers.stranger(address)

    def _refusal(self, scope: Scope, headers: Headers, reader: Reader) -> Response | None:
        path = scope["path"]
        if _is_below(path, KEEPING):
            if reader.is_admin:
                return None
            if reader.is_known:
                return problem(403, "only admins may do this")
        elif _is_below(path, OWN):
            if reader.session is not None:
                return None
        elif reader.is_known or self._settings.reading is Reading.PUBLIC or self._is_open(scope):
            return None
        if path.startswith("/api/") or scope["method"] != "GET" or "text/html" not in headers.get("accept", ""):
            return problem(401, "sign in, or send a token that reads: Authorization: Bearer …", _CHALLENGE)
        query = scope["query_string"].decode("latin-1")
        return RedirectResponse(f"/login?next={quote(path + ('?' + query if query else ''))}", status_code=303)

    def _is_open(self, scope: Scope) -> bool:
        path = scope["path"]
        if is_sending(scope["method"], path):
            return True
        return _is_below(path, OPEN) or _is_below(path, BY_ADDRESS)


def _is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a path is one of these, or below one. `/admin` is not `/administrators`."""
    return any(
        path == prefix or path.startswith(prefix if prefix.endswith("/") else prefix + "/") for prefix in prefixes
    )
