"""Signatures of webhooks, by the Standard Webhooks specification: made by the service, checked by who receives them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "whsec_"
TOLERANCE = 300
"""Seconds that a message's time may be off, so that one that was overheard can't be sent again later."""


def signed(secret: str, message: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a message: its ID, when it is sent (seconds), and the signature of both and the body."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{_signature(secret, message, str(at), body)}",
    }


def verified(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> bool:
    """Whether a request came from who has the secret, and lately. Headers are looked up in lower case."""
    given = {name.lower(): value for name, value in headers.items()}
    at = given.get("webhook-timestamp", "")
    if not (at.isascii() and at.isdigit() and len(at) < 20):
        return False
    if abs((time.time() if now is None else now) - int(at)) > TOLERANCE:
        return False
    expected = f"v1,{_signature(secret, given.get('webhook-id', ''), at, body)}".encode()
    return any(hmac.compare_digest(expected, one.encode()) for one in given.get("webhook-signature", "").split())


def _signature(secret: str, message: str, at: str, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a webhook's secret is whsec_ and base64") from None
    content = f"{message}.{at}.".encode() + body
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
