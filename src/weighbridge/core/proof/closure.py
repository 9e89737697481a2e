"""Whether a candidate's file system holds all that what stays in it asks for.

Blamed is only what the original has: a file that did not find its libraries there is none the worse without them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped, shown_path
from weighbridge.core.proof.filesystem import FileSystem, is_own, libc_of
from weighbridge.core.proof.linker import Linker, Unmet
from weighbridge.core.proof.needs import find_needs
from weighbridge.core.proof.starting import SHELLS, env_target, started
from weighbridge.model.fix import Check, Gap, GapKind, Outcome, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.core.proof.starting import Started
    from weighbridge.model.image import ImageConfig
    from weighbridge.model.programs import Elf, Programs

_SHOWN = 12
_MAX_GAPS = 200
_WINDOWS = "/lib-dynload/_tkinter."
# Scripts in Python's own library are for who builds extensions or the library itself: nothing in it starts them.
_PYTHONS_OWN = re.compile(r"usr/local/lib/python3\.\d+/(?!site-packages/)")
# Java's, which comes with every JRE and without what it draws by: an image without windows has no such libraries.
_JAVA_WINDOWS = ("/lib/libawt_xawt.so", "/lib/libsplashscreen.so", "/lib/libjawt.so")
_PACKAGES = "var/lib/dpkg/status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One image's file system and configuration."""

    programs: Programs
    config: ImageConfig


def check_closure(original: Side, candidate: Side) -> Check:
    """The third rung."""
    gaps = find_gaps(original, candidate)
    if gaps:
        texts = tuple(dict.fromkeys(gap.text for gap in gaps))
        more = (f"and {len(texts) - _SHOWN} more",) if len(texts) > _SHOWN else ()
        return Check(step=Step.CLOSURE, outcome=Outcome.FAILED, details=(*texts[:_SHOWN], *more))
    return Check(step=Step.CLOSURE, outcome=Outcome.PASSED, details=tuple(_summary(candidate)))


def find_gaps(original: Side, candidate: Side) -> tuple[Gap, ...]:
    """Everything that is missing, the most telling first; empty where the file system closes."""
    closure = _Closure(FileSystem(original.programs, original.config), FileSystem(candidate.programs, candidate.config))
    found = [*closure.commands(), *closure.files(), *closure.scripts()]
    found += find_needs(closure.original, closure.candidate, closure.staying)
    return tuple(dict.fromkeys(found))[:_MAX_GAPS]


def _summary(candidate: Side) -> Iterator[str]:
    files = FileSystem(candidate.programs, candidate.config)
    dynamic = sum(elf.interpreter is not None for elf in candidate.programs.elves.values())
    yield (
        f"{len(candidate.programs.elves)} programs and libraries, {dynamic} of them with a loader, "
        f"and {len(candidate.programs.scripts)} scripts find what they ask for on {files.name}"
    )
    for each in started(files):
        elf = None if each.path is None else candidate.programs.elves.get(each.path)
        if elf is not None and elf.static and each.certain:
            yield f"{shown_path(elf.path)} is static: the kernel alone can start it"


