"""The configuration file: what it holds, with the line of every key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_FILE_BYTES = 256 * 1024

Place = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What the file holds. `lines` (1-based) knows every key and list item."""

    name: str
    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[Place, int] = field(default_factory=dict)

    def where(self, place: Place) -> str:
        """`.weighbridge.yml:7: images[0].max-size`, as precisely as the lines are known."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
        return f"{self.name}:{self.lines.get(known, 1)}: {dotted}" if dotted else f"{self.name}:1"


def read_document(path: Path, name: str) -> Document | None:
    """The file as a document, None if there is no such file. Raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise ConfigurationError(f"{name}: cannot be read: {reason}") from error
    # Few repositories have one, and the reader of YAML takes its time to load.
    from weighbridge.settings.document import parse_document

    return parse_document(data, name)


def printable(text: str) -> str:
    """A name from the file as it may stand in a message: one line, bounded, nothing that a terminal obeys."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:64])
