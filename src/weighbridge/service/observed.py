"""Around every request: counted, timed, and told in one line of JSON that holds no secret."""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from weighbridge.service import metrics
from weighbridge.service.pictures.addresses import BADGES, CHARTS

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOWHERE = "(none)"
"""The route of requests that no route takes, so that strangers do not make up labels."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECRET = re.compile(r"token|secret|key|code|state", re.IGNORECASE)
_LONGEST_PATH = 500

log = logging.getLogger("weighbridge.access")


class Observed:
    """Middleware, the outermost one. The path is told without its query, and without what its route calls a token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = {"status": 500, "bytes": 0}

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
            elif message["type"] == "http.response.body":
                told["bytes"] += len(message.get("body", b""))
            await send(message)

        began = time.perf_counter()
        metrics.UNDER_WAY.inc()
        try:
            await self._app(scope, receive, watching)
        finally:
            metrics.UNDER_WAY.dec()
            _tell(scope, told["status"], told["bytes"], time.perf_counter() - began)


def _tell(scope: Scope, status: int, size: int, took: float) -> None:
    route = route_of(scope)
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    _counter(method, route, status).inc()
    _histogram(route).observe(took)
    if log.isEnabledFor(logging.INFO):
        client = scope.get("client")
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "route": route,
            "path": shown_path(scope["path"], scope.get("path_params", {})),
            "status": status,
            "bytes": size,
            "seconds": round(took, 4),
            "client": client[0] if client else None,
        }
        log.info(json.dumps(line))


# Looking a label's child up takes longer than counting: it is looked up once. There are few routes.
@functools.lru_cache(maxsize=2_000)
def _counter(method: str, route: str, status: int) -> Counter:
    return metrics.REQUESTS.labels(method, route, str(status))


@functools.lru_cache(maxsize=500)
def _histogram(route: str) -> Histogram:
    return metrics.SECONDS.labels(route)


def route_of(scope: Scope) -> str:
    """The template of the path that was taken, of routers inside of routers too."""
    whole = scope.get("fastapi", {}).get("effective_route_context")
    found = getattr(whole or scope.get("route"), "path", None)
    # What is answered out of memory comes to no route.
    return (
        str(found)
        if found
        else next((f"{start}…" for start in (BADGES, CHARTS) if scope["path"].startswith(start)), NOWHERE)
    )


def shown_path(path: str, parameters: dict[str, object]) -> str:
    """A path without what is secret in it, bounded."""
    for name, value in parameters.items():
        if _SECRET.search(name) and str(value):
            path = path.replace(str(value), "***")
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"


def to_standard_output() -> None:
    """Writes the lines where a container's log is read from."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.INFO)
