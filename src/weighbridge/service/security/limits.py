"""How often somebody may ask. Counted in each process by itself: with N processes N times as much goes through."""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from weighbridge.service.problems import problem
from weighbridge.service.sender import is_sending

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from weighbridge.service.configuration import Configuration

FREE = ("/healthz", "/readyz", "/metrics", "/static/", "/badges/", "/charts/")
"""Cheap, and asked for by few machines in the name of many: GitHub fetches all pictures of its pages itself."""
_REFUSED = frozenset({401, 403})
_BURST = 0.25
"""The part of a minute's requests that may come at once."""
_MOST = 20_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class Rate:
    """So many a minute for each key. It remembers the keys that asked last."""

    def __init__(self, a_minute: int, clock: Callable[[], float]) -> None:
        self._a_second = a_minute / 60
        self._room = max(1.0, a_minute * _BURST)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until one more is allowed; 0 where it is now."""
        if not self._a_second:
            return 0.0
        return max(0.0, (1.0 - self._bucket(key).tokens) / self._a_second)

    def take(self, key: str) -> None:
        """Counts one."""
        if self._a_second:
            bucket = self._bucket(key)
            bucket.tokens = max(0.0, bucket.tokens - 1.0)

    def _bucket(self, key: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(self._room, now))
        self._buckets.move_to_end(key)
        bucket.tokens = min(self._room, bucket.tokens + (now - bucket.filled) * self._a_second)
        bucket.filled = now
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return bucket


class Limits:
    """ASGI middleware. Who connects from this machine is not counted: name a proxy that does in `trusted_proxies`."""

    def __init__(self, app: ASGIApp, configuration: Configuration, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._reading = Rate(configuration.read_rate, clock)
        self._sending = Rate(configuration.send_rate, clock)
        self._failing = Rate(configuration.failure_rate, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        address = (scope.get("client") or ("", 0))[0]
        if scope["type"] != "http" or scope["path"].startswith(FREE) or _is_own(address):
            await self._app(scope, receive, send)
            return
        rate = self._sending if is_sending(scope["method"], scope["path"]) else self._reading
        key = _key(scope, address)
        wait = max(rate.wait(key), self._failing.wait(address))
        if wait > 0:
            headers = {"Retry-After": str(math.ceil(wait))}
            await problem(429, "too many requests from here; try again later", headers)(scope, receive, send)
            return
        rate.take(key)

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REFUSED:
                self._failing.take(address)
            await send(message)

        await self._app(scope, receive, counting)


def _key(scope: Scope, address: str) -> str:
    """The token, or the address of who has none."""
    token = Headers(scope=scope).get("authorization")
    return address if token is None else hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _is_own(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        # A socket in the file system has no address.
        return True
