"""The public keys of a token issuer (JWKS, RFC 7517): fetched when they are needed, kept while the issuer is away."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import jwt

from weighbridge.service.auth.outward import Declined, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FRESH = 3600.0
"""Seconds after which keys are fetched anew."""
KEPT = 86_400.0
"""Seconds that keys are used for where the issuer does not answer."""
EVERY = 30.0
"""Seconds between two attempts to fetch: tokens with keys that nobody knows cause no more."""
_MOST = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    keys: Mapping[str, jwt.PyJWK] = field(default_factory=lambda: MappingProxyType({}))
    fetched: float = float("-inf")


class Keys:
    """Keys by their ID. `fetch` gives the document; it raises Unreachable or Declined."""

    def __init__(self, fetch: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._state = _State()
        self._tried = float("-inf")
        self._lock = threading.Lock()

    def key(self, kid: str) -> jwt.PyJWK | None:
        """The key, None where the issuer has no such. Raises Unreachable where no keys can be had."""
        state = self._state
        if kid not in state.keys or self._clock() - state.fetched > FRESH:
            # Who only wants newer ones than there are does not wait for another who fetches them.
            state = self._newest(wait=kid not in state.keys)
        if self._clock() - state.fetched > KEPT:
            raise Unreachable("the keys of the token's issuer cannot be fetched")
        return state.keys.get(kid)

    def _newest(self, *, wait: bool) -> _State:
        if not self._lock.acquire(blocking=wait):
            return self._state
        try:
            now = self._clock()
            if now - self._tried >= EVERY:
                self._tried = now
                self._state = _State(_read(self._fetch()), now)
        except (Unreachable, Declined) as error:
            _log.warning("the keys of the token's issuer cannot be fetched: %s", error)
        finally:
            self._lock.release()
        return self._state


def _read(document: object) -> Mapping[str, jwt.PyJWK]:
    """RSA keys that sign. Others are left out: an issuer may have what is not for us."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise Unreachable("no document of keys")
    keys = {}
    for entry in entries[:_MOST]:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        kid = entry.get("kid")
        try:
            if isinstance(kid, str):
                keys[kid] = jwt.PyJWK(entry, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
    if not keys:
        raise Unreachable("no key in the document")
    return MappingProxyType(keys)