class _Closure:
    def __init__(self, original: FileSystem, candidate: FileSystem) -> None:
        self.original = original
        self.candidate = candidate
        self._linker = Linker(candidate)
        self._original_linker = Linker(original)

    @cached_property
    def _started(self) -> tuple[Started, ...]:
        return started(self.candidate)

    @cached_property
    def _reached(self) -> Mapping[str, Elf]:
        """The ELF files that are started, with their libraries."""
        found: dict[str, Elf] = {}
        for each in self._started:
            elf = self.candidate.elf(each.path) if each.path is not None else None
            if elf is not None and elf.path not in found:
                found |= {loaded.path: loaded for loaded in self._linker.loaded(elf)}
        return found

    @cached_property
    def staying(self) -> tuple[Elf, ...]:
        """The ELF files that are the image's own, or are reached from what is started."""
        own = {path: elf for path, elf in self.candidate.programs.elves.items() if is_own(path)}
        return tuple({**self._reached, **own}.values())

    @cached_property
    def _moved(self) -> Mapping[tuple[str, tuple[str, ...]], Elf]:
        """The original's ELF files by name and libraries: so one that moved, or was stripped, is known again."""
        return {(path.rpartition("/")[2], elf.needed): elf for path, elf in self.original.programs.elves.items()}

    def _before(self, elf: Elf) -> Elf | None:
        """The file as the original has it."""
        there = self.original.programs.elves.get(elf.path)
        return there or self._moved.get((elf.path.rpartition("/")[2], elf.needed))

    def commands(self) -> Iterator[Gap]:
        """What is started by name and is not there."""
        for each in self._started:
            if each.path is not None:
                continue
            source = self.original.which(each.name)
            direct = each.certain and each.kind is not GapKind.INTERPRETER
            if source is not None or direct:
                text = _missing_command(each, self.candidate)
                yield Gap(kind=each.kind, by=each.by, wanted=each.name, source=source, text=text)

    def files(self) -> Iterator[Gap]:
        """What ELF files ask for: their loader, their libraries, symbol versions, the right machine."""
        judged = {elf.path: elf for elf in self.staying if not self._is_optional(elf) or elf.path in self._reached}
        judged |= {
            path: elf
            for path, elf in self.candidate.programs.elves.items()
            if self._before(elf) is not None and not self._is_optional(elf)
        }
        machine = self._machine
        for elf in judged.values():
            before = self._before(elf)
            if machine is not None and elf.path in self._reached and (elf.machine, elf.bits) != machine:
                is_for, are_for = _architecture(elf.machine), _architecture(machine[0])
                text = f"{shown_path(elf.path)} is for {is_for}, the original's programs are for {are_for}"
                yield Gap(kind=GapKind.MACHINE, by=shown_path(elf.path), wanted=machine[0], text=text)
            elif elf.interpreter is not None and self.candidate.resolve(elf.interpreter) is None:
                if before is None or before.interpreter is None or self.original.resolve(before.interpreter):
                    yield self._no_loader(elf)
            else:
                yield from self._libraries(elf, before)

    def _is_optional(self, elf: Elf) -> bool:
        """Whether it is a plugin of a distribution's package: what it needs for itself, packages merely recommend.

        Or Python's window toolkit: official slim images have the module without its libraries.
        """
        if _WINDOWS in elf.path:
            return True
        return not elf.executable and not is_own(elf.path) and _PACKAGES in self.candidate.programs.files

    def _libraries(self, elf: Elf, before: Elf | None) -> Iterator[Gap]:
        found = self._linker.unmet(elf)
        if not found:
            return
        excused = () if before is None else self._original_linker.unmet(before)
        known = {(each.library, each.version) for each in excused}
        for unmet in found:
            if elf.path.endswith(_JAVA_WINDOWS) and (before is None or unmet.library not in self._had):
                continue
            if (unmet.library, unmet.version) not in known:
                yield self._unmet(elf, unmet)

    @cached_property
    def _had(self) -> frozenset[str]:
        """Names of the original's libraries."""
        programs = self.original.programs
        return frozenset(path.rpartition("/")[2] for path in (*programs.elves, *programs.links))

    @cached_property
    def _machine(self) -> tuple[str, int] | None:
        """What the original's own command is for."""
        for each in started(self.original):
            elf = self.original.elf(each.path) if each.path is not None else None
            if elf is not None:
                return elf.machine, elf.bits
        return None

    def _no_loader(self, elf: Elf) -> Gap:
        wanted = elf.interpreter or ""
        libc = libc_of(elf)
        linked = (
            f"was linked against {libc} (asks for {clipped(wanted, 100)})"
            if libc
            else f"asks for {clipped(wanted, 100)}"
        )
        text = (
            f"{shown_path(elf.path)} {linked}, which {self.candidate.name} does not have; "
            "the kernel would say `no such file or directory`"
        )
        source = self.original.resolve(wanted)
        return Gap(kind=GapKind.LOADER, by=shown_path(elf.path), wanted=wanted, source=source, text=text)

    def _unmet(self, root: Elf, unmet: Unmet) -> Gap:
        asker = shown_path(unmet.by.path)
        through = "" if unmet.by.path == root.path else f" (which {shown_path(root.path)} loads)"
        library = clipped(unmet.library, 100)
        if unmet.version is not None:
            text = (
                f"{asker}{through} asks {library} for {clipped(unmet.version, 60)}, "
                f"which that of {self.candidate.name} does not have"
            )
            return Gap(kind=GapKind.VERSION, by=asker, wanted=f"{unmet.library} {unmet.version}", text=text)
        where = self._lies(unmet.library)
        if unmet.found is not None:
            why = f"{shown_path(unmet.found)} cannot be used: it is no library for {_architecture(unmet.by.machine)}"
        elif where is not None:
            why = f"it lies at {shown_path(where)}, where the loader does not look (without `ldconfig`)"
        else:
            why = f"{self.candidate.name} does not have it"
        text = f"{asker}{through} needs {library}: {why}"
        return Gap(
            kind=GapKind.LIBRARY, by=asker, wanted=unmet.library, source=self._library_source(root, unmet), text=text
        )

    def _lies(self, name: str) -> str | None:
        ending = f"/{name}"
        both = (self.candidate.programs.elves, self.candidate.programs.links)
        return next((path for paths in both for path in paths if path.endswith(ending)), None)

    def _library_source(self, root: Elf, unmet: Unmet) -> str | None:
        """Where the original finds the library, for the same file."""
        before = self._before(root)
        if before is None:
            return None
        for library in self._original_linker.loaded(before)[1:]:
            if unmet.library in (library.soname, library.path.rpartition("/")[2]):
                return library.path
        return None

    def scripts(self) -> Iterator[Gap]:
        """Scripts that stay and whose interpreter does not."""
        for path, words in self.candidate.programs.scripts.items():
            if self.original.programs.scripts.get(path) != words or not self._is_called(path):
                continue
            wanted = words[0]
            by_name = wanted.rpartition("/")[2] == "env" and env_target(words)
            if by_name:
                wanted = by_name
            source = self.original.which(wanted) if by_name else self.original.executable(wanted)
            found = self.candidate.which(wanted) if by_name else self.candidate.executable(wanted)
            if source is not None and found is None:
                by = shown_path(path)
                text = _missing_interpreter(by, wanted, self.candidate)
                yield Gap(kind=GapKind.INTERPRETER, by=by, wanted=wanted, source=source, text=text)

    def _is_called(self, path: str) -> bool:
        """Whether somebody may start a script: it is executable, and the image's own."""
        facts = self.candidate.programs.files.get(path)
        aside = "/node_modules/" in path or _PYTHONS_OWN.match(path) is not None
        return facts is not None and bool(facts.mode & 0o111) and is_own(path) and not aside


def _missing_command(each: Started, candidate: FileSystem) -> str:
    name = clipped(each.name, 100)
    by = clipped(each.by, 100)
    if each.kind is GapKind.INTERPRETER:
        return _missing_interpreter(by, each.name, candidate)
    if each.kind is GapKind.SHELL:
        return f"{by} is for a shell and needs {name}, which {candidate.name} does not have"
    verb = "calls" if each.kind in (GapKind.HEALTH_TOOL, GapKind.PROGRAM) else "starts"
    if each.name.rpartition("/")[2] in SHELLS and each.kind is GapKind.HEALTH_TOOL:
        return f"{by} needs a shell ({name}), which {candidate.name} does not have"
    return f"{by} {verb} {name}, which {candidate.name} does not have"


def _missing_interpreter(by: str, wanted: str, candidate: FileSystem) -> str:
    return (
        f"{by} asks for {clipped(wanted, 100)}, which {candidate.name} does not have; "
        "the kernel would say `no such file or directory`"
    )


def _architecture(machine: str) -> str:
    return machine.removeprefix("EM_").replace("_", "-").lower()
