"""A final file system as kernel and shell look names up in it: symlinks followed, PATH searched, owners obeyed."""

from __future__ import annotations

import posixpath
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from weighbridge.model.files import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.image import ImageConfig
    from weighbridge.model.programs import Elf, FileFacts, Programs

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MAX_LINKS = 40
# The kernel gives these to every container.
_MOUNTED = frozenset({"dev", "proc", "sys"})
_ROOT_NAMES = frozenset({"", "0", "root"})


# What distributions bring; the rest is what the image is for.
_SYSTEM = ("bin/", "sbin/", "lib/", "lib32/", "lib64/", "usr/", "etc/", "var/lib/", "var/cache/")
_OWN = ("usr/local/", "usr/src/")


class Libc(StrEnum):
    """The C libraries that programs are linked against."""

    GLIBC = "glibc"
    MUSL = "musl"
    UCLIBC = "uClibc"


class FileSystem:
    """Lookups in one image. Paths that come in may have a leading slash, those that go out have none."""

    def __init__(self, programs: Programs, config: ImageConfig) -> None:
        self.programs = programs
        self.config = config
        self._resolved: dict[str, str | None] = {}

    @cached_property
    def environment(self) -> dict[str, str]:
        """The variables that every process of the container starts with."""
        return {key: value for key, _, value in (entry.partition("=") for entry in self.config.environment)}

    @cached_property
    def search_path(self) -> tuple[str, ...]:
        """PATH, the engine's default where the image sets none."""
        return tuple(part for part in self.environment.get("PATH", DEFAULT_PATH).split(":") if part)

    def resolve(self, path: str, *, relative_to: str = "/") -> str | None:
        """The path of what is there in the end, None if there is nothing. Relative paths start at `relative_to`."""
        absolute = posixpath.join("/", relative_to, path)
        if absolute not in self._resolved:
            self._resolved[absolute] = self._follow(absolute)
        return self._resolved[absolute]

    def _follow(self, path: str) -> str | None:
        waiting = [part for part in reversed(path.split("/")) if part]
        reached: list[str] = []
        links = 0
        while waiting:
            part = waiting.pop()
            if part == ".":
                continue
            if part == "..":
                del reached[-1:]
                continue
            here = "/".join([*reached, part])
            target = self.programs.links.get(here)
            if target is None:
                if here not in self.programs.files and here not in _MOUNTED:
                    return None
                reached.append(part)
                continue
            links += 1
            if links > _MAX_LINKS or len(waiting) > 4096:
                return None
            if target.startswith("/"):
                reached.clear()
            waiting += [step for step in reversed(target.split("/")) if step]
        return "/".join(reached)

    def facts(self, path: str, *, relative_to: str = "/") -> FileFacts | None:
        """What is there, links followed; None if there is nothing (or the root, which no tar describes)."""
        resolved = self.resolve(path, relative_to=relative_to)
        return None if resolved is None else self.programs.files.get(resolved)

    def is_directory(self, path: str) -> bool:
        """Whether a directory is there, links followed."""
        facts = self.facts(path)
        return facts.kind is Kind.DIRECTORY if facts else self.resolve(path) in ("", *_MOUNTED)

    def executable(self, path: str, *, relative_to: str = "/") -> str | None:
        """The path of the file if it is there and somebody may execute it."""
        resolved = self.resolve(path, relative_to=relative_to)
        facts = None if resolved is None else self.programs.files.get(resolved)
        if facts is None or facts.kind not in (Kind.FILE, Kind.HARDLINK) or not facts.mode & 0o111:
            return None
        return resolved

    def which(self, name: str) -> str | None:
        """The file that is run where a command is called so: by PATH, or by its path from the working directory."""
        if "/" in name:
            return self.executable(name, relative_to=self.config.working_directory or "/")
        for folder in self.search_path:
            found = self.executable(f"{folder}/{name}", relative_to=self.config.working_directory or "/")
            if found is not None:
                return found
        return None

    def elf(self, path: str) -> Elf | None:
        """The ELF file that is there, links followed."""
        resolved = self.resolve(path)
        return None if resolved is None else self.programs.elves.get(resolved)

    @cached_property
    def libc(self) -> Libc | None:
        """The C library of the image, by its loader; None where there is none."""
        for path in (*self.programs.elves, *self.programs.links):
            kind = libc_of_loader(path)
            if kind is not None and path.split("/", 1)[0] in ("lib", "lib64", "usr") and self.resolve(path) is not None:
                return kind
        return None

    @cached_property
    def name(self) -> str:
        """What people call the system: `alpine (musl)`, `debian 12 (glibc)`, `a file system without a C library`."""
        fields = os_release(self.programs)
        if "etc/alpine-release" in self.programs.files:
            fields.setdefault("ID", "alpine")
        words = " ".join(fields[key] for key in ("ID", "VERSION_ID") if fields.get(key))
        if self.libc is None:
            return f"{words} (no C library)" if words else "a file system without a C library"
        return f"{words} ({self.libc})" if words else f"a file system with {self.libc}"

    def user_ids(self, user: str) -> tuple[int, frozenset[int]] | None:
        """UID and GIDs of `USER`, None where the name is not in etc/passwd (then no container starts)."""
        name, _, group = user.partition(":")
        if name in _ROOT_NAMES:
            uid, gid = 0, 0
        elif name.isdigit():
            uid, gid = int(name), next((row[3] for row in self._passwd() if row[2] == int(name)), 0)
        else:
            found = next((row for row in self._passwd() if row[0] == name), None)
            if found is None:
                return None
            uid, gid = found[2], found[3]
        if group:
            named = int(group) if group.isdigit() else self._group(group)
            if named is None:
                return None
            gid = named
        return uid, frozenset({gid, *self._memberships(name)})

    def writable(self, path: str, user: str) -> bool:
        """Whether `user` may make files in the directory. One that is not there is made by the engine, for root."""
        ids = self.user_ids(user)
        if ids is None:
            return False
        uid, gids = ids
        facts = self.facts(path)
        if uid == 0:
            return facts is None or facts.kind is Kind.DIRECTORY
        if facts is None or facts.kind is not Kind.DIRECTORY:
            return False
        bits = facts.mode >> 6 if facts.uid == uid else facts.mode >> 3 if facts.gid in gids else facts.mode
        return bits & 0o3 == 0o3

    def _passwd(self) -> Iterator[tuple[str, str, int, int]]:
        for fields in _colon_lines(self.programs.texts.get("etc/passwd", b"")):
            if len(fields) >= 4 and fields[2].isdigit() and fields[3].isdigit():
                yield fields[0], fields[1], int(fields[2]), int(fields[3])

    def _group(self, name: str) -> int | None:
        rows = _colon_lines(self.programs.texts.get("etc/group", b""))
        return next((int(row[2]) for row in rows if row[0] == name and len(row) > 2 and row[2].isdigit()), None)

    def _memberships(self, name: str) -> Iterator[int]:
        for row in _colon_lines(self.programs.texts.get("etc/group", b"")):
            if len(row) > 3 and row[2].isdigit() and name and name in row[3].split(","):
                yield int(row[2])


