"""What the original opened and started while it ran, by strace's word, and what of that a candidate lacks.

No closure shows these: a library that is loaded by name, data that a program reads, a program that another one starts.
Format of the lines: strace(1), with -f -y -z.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped, shown_path
from weighbridge.core.proof.filesystem import FileSystem
from weighbridge.core.proof.linker import Linker
from weighbridge.model.behaviour import Opened
from weighbridge.model.files import Kind
from weighbridge.model.fix import Check, Gap, GapKind, Outcome, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.core.proof.closure import Side

_MAX_PATHS = 20_000
_MAX_LINE = 16_384
_SHOWN = 12
_LINE = re.compile(r"(\d+)\s+(.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
_UNFINISHED = " <unfinished ...>"
_OPENED = re.compile(r"(?:open|openat|openat2|creat)\(.* = \d+<(/.*)>", re.DOTALL)
_STARTED = re.compile(r'execve\("((?:[^"\\]|\\.)+)".* = 0', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
# What the engine mounts, what a loader or libc keeps for itself, what any locale is made of.
_NOT_ASKED = re.compile(
    r"(?:proc|sys|dev|run|tmp|var/tmp|var/run|\.weighbridge)/|etc/(?:hosts|hostname|resolv\.conf|mtab|ld\.so\.\w+|nsswitch\.conf)$"
    r"|(?:usr/)?lib(?:64|/[\w-]+)?/gconv/|usr/(?:lib|share)/locale/|(?:.*/)?(?:libnss_[\w-]+|libgcc_s)\.so\.\d+$|.*\.pyc$"
)


def read_trace(log: bytes) -> Opened:
    """What a log of strace tells. Lines that say something else, or nothing that is understood, are left out."""
    files: dict[str, None] = {}
    programs: dict[str, None] = {}
    unfinished: dict[str, str] = {}
    for raw in log.split(b"\n"):
        found = _LINE.match(raw[:_MAX_LINE].decode("latin-1"))
        if found is None:
            continue
        process, text = found[1], found[2]
        if text.endswith(_UNFINISHED):
            unfinished[process] = text.removesuffix(_UNFINISHED)
            continue
        if resumed := _RESUMED.match(text):
            text = unfinished.pop(process, "") + text[resumed.end() :]
        if (path := _OPENED.fullmatch(text)) is not None and "O_CREAT" not in text and len(files) < _MAX_PATHS:
            files[_unescaped(path[1])] = None
        elif (path := _STARTED.fullmatch(text)) is not None and len(programs) < _MAX_PATHS:
            programs[_unescaped(path[1])] = None
    return Opened(files=tuple(files), programs=tuple(programs))


def _unescaped(text: str) -> str:
    """The path that strace writes with C's escapes."""

    def letter(found: re.Match[str]) -> str:
        if found[1] or found[2]:
            return chr(int(found[1], 8) & 0xFF if found[1] else int(found[2], 16))
        return _LETTERS.get(found[3], found[3])

    return _ESCAPE.sub(letter, text).encode("latin-1").decode("utf-8", "surrogateescape")


def check_opened(opened: Opened, original: Side, candidate: Side) -> tuple[Check, tuple[Gap, ...]]:
    """Part of the third rung: whether a candidate has what the original opened and started, and what it lacks."""
    files = _Compared(opened, original, candidate)
    gaps = (*files.programs(), *files.data())
    if gaps:
        more = (f"and {len(gaps) - _SHOWN} more",) if len(gaps) > _SHOWN else ()
        texts = tuple(gap.text for gap in gaps[:_SHOWN])
        return Check(step=Step.CLOSURE, outcome=Outcome.FAILED, details=(*texts, *more)), gaps
    said = f"it has what the original was seen to open and to start: {len(files.wanted)} files of the image"
    return Check(step=Step.CLOSURE, outcome=Outcome.PASSED, details=(said,)), ()


class _Compared:
    def __init__(self, opened: Opened, original: Side, candidate: Side) -> None:
        self._opened = opened
        self._original = FileSystem(original.programs, original.config)
        self._candidate = FileSystem(candidate.programs, candidate.config)
        self._names = {path.rpartition("/")[2] for path in (*candidate.programs.elves, *candidate.programs.links)}
        self._names |= {elf.soname for elf in candidate.programs.elves.values() if elf.soname}
        self.wanted = tuple(self._wanted())

    def programs(self) -> Iterator[Gap]:
        """What was started and cannot be."""
        folder = self._original.config.working_directory or "/"
        for name in self._opened.programs:
            source = self._original.executable(name, relative_to=folder)
            there = self._candidate.executable(name, relative_to=folder)
            if source is not None and there is None and self._candidate.which(name.rpartition("/")[2]) is None:
                text = f"the original starts {shown_path(name)} while it runs, which {self._candidate.name} lacks"
                yield Gap(kind=GapKind.PROGRAM, by="the run", wanted=name, source=source, text=text)

    def data(self) -> Iterator[Gap]:
        """What was opened and is not there. Libraries that are linked are the closure's."""
        linked = self._linked()
        for path in self.wanted:
            elf = self._original.programs.elves.get(path)
            name = path.rpartition("/")[2]
            if elf is not None and (path in linked or elf.soname in self._names or name in self._names):
                continue
            if self._candidate.facts(path) is not None:
                continue
            kind = GapKind.LIBRARY if elf is not None and elf.soname else GapKind.FILE
            wanted = elf.soname or name if elf is not None and elf.soname else f"/{path}"
            text = f"the original opens {shown_path(path)} while it runs, which {self._candidate.name} lacks"
            yield Gap(kind=kind, by="the run", wanted=clipped(wanted, 4_000), source=path, text=text)

    def _wanted(self) -> Iterator[str]:
        """The regular files of the original's image among what was opened."""
        files = self._original.programs.files
        for path in dict.fromkeys(each.lstrip("/") for each in self._opened.files):
            facts = files.get(path)
            if facts is not None and facts.kind in (Kind.FILE, Kind.HARDLINK) and not _NOT_ASKED.match(path):
                yield path

    def _linked(self) -> frozenset[str]:
        """Libraries that come because a program or library names them: who needs none of it any more lacks nothing."""
        elves = self._original.programs.elves
        started = (self._original.resolve(name) or "" for name in self._opened.programs)
        linker = Linker(self._original)
        roots: Iterable[str] = (path for path in (*started, *self.wanted) if path in elves)
        return frozenset(library.path for path in dict.fromkeys(roots) for library in linker.loaded(elves[path])[1:])
