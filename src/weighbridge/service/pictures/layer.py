"""Answers badges and charts before anything else of the application is asked: most of them out of memory.

What is kept is let go of when a report about one of its images came in, which is looked for once in a second, and after
a minute in any case, for what was changed otherwise.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from weighbridge.errors import WeighbridgeError
from weighbridge.service.pictures.addresses import BADGES, CHARTS
from weighbridge.service.pictures.asked import asked
from weighbridge.service.pictures.drawing import drawn
from weighbridge.service.problems import MEDIA_TYPE, problem
from weighbridge.service.security.headers import PICTURE, always
from weighbridge.service.tables import Record, Report

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from weighbridge.service.running import Service

SECONDS = 60
_LOOK_SECONDS = 1.0
_MISSING_SECONDS = 5
_MOST = 20_000
_AGAIN = 200
"""Reports before the last one that are looked at again: of two at once the later may be there first."""
_AT_ONCE = 5_000
_PREFIXES = (BADGES, CHARTS)
_log = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: Headers
    body: bytes
    etag: bytes
    until: float
    images: tuple[int, ...]


class Pictures:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        # The same for pictures and refusals: a 304 tells nothing else of what it is.
        self._always = {**always(service.configuration), "content-security-policy": PICTURE}
        self._answers: OrderedDict[bytes, _Answer] = OrderedDict()
        self._by_image: dict[int, set[bytes]] = {}
        self._making: dict[bytes, asyncio.Task[_Answer]] = {}
        self._looked = 0.0
        self._look: asyncio.Task[None] | None = None
        self._last: int | None = None
        self._known: set[tuple[int, int]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3.0, "Connection Scope"."""
        if scope["type"] == "lifespan":
            await self._app(scope, self._settling(receive), send)
            return
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIXES):
            await self._app(scope, receive, send)
            return
        if scope["method"] != "GET":
            await problem(405, "pictures can only be read", {**self._always, "Allow": "GET, HEAD"})(
                scope, receive, send
            )
            return
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS and self._look is None:
            self._look = asyncio.create_task(self._let_go())
        key = scope["path"].encode("utf-8", "surrogateescape") + b"?" + scope["query_string"]
        answer = self._answers.get(key)
        if answer is None or answer.until < now:
            answer = await self._made(key, scope["path"], scope["query_string"])
        else:
            self._answers.move_to_end(key)
        await _send(answer, scope, send)

    def _settling(self, receive: Receive) -> Receive:
        """Nothing is asked of the database any more when the application is told to end."""

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                waiting = [*self._making.values(), *([self._look] if self._look else [])]
                await asyncio.gather(*waiting, return_exceptions=True)
            return message

        return received

    async def _made(self, key: bytes, path: str, query: bytes) -> _Answer:
        """One drawing, however many ask for it at once."""
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._draw(key, path, query))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)

    async def _draw(self, key: bytes, path: str, query: bytes) -> _Answer:
        made = await run_in_threadpool(_drawn, self._service, path, query)
        more = [(name.encode(), value.encode()) for name, value in self._always.items()]
        answer = replace(made, headers=[*made.headers, *more])
        if answer.status < 500:
            self._forget(key)
            self._answers[key] = answer
            for image in answer.images:
                self._by_image.setdefault(image, set()).add(key)
            while len(self._answers) > _MOST:
                self._forget(next(iter(self._answers)))
        return answer

    def _forget(self, key: bytes) -> None:
        answer = self._answers.pop(key, None)
        for image in answer.images if answer else ():
            keys = self._by_image.get(image, set())
            keys.discard(key)
            if not keys:
                self._by_image.pop(image, None)

    async def _let_go(self) -> None:
        """Of what reports came in about."""
        try:
            changed = await run_in_threadpool(self._changed)
            if changed is None:
                self._answers.clear()
                self._by_image.clear()
            for image in changed or ():
                for key in list(self._by_image.get(image, ())):
                    self._forget(key)
        except SQLAlchemyError as error:
            _log.warning("cannot look for new reports: %s", type(error).__name__)
        finally:
            self._looked = time.monotonic()
            self._look = None

    def _changed(self) -> set[int] | None:
        """Rows of images about which there is something new; None where that is too much to tell."""
        with self._service.database.reading() as session:
            newest = session.scalar(select(func.max(Report.id))) or 0
            if self._last is None:
                self._last = newest
            since = self._last - _AGAIN
            statement = select(Record.report_id, Record.image_id).where(Record.report_id > since).limit(_AT_ONCE)
            found = {(report, image) for report, image in session.execute(statement) if report is not None}
        fresh = found - self._known
        self._last, self._known = newest, found
        return None if len(found) >= _AT_ONCE else {image for _, image in fresh}


def _drawn(service: Service, path: str, query: bytes) -> _Answer:
    now = time.monotonic()
    try:
        made = drawn(service, asked(path, query))
    except WeighbridgeError as error:
        return _refusal(422, str(error), now)
    except SQLAlchemyError as error:
        _log.warning("cannot draw: %s", type(error).__name__)
        return _refusal(503, "the service cannot reach its storage now; try again", now)
    etag = b'"' + hashlib.sha256(made.body).hexdigest()[:32].encode() + b'"'
    seconds = SECONDS if made.found else _MISSING_SECONDS
    headers = [
        (b"content-type", made.media_type.encode()),
        (b"content-length", str(len(made.body)).encode()),
        (b"cache-control", f"{'public' if made.public else 'private'}, max-age={seconds}".encode()),
        (b"etag", etag),
        (b"access-control-allow-origin", b"*"),
        (b"cross-origin-resource-policy", b"cross-origin"),
    ]
    return _Answer(
        status=200 if made.found else 404,
        headers=headers,
        body=made.body,
        etag=etag,
        until=now + seconds,
        images=made.images,
    )


def _refusal(status: int, detail: str, now: float) -> _Answer:
    body = bytes(problem(status, detail).body)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    return _Answer(status=status, headers=headers, body=body, etag=b"", until=now + _MISSING_SECONDS, images=())


async def _send(answer: _Answer, scope: Scope, send: Send) -> None:
    if answer.etag and answer.status == 200 and _has(scope, answer.etag):
        kept = [header for header in answer.headers if header[0] not in (b"content-length", b"content-type")]
        await send({"type": "http.response.start", "status": 304, "headers": kept})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


def _has(scope: Any, etag: bytes) -> bool:
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            known = [each.strip().removeprefix(b"W/") for each in value.split(b",")]
            return etag in known or known == [b"*"]
    return False
