"""A program put onto a base, on paper: what must come along, and what it would miss for good.

Files come along; what a base is chosen for does not: a shell, an interpreter of the system's, a package manager. Of two
C libraries a file system has one: where the base has another than the program's, the program cannot stand there.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from weighbridge.core.bases.program import settings_of
from weighbridge.core.names import clipped
from weighbridge.core.proof.closure import Side, find_gaps
from weighbridge.core.proof.filesystem import FileSystem, libc_of
from weighbridge.model.files import Kind
from weighbridge.model.fix import GapKind
from weighbridge.model.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.core.bases.program import Program
    from weighbridge.model.fix import Gap

_Value = TypeVar("_Value")

NOTHING = Programs(elves={}, scripts={}, links={}, files={})
"""What `FROM scratch` brings."""

_MAX_ROUNDS = 12
_MAX_STEPS = 1_000
_FOREIGN = (GapKind.LOADER, GapKind.LIBRARY)
_FILES = {
    GapKind.CERTIFICATES: "TLS certificates",
    GapKind.TIME_ZONES: "time zones",
    GapKind.LOCALE: "locales",
    GapKind.USER: "/etc/passwd and /etc/group",
    GapKind.DIRECTORY: "",
    GapKind.PERMISSION: "",
    GapKind.TEMPORARY: "/tmp",  # noqa: S108 - the image's, not ours
    GapKind.FILE: "",
}
"""What can be brought, and how people call it; without a name it is told by its path."""

_LOADER_CACHE = "etc/ld.so.cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """`paths` of the original (no leading slash) that come to the base, parents included, by the names that they get.

    `size` are their bytes. `brought` are words for what the program itself does not hold; `missing` are gaps that no
    file of the original fills, a line each.
    """

    paths: Mapping[str, str]
    size: int
    brought: tuple[str, ...]
    missing: tuple[str, ...]


def carry(original: Side, base: Programs, program: Program, *, libc: str = "") -> Carried:
    """What `program` needs on `base`. `libc` is what the base's name promises, empty where it promises none."""
    return _Load(original, base, program, libc).carried()


