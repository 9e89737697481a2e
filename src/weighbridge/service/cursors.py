"""Cursors: where a page of a list ended, as opaque text that anybody may have made up."""

from __future__ import annotations

import base64
import binascii
import json

from weighbridge.service.problems import Problem

Place = tuple[int | str | None, int]
"""The value of the column that the list is sorted by, and the row's number."""


def cursor(place: Place) -> str:
    """The text for a place."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def place(text: str) -> Place:
    """The place of a text. Raises Problem for one that is not a cursor of ours."""
    try:
        value = json.loads(base64.urlsafe_b64decode(text[:4000] + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        value = None
    match value:
        case [(int() | str() | None) as key, int() as row] if not isinstance(key, bool) and abs(row) < 1 << 62:
            if not isinstance(key, int) or abs(key) < 1 << 62:
                return key, row
    raise unknown()


def unknown() -> Problem:
    """What is raised for a cursor that cannot be gone on from."""
    return Problem(422, "cursor: not one that this service gave for this list; begin without it")
