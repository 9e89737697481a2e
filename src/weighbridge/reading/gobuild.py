"""What the Go linker leaves in a program about its build. Format: Go's `debug/buildinfo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.model.programs import GoBuild

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"\xff Go buildinf:"
_ALIGNMENT = 16
_INLINE = 2
_SENTINEL_BYTES = 16
_MAX_BYTES = 1 << 20


def go_build(data: bytes, pointed: Callable[[int, bool], bytes]) -> GoBuild | None:
    """The build information in `data`, the start of the section or segment that holds it; None if there is none.

    Programs of Go 1.17 and earlier hold the addresses of two strings: `pointed` gives the text of the string whose
    header lies at an address (and whether addresses have 64 bits).
    """
    start = data.find(MAGIC)
    while start % _ALIGNMENT and start >= 0:
        start = data.find(MAGIC, start + 1)
    if start < 0 or len(data) < start + 2 * _ALIGNMENT:
        return None
    pointer_size, flags = data[start + 14], data[start + 15]
    if flags & _INLINE:
        version, rest = _counted(data, start + 2 * _ALIGNMENT)
        details, _ = _counted(data, rest)
    elif pointer_size in (4, 8):
        order = "big" if flags & 1 else "little"
        addresses = [
            int.from_bytes(data[at : at + pointer_size], order)  # type: ignore[arg-type]
            for at in (start + 16, start + 16 + pointer_size)
        ]
        version, details = (pointed(address, pointer_size == 8) for address in addresses)
    else:
        return None
    return _parsed(version, details)


def _parsed(version: bytes, details: bytes) -> GoBuild | None:
    if not version.startswith((b"go", b"devel")):
        return None
    # The text stands between two marks, by which the running program finds it.
    text = details[_SENTINEL_BYTES:-_SENTINEL_BYTES].decode("utf-8", "replace")
    module, settings = "", {}
    for line in text.split("\n"):
        kind, _, rest = line.partition("\t")
        if kind == "mod" or (kind == "path" and not module):
            module = rest.partition("\t")[0]
        elif kind == "build":
            key, _, value = rest.partition("=")
            settings[key] = value
    cgo = settings.get("CGO_ENABLED")
    return GoBuild(
        version=version.decode("utf-8", "replace")[:100],
        module=module[:1000],
        cgo=None if cgo is None else cgo == "1",
    )


def _counted(data: bytes, start: int) -> tuple[bytes, int]:
    """A string behind its length (unsigned LEB128), and where the next thing starts."""
    length = shift = 0
    for position in range(start, min(start + 5, len(data))):
        byte = data[position]
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            if length > _MAX_BYTES:
                break
            return data[position + 1 : position + 1 + length], position + 1 + length
    return b"", len(data)
