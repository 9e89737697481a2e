"""What a program was seen to miss, as lines that bring exactly that along from the stage that has it."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from weighbridge.core.fixes.needs import library_packages
from weighbridge.core.fixes.split import Copy, owner_of
from weighbridge.core.proof.linker import Linker
from weighbridge.core.proof.needs import OPENSSL_FILE
from weighbridge.model.files import Kind
from weighbridge.model.fix import GapKind
from weighbridge.model.packages import Ecosystem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.core.proof.filesystem import FileSystem
    from weighbridge.model.fix import Gap
    from weighbridge.model.image import Image
    from weighbridge.model.programs import Elf

_ZONES = "/usr/share/zoneinfo"
# A language is more than its interpreter; its own library would be left behind.
_LANGUAGES = ("python", "perl", "ruby", "node", "php", "java", "lua", "tclsh", "Rscript", "guile")
# Where every loader looks without being told.
_LOADER_FOLDERS = ("lib/", "lib64/", "usr/lib/", "usr/lib64/")
_EVERYWHERE = "/usr/lib"


class Unmendable(Exception):
    """A gap that no copied file closes."""


@dataclass(frozen=True)
class Provisions:
    """Lines for the second stage, by what two file systems tell: the original's, and the candidate's as it was."""

    original: FileSystem
    candidate: FileSystem

    def copies(self, gaps: Iterable[Gap]) -> tuple[Copy, ...]:
        """What closes all of the gaps. Raises Unmendable where one of them is not closed by files."""
        found = tuple(dict.fromkeys(copy for gap in gaps for copy in self._copies(gap)))
        return tuple(_gathered(found))

    def packages(self, gaps: Iterable[Gap], image: Image) -> dict[Gap, str]:
        """The package that closes a gap, for those that one closes, where the candidate can install it."""
        if self.candidate.which("apt-get") is None:
            return {}
        installed = {each.name.partition(":")[0] for each in image.packages if each.ecosystem is Ecosystem.APT}
        named = ((gap, _package(gap, image)) for gap in gaps)
        return {gap: name for gap, name in named if name is not None and name in installed}

    def commands(self, gaps: Iterable[Gap]) -> tuple[str, ...]:
        """RUN instructions for folders that somebody has to own, where the candidate has a shell for them."""
        folders = [gap for gap in gaps if gap.kind in (GapKind.DIRECTORY, GapKind.PERMISSION)]
        return tuple(dict.fromkeys(self._making(gap) for gap in folders)) if self._has_shell else ()

    def _copies(self, gap: Gap) -> Iterator[Copy]:
        match gap.kind:
            case GapKind.LIBRARY:
                yield from self._library(gap)
            case GapKind.CERTIFICATES | GapKind.LOCALE | GapKind.FILE:
                yield self._file(gap)
            case GapKind.TIME_ZONES:
                path = "/etc/localtime" if gap.by == "/etc/localtime" else _ZONES
                yield Copy(sources=(path,), destination=path)
            case GapKind.USER:
                yield Copy(sources=("/etc/passwd", "/etc/group"), destination="/etc/")
            case GapKind.TEMPORARY:
                yield self._temporary()
            case GapKind.DIRECTORY | GapKind.PERMISSION:
                if not self._has_shell:
                    yield self._folder(gap)
            case GapKind.COMMAND | GapKind.SHELL | GapKind.INTERPRETER | GapKind.HEALTH_TOOL | GapKind.PROGRAM:
                yield from self._program(gap)
            case GapKind.LOADER | GapKind.VERSION | GapKind.MACHINE:
                raise Unmendable(gap.text)

    def _file(self, gap: Gap) -> Copy:
        """A file or folder to where it is asked for; where links led to it, to where it lies."""
        if gap.source is None:
            raise Unmendable(gap.text)
        if gap.wanted == f"/{OPENSSL_FILE}":
            # The bundle is what OpenSSL reads there, too.
            return Copy(sources=(f"/{gap.source}",), destination=gap.wanted)
        path = gap.wanted if gap.kind is GapKind.CERTIFICATES or gap.wanted.startswith("/") else f"/{gap.source}"
        if gap.kind is GapKind.LOCALE or self.original.resolve(path) != gap.source:
            path = f"/{gap.source}"
        return Copy(sources=(path,), destination=path)

    def _library(self, gap: Gap) -> Iterator[Copy]:
        elf = None if gap.source is None else self.original.programs.elves.get(gap.source)
        if elf is None or "/" in gap.wanted:
            raise Unmendable(gap.text)
        yield self._placed(elf, gap.wanted)
        yield from self._libraries(elf)

    def _libraries(self, elf: Elf) -> Iterator[Copy]:
        """What a file loads in the original, as far as the candidate has nothing by that name."""
        there = {path.rpartition("/")[2] for path in (*self.candidate.programs.elves, *self.candidate.programs.links)}
        for library in Linker(self.original).loaded(elf)[1:]:
            name = library.soname or library.path.rpartition("/")[2]
            if name not in there:
                yield self._placed(library, name)

    def _placed(self, library: Elf, name: str) -> Copy:
        """A library under the name that it is asked for by, in a folder where the loader looks."""
        folder, _, own = library.path.rpartition("/")
        named = f"{folder}/{name}"
        source = named if self.original.resolve(named) == library.path else f"{folder}/{own}"
        target = f"/{folder}" if library.path.startswith(_LOADER_FOLDERS) else _EVERYWHERE
        return Copy(sources=(f"/{source}",), destination=f"{target}/{name}")

    def _program(self, gap: Gap) -> Iterator[Copy]:
        name = gap.wanted.rpartition("/")[2]
        if gap.source is None or name.startswith(_LANGUAGES):
            raise Unmendable(gap.text)
        elf = self.original.programs.elves.get(gap.source)
        if elf is not None and elf.interpreter is not None and self.candidate.libc is not self.original.libc:
            raise Unmendable(gap.text)
        path = self._called_by(gap.wanted, gap.source)
        yield Copy(sources=(path,), destination=path)
        if elf is not None:
            yield from self._libraries(elf)

    def _called_by(self, wanted: str, source: str) -> str:
        """The path by which a program is found, links not followed: some do what their name says."""
        if "/" in wanted:
            return posixpath.normpath(posixpath.join("/", self.original.config.working_directory, wanted))
        folders = (folder for folder in self.original.search_path if folder.startswith("/"))
        found = (f"{folder}/{wanted}" for folder in folders if self.original.executable(f"{folder}/{wanted}") == source)
        return posixpath.normpath(next(found, f"/{source}"))

    def _temporary(self) -> Copy:
        """An empty folder that belongs to the user: modes of folders are not copied, owners are."""
        source = next((path for path in ("tmp", "var/tmp") if path in self._empty_folders), None) or self._any_empty
        ids = self.original.user_ids(self.original.config.user)
        owner = None if ids is None else owner_of(ids[0], min(ids[1], default=0))
        return Copy(sources=(f"/{source}",), destination="/tmp", owner=owner)  # noqa: S108 - the image's, not ours

    def _folder(self, gap: Gap) -> Copy:
        facts = None if gap.source is None else self.original.programs.files.get(gap.source)
        if facts is None:
            raise Unmendable(gap.text)
        source = gap.source if gap.source in self._empty_folders else self._any_empty
        return Copy(
            sources=(f"/{source}",), destination=posixpath.normpath(gap.wanted), owner=owner_of(facts.uid, facts.gid)
        )

    def _making(self, gap: Gap) -> str:
        facts = None if gap.source is None else self.original.programs.files.get(gap.source)
        if facts is None:
            raise Unmendable(gap.text)
        path = shlex.quote(posixpath.normpath(gap.wanted))
        return f"RUN mkdir -p {path} && chown {facts.uid}:{facts.gid} {path}"

    @cached_property
    def _has_shell(self) -> bool:
        names = ("/bin/sh", "mkdir", "chown")
        return all((self.candidate.which(name)) is not None for name in names)

    @cached_property
    def _any_empty(self) -> str:
        usual = ("srv", "mnt", "media", "opt", "home", "var/tmp", "tmp", "boot")
        found = next((path for path in usual if path in self._empty_folders), None)
        if found is None:
            raise Unmendable("no folder of the original is empty")
        return found

    @cached_property
    def _empty_folders(self) -> frozenset[str]:
        files = self.original.programs.files
        holding = {path.rpartition("/")[0] for path in files}
        return frozenset(path for path, facts in files.items() if facts.kind is Kind.DIRECTORY and path not in holding)


def _package(gap: Gap, image: Image) -> str | None:
    match gap.kind:
        case GapKind.LIBRARY:
            return next(iter(library_packages([gap.wanted], image)[0]), None)
        case GapKind.CERTIFICATES:
            return "ca-certificates" if gap.wanted != f"/{OPENSSL_FILE}" else None
        case GapKind.TIME_ZONES:
            return "tzdata"
        case GapKind.PROGRAM | GapKind.HEALTH_TOOL | GapKind.COMMAND:
            return gap.wanted.rpartition("/")[2]
        case _:
            return None


def _gathered(found: tuple[Copy, ...]) -> Iterator[Copy]:
    """The same with what goes to one folder under its own name as one instruction."""
    done: set[str] = set()
    for copy in found:
        folder = _folder_of(copy)
        if folder is None:
            yield copy
        elif folder not in done:
            done.add(folder)
            sources = tuple(each.sources[0] for each in found if _folder_of(each) == folder)
            yield Copy(sources=sources, destination=f"{folder.rstrip('/')}/") if len(sources) > 1 else copy


def _folder_of(copy: Copy) -> str | None:
    """The folder that a file keeps its name in; None for everything else, folders among it."""
    if len(copy.sources) > 1 or copy.owner is not None:
        return None
    folder, _, name = copy.destination.rpartition("/")
    same = copy.sources[0].rpartition("/")[2] == name
    # What a folder holds would be poured out.
    return folder or None if same and ".so" in name else None
