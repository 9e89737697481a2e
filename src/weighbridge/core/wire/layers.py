"""A layer's files as a document that a service keeps: JSON lines, the same bytes for the same layer, read as hostile.

The first line is `{"v":1,"diff_id":"sha256:…"}`. Then one array a line, in the order of the layer's tar, `kind` being a
letter of model.files.Kind:

    ["f", path, mode, uid, gid, size, digest]     a file: bytes, and xxh3-128 of its content, hexadecimal
    ["l", path, mode, uid, gid, target]           a symbolic link, or with "h" a hard link
    [kind, path, mode, uid, gid]                  anything else

and `["w", path]` for each path that the layer takes away, `["o", path]` for each directory that it makes opaque. Bytes
of a name that are not UTF-8 are written as Python's surrogateescape has them. No content of any file is in it.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from weighbridge.errors import UsageError
from weighbridge.model.files import Entry, Kind, LayerIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = 1
MAX_BYTES = 64 * 1024 * 1024
"""Of a document."""
MAX_ENTRIES = 500_000
MAX_PATH = 4096
_MAX_SIZE = 1 << 50
_MAX_LINE = 8 * MAX_PATH
_WHITEOUT, _OPAQUE = "w", "o"
_DIGEST = re.compile(r"[0-9a-f]{32}")
_DIFF_ID = re.compile(r"sha256:[0-9a-f]{64}")
_KINDS = {kind.value: kind for kind in Kind}
_LINKS = (Kind.SYMLINK, Kind.HARDLINK)
_IDS = range(-(1 << 63), 1 << 63)
_SIZES = range(_MAX_SIZE + 1)
_DAMAGED = (ValueError, TypeError, LookupError, RecursionError, StopIteration)
_NONE = "this is not the document of a layer's files, or it is damaged"


def dump_layer(index: LayerIndex) -> bytes:
    """The document, at most MAX_BYTES. Raises UsageError for a layer that does not fit."""
    written = json.JSONEncoder(separators=(",", ":")).encode
    lines = [written({"v": VERSION, "diff_id": index.diff_id})]
    lines.extend(written(_line(entry)) for entry in index.entries)
    lines.extend(written([_WHITEOUT, path]) for path in index.whiteouts)
    lines.extend(written([_OPAQUE, path]) for path in index.opaque)
    document = ("\n".join(lines) + "\n").encode("ascii")
    if len(document) > MAX_BYTES or len(lines) > MAX_ENTRIES + 1:
        raise UsageError(f"the layer {index.diff_id} has too many files to send: {len(lines) - 1:,}")
    return document


def digest_of_layer(document: bytes) -> str:
    """What names a document: its SHA-256, hexadecimal."""
    return hashlib.sha256(document).hexdigest()


def _line(entry: Entry) -> list[str | int]:
    common: list[str | int] = [entry.kind.value, entry.path, entry.mode, entry.uid, entry.gid]
    if entry.kind is Kind.FILE:
        return [*common, entry.size, entry.digest.hex()]
    return [*common, entry.link] if entry.kind in _LINKS else common


def load_layer(document: bytes) -> LayerIndex:
    """The layer. Raises UsageError for a document that is damaged, of another version, or beyond the bounds.

    What the document does not tell stays empty: `contents`, and the packed sizes, which are not to be used.
    """
    diff_id, found = _opened(document)
    entries: list[Entry] = []
    gone: dict[str, list[str]] = {_WHITEOUT: [], _OPAQUE: []}
    for each in found:
        if isinstance(each, Entry):
            entries.append(each)
        else:
            gone[each[0]].append(each[1])
    return LayerIndex(
        diff_id=diff_id,
        size=sum(entry.size for entry in entries),
        packed_estimate=0,
        entries=tuple(entries),
        whiteouts=tuple(gone[_WHITEOUT]),
        opaque=tuple(gone[_OPAQUE]),
    )


def check_layer(document: bytes) -> str:
    """The diff ID of a document that load_layer() takes, without the memory that its files take. Raises UsageError."""
    diff_id, found = _opened(document)
    for _ in found:
        pass
    return diff_id


_Line = Entry | tuple[str, str]
"""An entry, or what is taken away, with its letter."""


def _opened(document: bytes) -> tuple[str, Iterator[_Line]]:
    lines = _lines(document)
    try:
        return _opening(next(lines)), _read(lines)
    except _DAMAGED:
        raise UsageError(_NONE) from None


def _read(lines: Iterator[Any]) -> Iterator[_Line]:
    count = size = 0
    try:
        for value in lines:
            count += 1
            match value:
                case [("w" | "o") as kind, path]:
                    yield kind, _path(path, root=kind == _OPAQUE)
                case _:
                    entry = _entry(value)
                    size += entry.size
                    yield entry
            if count > MAX_ENTRIES or size > _MAX_SIZE:
                raise UsageError(f"a layer's document may have {MAX_ENTRIES:,} lines and {_MAX_SIZE:,} bytes of files")
    except _DAMAGED:
        raise UsageError(_NONE) from None


def _lines(document: bytes) -> Iterator[Any]:
    """The values, each read only once the one before was found good: a bomb ends at its first line."""
    start = 0
    while start < len(document):
        end = document.find(b"\n", start, start + _MAX_LINE)
        if end < 0:
            raise ValueError("a line is too long, or not ended")
        yield json.loads(document[start:end])
        start = end + 1


def _opening(value: Any) -> str:
    match value:
        case {"v": int() as version, "diff_id": str() as diff_id} if _DIFF_ID.fullmatch(diff_id):
            if version != VERSION:
                raise UsageError(f"a layer's document of version {version % 1000} is not read here, but of {VERSION}")
            return diff_id
    raise ValueError("no opening line")


def _entry(value: Any) -> Entry:
    kind = _KINDS[value[0]]
    match kind, value:
        case Kind.FILE, [_, path, mode, uid, gid, size, str() as digest] if _DIGEST.fullmatch(digest):
            if not _is_in(size, _SIZES):
                raise ValueError("a size out of range")
            return Entry(_path(path), kind, *_numbers(mode, uid, gid), size, "", bytes.fromhex(digest))
        case Kind.SYMLINK | Kind.HARDLINK, [_, path, mode, uid, gid, str() as link] if len(link) <= MAX_PATH:
            return Entry(_path(path), kind, *_numbers(mode, uid, gid), 0, link)
        case Kind(), [_, path, mode, uid, gid] if kind is not Kind.FILE and kind not in _LINKS:
            return Entry(_path(path), kind, *_numbers(mode, uid, gid), 0)
    raise ValueError("not an entry")


def _is_in(value: Any, numbers: range) -> bool:
    return type(value) is int and value in numbers


def _numbers(mode: Any, uid: Any, gid: Any) -> tuple[int, int, int]:
    if not (_is_in(mode, _IDS) and _is_in(uid, _IDS) and _is_in(gid, _IDS)):
        raise ValueError("a mode or an owner out of range")
    return mode, uid, gid


def _path(value: Any, *, root: bool = False) -> str:
    """A path as Entry has it."""
    if not isinstance(value, str) or len(value) > MAX_PATH or "\0" in value:
        raise ValueError("not a path")
    if not value and root:
        return value
    if any(part in ("", ".", "..") for part in value.split("/")):
        raise ValueError("not a normal path")
    return value
