"""The reporting service on a socket, and ways in which it fails."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn

from weighbridge.service import schema, tokens
from weighbridge.service.app import create
from weighbridge.service.configuration import configured
from weighbridge.service.running import assembled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from weighbridge.service.running import Service


@dataclass
class Failing:
    """An application in front of another: the first requests get what `faults` say, a status and headers each.

    `after` lets the application do its work first, so that only its answer is lost. `seen` are the requests' methods
    and paths, `headers` those of the last one.
    """

    app: ASGIApp
    faults: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    after: bool = False
    seen: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.seen.append(f"{scope['method']} {scope['path']}")
        self.headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        if not self.faults:
            await self.app(scope, receive, send)
            return
        status, headers = self.faults.pop(0)
        if self.after:
            await self.app(scope, receive, _nowhere)
        told = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": json.dumps({"detail": "by a test"}).encode()})


async def _nowhere(_message: object) -> None:
    """Drops an answer."""


@contextlib.contextmanager
def listening_app(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """The URL of an application on a port of this machine, a free one if none is given."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True)
class Running:
    """A service that answers at `url`; `token` may send reports of octocat's repositories."""

    url: str
    token: str
    service: Service
    front: Failing


@contextlib.contextmanager
def running_service(folder: Path, **given: object) -> Iterator[Running]:
    """A service with a database of its own, on a socket, configured as it is `given`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    service = assembled(configured(data=folder, public_url=f"http://127.0.0.1:{port}", **given))
    schema.upgrade(service.database)
    with service.database.writing() as session:
        token = tokens.issue(session, "tests", "octocat/*", service.now())
    front = Failing(create(service))
    with listening_app(front, port) as url:
        yield Running(url=url, token=token, service=service, front=front)