class _Load:
    def __init__(self, original: Side, base: Programs, program: Program, libc: str) -> None:
        self._side = original
        self._config = settings_of(program, original.config)
        self._original = FileSystem(original.programs, original.config)
        self._base = base
        self._libc = FileSystem(base, original.config).libc or libc
        self._brought: dict[str, None] = {}
        self._paths: dict[str, str] = {}
        self._runtime = program.runtime - set(program.entries)
        self._dropped: set[str] = set()
        there = program.language is not None and program.language.path in base.files
        for path in program.paths - (program.runtime if there else frozenset()):
            self._add(path)

    def carried(self) -> Carried:
        """Rounds of finding gaps and filling them, until nothing changes."""
        gaps: tuple[Gap, ...] = ()
        for _ in range(_MAX_ROUNDS):
            gaps = find_gaps(self._side, Side(programs=self._merged(), config=self._config))
            before = dict(self._paths)
            for gap in gaps:
                self._fill(gap)
            if self._paths == before:
                break
        facts = self._original.programs.files
        return Carried(
            paths=self._paths,
            size=sum(facts[source].size for source in self._paths.values()),
            brought=tuple(self._brought),
            # Without its loader nothing starts, whatever else is missing.
            missing=tuple(
                dict.fromkeys(self._told(gap) for gap in sorted(gaps, key=lambda gap: gap.kind is not GapKind.LOADER))
            ),
        )

    def _fill(self, gap: Gap) -> None:
        asker = gap.by.lstrip("/")
        if gap.kind in _FOREIGN:
            self._fill_library(gap)
        elif gap.kind is GapKind.INTERPRETER and asker in self._runtime:
            # A script that a language brings along for who develops: nothing that runs starts it.
            self._paths.pop(asker, None)
            self._dropped.add(asker)
        elif gap.kind in _FILES and gap.source is not None:
            for path in self._below(gap.source):
                self._add(path)
            if gap.kind is GapKind.USER:
                self._add("etc/group")
            if gap.wanted.startswith("/"):
                self._follow(gap.wanted)
            self._brought.setdefault(_FILES[gap.kind] or f"/{gap.source}")

    def _fill_library(self, gap: Gap) -> None:
        """Libraries come only where no other C library stands already, and the loader's own file names one."""
        wanted = None if gap.source is None else self._original.programs.elves.get(gap.source)
        if wanted is None or gap.source is None or self._foreign(gap):
            return
        name = gap.wanted.rpartition("/")[2]
        found = gap.source in self._paths and gap.kind is GapKind.LIBRARY
        if found and _LOADER_CACHE in self._original.programs.files:
            # It lies there and the base's cache does not know. A loader looks on where the original's cache is wrong.
            self._paths[_LOADER_CACHE] = _LOADER_CACHE
        self._add(gap.source)
        self._follow(gap.wanted if gap.wanted.startswith("/") else f"{posixpath.dirname(gap.source)}/{name}")
        for path in self._places(name, gap.source):
            self._follow(path)
        self._brought.setdefault(name)
        if name == "libc.so.6":
            self._bring_names()
        if _LOADER_CACHE not in self._base.files:
            self._add(_LOADER_CACHE)

    def _foreign(self, gap: Gap) -> bool:
        asker = self._original.programs.elves.get(gap.by.lstrip("/"))
        asked = libc_of(asker) if asker is not None else None
        return bool(self._libc) and (asked or self._original.libc) != self._libc

    def _bring_names(self) -> None:
        """What glibc loads by itself, to look names up."""
        for path in self._original.programs.elves:
            if path.rpartition("/")[2].startswith(("libnss_dns", "libnss_files", "libresolv.so")):
                self._add(path)
        self._add("etc/nsswitch.conf")

    def _places(self, name: str, source: str) -> Iterator[str]:
        """Links by this name that lead to the library."""
        for path in self._original.programs.links:
            if path.rpartition("/")[2] == name and self._original.resolve(path) == source:
                yield path

    def _follow(self, path: str) -> None:
        """Adds what lies at a path and every link on the way.

        Where a link of the original is a folder on the base, the way goes on in that, and what lies there comes too.
        """
        waiting = [part for part in reversed(path.split("/")) if part]
        reached: list[str] = []
        aside: list[str] = []
        for _ in range(_MAX_STEPS):
            if not waiting:
                break
            part = waiting.pop()
            if part in (".", ".."):
                del reached[len(reached) - (part == "..") :]
                continue
            here = "/".join([*reached, part])
            target = self._original.programs.links.get(here)
            if target is None:
                reached.append(part)
                continue
            if self._base.files.get(here) is not None and here not in self._base.links:
                aside.append("/".join([here, *reversed(waiting)]))
            self._add(here)
            reached = [] if target.startswith("/") else reached
            waiting += [step for step in reversed(target.split("/")) if step]
        found = "/".join(reached)
        self._add(found)
        facts = self._original.programs.files.get(found)
        for place in aside if facts is not None and facts.kind is Kind.FILE else ():
            self._paths[posixpath.normpath(place)] = found
            self._make_folders(posixpath.dirname(place), posixpath.dirname(found))

    def _make_folders(self, path: str, like: str) -> None:
        while path and path not in self._base.files and path not in self._paths:
            self._paths[path] = like
            path = posixpath.dirname(path)

    def _below(self, path: str) -> Iterator[str]:
        yield path
        facts = self._original.programs.files.get(path)
        # Of a place to write into, only the place.
        if facts is not None and facts.kind is Kind.DIRECTORY and path not in ("tmp", "var/tmp"):
            yield from (each for each in self._original.programs.files if each.startswith(f"{path}/"))

    def _add(self, path: str) -> None:
        """A path and the folders above it, where the base has not the same already."""
        facts = self._original.programs.files.get(path)
        if facts is None or path in self._paths or path in self._dropped:
            return
        there = self._base.files.get(path)
        if there is not None and there == facts and facts.kind in (Kind.FILE, Kind.DIRECTORY):
            return
        if there is not None and facts.kind in (Kind.SYMLINK, Kind.DIRECTORY) and there.kind is not facts.kind:
            # A folder that is a link in one of both: what lies below finds its way.
            return
        self._paths[path] = path
        parent = posixpath.dirname(path)
        if parent and parent not in self._base.files:
            self._add(parent)

    def _merged(self) -> Programs:
        """The base's file system with what comes to it."""
        mine, base, paths = self._original.programs, self._base, self._paths
        elves = _joined(base.elves, mine.elves, paths)
        return Programs(
            elves={path: elf if elf.path == path else replace(elf, path=path) for path, elf in elves.items()},
            scripts=_joined(base.scripts, mine.scripts, paths),
            links=_joined(base.links, mine.links, paths),
            files=_joined(base.files, mine.files, paths),
            texts=_joined(base.texts, mine.texts, paths),
            calls=_joined(base.calls, mine.calls, paths),
        )

    def _told(self, gap: Gap) -> str:
        if gap.kind is not GapKind.LOADER or not self._foreign(gap):
            return gap.text
        asker = self._original.programs.elves.get(gap.by.lstrip("/"))
        linked = (libc_of(asker) if asker is not None else None) or "another C library"
        return (
            f"{gap.by} was linked against {linked} (asks for {clipped(gap.wanted, 100)}), and the base is "
            f"{clipped(self._libc, 20)}'s; the kernel would say `no such file or directory`"
        )


def _joined(base: Mapping[str, _Value], mine: Mapping[str, _Value], paths: Mapping[str, str]) -> dict[str, _Value]:
    kept = {path: value for path, value in base.items() if path not in paths}
    return kept | {path: mine[source] for path, source in paths.items() if source in mine}
