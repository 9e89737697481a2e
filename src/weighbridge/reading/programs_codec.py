"""Programs as bytes for the cache: msgpack under zstd, with a version of its own."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import msgpack
import zstandard

from weighbridge.model.files import Kind
from weighbridge.model.programs import Elf, FileFacts, GoBuild, Mention, Programs

VERSION = 3
_MAX_BYTES = 1 << 29
_KINDS = {kind.value: kind for kind in Kind}
_ELF_FIELDS = tuple(field.name for field in fields(Elf))


def encode(programs: Programs) -> bytes:
    """Bytes that decode() takes back."""
    document = (
        VERSION,
        [_elf_row(elf) for elf in programs.elves.values()],
        dict(programs.scripts),
        dict(programs.links),
        {
            path: (facts.kind.value, facts.mode, facts.uid, facts.gid, facts.size)
            for path, facts in programs.files.items()
        },
        dict(programs.texts),
        {path: sorted(words) for path, words in programs.calls.items()},
    )
    packed = msgpack.packb(document, use_bin_type=True, unicode_errors="surrogateescape")
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(packed)


def decode(data: bytes) -> Programs:
    """Raises ValueError for anything that encode() of this version did not make."""
    try:
        # The library allocates what a frame claims, whatever limit it is given.
        if not 0 <= zstandard.get_frame_parameters(data).content_size <= _MAX_BYTES:
            raise ValueError("its size is unknown or too large")
        plain = zstandard.ZstdDecompressor().decompress(data)
        document = msgpack.unpackb(plain, raw=False, use_list=False, unicode_errors="surrogateescape")
        version, elves, scripts, links, files, texts, calls = document
        if version != VERSION:
            raise ValueError(f"version {version}")
        return Programs(
            elves={elf.path: elf for elf in map(_elf, elves)},
            scripts=scripts,
            links=links,
            files={path: _facts(*row) for path, row in files.items()},
            texts=texts,
            calls={path: frozenset(words) for path, words in calls.items()},
        )
    except (zstandard.ZstdError, msgpack.UnpackException, KeyError, TypeError) as error:
        raise ValueError(f"not an image's programs: {error}") from error


def _facts(kind: str, mode: int, uid: int, gid: int, size: int) -> FileFacts:
    return FileFacts(kind=_KINDS[kind], mode=mode, uid=uid, gid=gid, size=size)


def _elf_row(elf: Elf) -> tuple[Any, ...]:
    values = {name: getattr(elf, name) for name in _ELF_FIELDS}
    go = elf.go
    values["go"] = None if go is None else (go.version, go.module, go.cgo)
    values["mentions"] = sorted(elf.mentions)
    return tuple(values.values())


def _elf(row: tuple[Any, ...]) -> Elf:
    values = dict(zip(_ELF_FIELDS, row, strict=True))
    go = values["go"]
    values["go"] = None if go is None else GoBuild(version=go[0], module=go[1], cgo=go[2])
    values["mentions"] = frozenset(Mention(name) for name in values["mentions"])
    return Elf(**values)