def os_release(programs: Programs) -> dict[str, str]:
    """The fields of os-release(5); empty where there is none."""
    text = programs.texts.get("etc/os-release") or programs.texts.get("usr/lib/os-release") or b""
    return dict(_assignments(text.decode("utf-8", "replace")))


def is_own(path: str) -> bool:
    """Whether a path lies outside the folders that a distribution fills."""
    return path.startswith(_OWN) or not path.startswith(_SYSTEM)


def libc_of_loader(path: str) -> Libc | None:
    """Which C library a loader (`/lib64/ld-linux-x86-64.so.2`) belongs to."""
    name = path.rpartition("/")[2]
    if name.startswith("ld-musl-"):
        return Libc.MUSL
    if name.startswith(("ld-uClibc", "ld64-uClibc")):
        return Libc.UCLIBC
    if name.startswith(("ld-linux", "ld64.so", "ld.so.1")):
        return Libc.GLIBC
    return None


def libc_of(elf: Elf) -> Libc | None:
    """Which C library a program or library was linked against; None where it does not say."""
    if elf.interpreter is not None:
        return libc_of_loader(elf.interpreter)
    if "libc.so.6" in elf.needed or any(version.startswith("GLIBC_") for _, version in elf.versions):
        return Libc.GLIBC
    if any(name == "libc.so" or name.startswith("libc.musl-") for name in elf.needed):
        return Libc.MUSL
    return None


def _colon_lines(text: bytes) -> Iterator[Sequence[str]]:
    for line in text.decode("utf-8", "replace").splitlines():
        if line and not line.startswith("#"):
            yield line.split(":")


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            yield key.strip(), value.strip().strip("\"'")[:64]
