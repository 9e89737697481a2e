"""Errors as pages for those who look at pages; who asks otherwise gets what `problems` says."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from weighbridge.service import addresses
from weighbridge.service.pages.rendering import render

_Handler = Callable[[Request, Any], Response | Awaitable[Response]]


def dress(app: FastAPI) -> None:
    """Makes pages of the errors that the application's handlers tell of."""
    for key, handler in list(app.exception_handlers.items()):
        app.exception_handlers[key] = _dressed(handler)


def _dressed(handler: _Handler) -> _Handler:
    async def handle(request: Request, error: Any) -> Response:
        made = handler(request, error)
        answer = await made if inspect.isawaitable(made) else made
        assert isinstance(answer, Response)  # noqa: S101 - it was awaited
        return _page(answer) if _is_looked_at(request) else answer

    return handle


def _is_looked_at(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        (f"{addresses.API}/", "/badges/", "/charts/", "/static/")
    )


def _page(answer: Response) -> Response:
    try:
        told = json.loads(bytes(answer.body))
    except ValueError:
        return answer
    if not isinstance(told, dict) or "detail" not in told:
        return answer
    page = render("error.html.j2", status=answer.status_code, told=told)
    kept = {"retry-after", "www-authenticate", "location"}
    page.headers.update({name: value for name, value in answer.headers.items() if name in kept})
    return page
