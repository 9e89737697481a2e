"""Which file a library's name finds, by the rules of ld.so(8) for glibc and of musl's dynlink.c.

glibc: DT_RPATH of the file and of those that need it (unless the file has a DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH,
/etc/ld.so.cache, then the loader's own folders. A folder of /etc/ld.so.conf counts only by the cache: a library that
was copied there without running `ldconfig` is not found. musl: LD_LIBRARY_PATH, DT_RPATH and DT_RUNPATH alike, of the
file and of those that need it, then /etc/ld-musl-ARCH.path or its own folders.
"""

from __future__ import annotations

import posixpath
import struct
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from weighbridge.core.proof.filesystem import FileSystem, Libc, libc_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.programs import Elf

_TRIPLETS = {
    ("EM_X86_64", 64): "x86_64-linux-gnu",
    ("EM_AARCH64", 64): "aarch64-linux-gnu",
    ("EM_ARM", 32): "arm-linux-gnueabihf",
    ("EM_386", 32): "i386-linux-gnu",
    ("EM_PPC64", 64): "powerpc64le-linux-gnu",
    ("EM_S390", 64): "s390x-linux-gnu",
    ("EM_RISCV", 64): "riscv64-linux-gnu",
}
_MUSL_FOLDERS = ("/lib", "/usr/local/lib", "/usr/lib")
# musl takes these names for itself, whatever follows: `libc.so.6`, `libpthread.so.0`.
_MUSL_RESERVED = tuple(f"lib{name}." for name in ("c", "pthread", "rt", "m", "dl", "util", "xnet"))
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_CACHE_ENTRY_BYTES = 24
_MAX_CACHE_ENTRIES = 20_000
_MAX_FILES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """One thing that a file asks for and does not get. `library` is a DT_NEEDED name; `version` one of its symbols'.

    `found` is where a library lies that could not be used, None where there is none.
    """

    by: Elf
    library: str
    version: str | None = None
    found: str | None = None


class Linker:
    """Loads programs of one file system, on paper."""

    def __init__(self, files: FileSystem) -> None:
        self._files = files
        self._preset = self._files.environment.get("LD_LIBRARY_PATH", "").split(":")

    def unmet(self, elf: Elf) -> tuple[Unmet, ...]:
        """What the file and everything that it loads ask for in vain. Interpreters are not looked at."""
        return tuple(self._walk(elf, []))

    def loaded(self, elf: Elf) -> tuple[Elf, ...]:
        """The file itself and every library that is found for it."""
        found: list[Elf] = []
        for _ in self._walk(elf, found):
            pass
        return tuple(found)

    def _walk(self, root: Elf, loaded: list[Elf]) -> Iterator[Unmet]:
        """Breadth first, as loaders do: a name that is loaded already is not looked for again."""
        libc = libc_of(root) or self._files.libc
        known: dict[str, Elf] = {}
        waiting: list[tuple[Elf, tuple[Elf, ...]]] = [(root, ())]
        loaded.append(root)
        while waiting and len(loaded) < _MAX_FILES:
            elf, ancestors = waiting.pop(0)
            for name in elf.needed:
                if name in known or (libc is Libc.MUSL and name.startswith(_MUSL_RESERVED)):
                    continue
                found, unusable = self._find(name, elf, ancestors, libc)
                if found is None:
                    yield Unmet(by=elf, library=name, found=unusable)
                    continue
                known[name] = found
                if found.soname:
                    known.setdefault(found.soname, found)
                loaded.append(found)
                waiting.append((found, (elf, *ancestors)[:64]))
            if libc is not Libc.MUSL:
                yield from _unmet_versions(elf, known)

    def _find(
        self, name: str, elf: Elf, ancestors: tuple[Elf, ...], libc: Libc | None
    ) -> tuple[Elf | None, str | None]:
        """The library, or where one lies that is of another kind."""
        unusable = None
        for path in self._places(name, elf, ancestors, libc):
            resolved = self._files.resolve(path)
            library = None if resolved is None else self._files.programs.elves.get(resolved)
            if library is not None and (library.machine, library.bits) == (elf.machine, elf.bits):
                return library, None
            if resolved is not None and unusable is None:
                unusable = resolved
        return None, unusable

    def _places(self, name: str, elf: Elf, ancestors: tuple[Elf, ...], libc: Libc | None) -> Iterator[str]:
        if "/" in name:
            yield name
            return
        if libc is Libc.MUSL:
            folders = [*self._preset, *(folder for each in (elf, *ancestors) for folder in _own_folders(each))]
            yield from (f"{folder}/{name}" for folder in [*folders, *self._musl_folders] if folder)
            return
        if elf.inherited_search or not elf.search:
            for each in (elf, *ancestors):
                if each.inherited_search:
                    yield from (f"{folder}/{name}" for folder in _own_folders(each))
        yield from (f"{folder}/{name}" for folder in self._preset if folder)
        if not elf.inherited_search:
            yield from (f"{folder}/{name}" for folder in _own_folders(elf))
        yield from self._cache.get(name, ())
        triplet = _TRIPLETS.get((elf.machine, elf.bits))
        wide = ["/lib64", "/usr/lib64"] if elf.bits == 64 else []
        debian = [f"/lib/{triplet}", f"/usr/lib/{triplet}"] if triplet else []
        yield from (f"{folder}/{name}" for folder in [*debian, *wide, "/lib", "/usr/lib"])

    @cached_property
    def _cache(self) -> dict[str, list[str]]:
        return read_cache(self._files.programs.texts.get("etc/ld.so.cache", b""))

    @cached_property
    def _musl_folders(self) -> tuple[str, ...]:
        for path, text in self._files.programs.texts.items():
            if path.startswith("etc/ld-musl-"):
                return tuple(part for part in text.decode("utf-8", "replace").replace("\n", ":").split(":") if part)
        return _MUSL_FOLDERS


