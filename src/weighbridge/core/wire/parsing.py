"""JSON text to the shapes that it must have: checked while it is read, so that a bomb ends at its first wrong value."""

from __future__ import annotations

import json
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from msgspec.json import Decoder

_Shape = TypeVar("_Shape", bound=msgspec.Struct)
# Two threads that prepare the same shapes at once see each other's halves of them, and the process ends (msgspec 0.22).
_preparing = threading.Lock()


def parsed(text: str | bytes, shape: type[_Shape]) -> _Shape:
    """The value. Raises msgspec.ValidationError that says what is wrong where, ValueError or RecursionError for what
    is no JSON, holds half a surrogate pair, or is nested without end."""
    if isinstance(text, bytes) and (encoding := json.detect_encoding(text)) != "utf-8":
        text = text.decode(encoding)
    value: _Shape = _decoder(shape).decode(text)
    return value


def compact(text: bytes) -> bytes:
    """The same JSON without the space that is for people; what is no JSON, or holds half a surrogate pair, as it is."""
    try:
        return msgspec.json.format(text, indent=-1)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text


@cache
def _decoder(shape: type[Any]) -> Decoder[Any]:
    with _preparing:
        return msgspec.json.Decoder(shape)
