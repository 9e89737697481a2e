"""What the readers of package records share: stanzas of `Key: value`, and bounds on what they may claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NAME = 200
MAX_PACKAGE_BYTES = 1 << 40


def stanzas(data: bytes) -> Iterator[dict[str, str]]:
    """Blocks of `Key: value` (or apk's `K:value`) between empty lines; continuation lines are left out."""
    fields: dict[str, str] = {}
    # Not splitlines(): a description may hold what Unicode takes for a line's end.
    for line in data.decode("utf-8", "replace").split("\n"):
        if not line.strip():
            if fields:
                yield fields
            fields = {}
        elif not line[0].isspace():
            key, colon, value = line.partition(":")
            if colon:
                fields.setdefault(key, value.strip())
    if fields:
        yield fields


def plausible(name: object, version: object) -> bool:
    """Whether they can be a package's name and version."""
    return all(isinstance(text, str) and 0 < len(text) <= MAX_NAME and text.isprintable() for text in (name, version))


def size_or_none(text: str | None, unit: int = 1) -> int | None:
    """Bytes, None where the record says nothing that can be true."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        return None
    size = int(text) * unit
    return size if size <= MAX_PACKAGE_BYTES else None