def read_cache(data: bytes) -> dict[str, list[str]]:
    """Names and paths of an ld.so.cache (glibc 2.2 and newer); empty for anything else."""
    start = data.find(_CACHE_MAGIC)
    header = data[start + len(_CACHE_MAGIC) : start + 48] if start >= 0 else b""
    if len(header) < 28:
        return {}
    order = "<" if struct.unpack_from("<I", header)[0] <= _MAX_CACHE_ENTRIES else ">"
    count = min(struct.unpack_from(f"{order}I", header)[0], _MAX_CACHE_ENTRIES)
    found: dict[str, list[str]] = {}
    rows = data[start + 48 : start + 48 + count * _CACHE_ENTRY_BYTES]
    for offset in range(0, len(rows) - _CACHE_ENTRY_BYTES + 1, _CACHE_ENTRY_BYTES):
        _, key, value = struct.unpack_from(f"{order}iII", rows, offset)
        found.setdefault(_text(data, start + key), []).append(_text(data, start + value))
    return found


def _text(data: bytes, offset: int) -> str:
    end = data.find(b"\0", offset, offset + 4096)
    return data[offset : end if end >= 0 else offset].decode("utf-8", "surrogateescape")


def _own_folders(elf: Elf) -> Iterator[str]:
    origin = "/" + posixpath.dirname(elf.path)
    triplet = _TRIPLETS.get((elf.machine, elf.bits), "")
    for folder in elf.search:
        expanded = folder
        for variable, value in (("ORIGIN", origin), ("LIB", f"lib/{triplet}" if triplet else "lib")):
            expanded = expanded.replace(f"${{{variable}}}", value).replace(f"${variable}", value)
        yield expanded


def _unmet_versions(elf: Elf, known: dict[str, Elf]) -> Iterator[Unmet]:
    for library, version in elf.versions:
        found = known.get(library)
        # A library without any versions is taken as it is; ld.so only warns.
        if found is not None and found.provides and version not in found.provides:
            yield Unmet(by=elf, library=library, version=version, found=found.path)
