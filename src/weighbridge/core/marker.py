"""The hidden first line by which a comment of ours is known: `<!-- weighbridge:KEY PAYLOAD -->`."""

from __future__ import annotations

import re

from weighbridge.errors import UsageError

_KEY = re.compile(r"(?!.*--)[A-Za-z0-9][A-Za-z0-9._-]{0,62}(?<!-)")
_PAYLOAD = re.compile(r"[A-Za-z0-9._ ]*")
# At the very beginning only: further down, a build log may say anything.
_MARKER = re.compile(r"\s*<!-- weighbridge:([A-Za-z0-9._-]{1,63})(?: ([A-Za-z0-9._ ]*))? -->")


def check_key(key: str) -> str:
    """The key, if it can be one. Raises UsageError."""
    if not _KEY.fullmatch(key):
        raise UsageError(
            f"comment-key {key[:80]!r} can't be used: "
            "1 to 63 letters, digits, dots, underscores and single hyphens are needed, a letter or digit first"
        )
    return key


def marker(key: str, payload: str) -> str:
    """The line. Raises UsageError for a key that can't be one."""
    if not _PAYLOAD.fullmatch(payload):
        raise ValueError("a payload is letters, digits, dots, underscores and spaces")
    return f"<!-- weighbridge:{check_key(key)} {payload} -->"


def key_of(body: str) -> str | None:
    """The key of a comment that begins with a marker, else None."""
    found = _MARKER.match(body)
    return found[1] if found else None


def payload_of(body: str) -> str | None:
    """The payload of a comment that begins with a marker, else None."""
    found = _MARKER.match(body)
    return found[2] if found else None
