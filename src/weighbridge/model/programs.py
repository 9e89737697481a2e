"""What the files of an image need in order to run: programs, their libraries and interpreters, and who is who."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - fields of values that are made from it
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.files import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBuild:
    """What a Go program says of its own build (`go version -m`). `cgo` None where it does not say."""

    version: str
    module: str
    cgo: bool | None


class Mention(StrEnum):
    """What a program's text shows that it may want at run time, beyond its libraries.

    CERTIFICATES: it names where certificates lie. Of Go programs alone it is known that they look time zones up by name
    (TIME_ZONES), bring zones of their own (OWN_TIME_ZONES), make temporary files (TEMPORARY_FILES), can start other
    programs (PROGRAMS), or call C for more than what Go's own library can do without it (FOREIGN_CODE).
    """

    CERTIFICATES = "certificates"
    TIME_ZONES = "time-zones"
    OWN_TIME_ZONES = "own-time-zones"
    TEMPORARY_FILES = "temporary-files"
    PROGRAMS = "programs"
    FOREIGN_CODE = "foreign-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elf:
    """One ELF file. Paths are as the file has them, `$ORIGIN` unexpanded.

    `machine` is the architecture's name in ELF (`EM_X86_64`), `bits` 32 or 64. `interpreter` is PT_INTERP, None for a
    static program and for a library. `needed` are DT_NEEDED names; `search` the directories of DT_RUNPATH, else
    DT_RPATH; the latter (`inherited_search`) hold for the libraries of its libraries too. `versions` are the symbol
    versions that it asks of a library (`libc.so.6`, `GLIBC_2.34`), `provides` those that it defines. `executable` is
    true for programs, position independent ones too. `debug_bytes` is what stripping it would take away.
    """

    path: str
    size: int
    machine: str
    bits: int
    executable: bool
    interpreter: str | None = None
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    inherited_search: bool = False
    soname: str | None = None
    versions: tuple[tuple[str, str], ...] = ()
    provides: tuple[str, ...] = ()
    stripped: bool = True
    debug_bytes: int = 0
    go: GoBuild | None = None
    mentions: frozenset[Mention] = frozenset()

    @property
    def static(self) -> bool:
        """Whether the kernel alone can start it."""
        return self.executable and self.interpreter is None and not self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What one final file system holds, as far as running it is concerned. Paths have no leading slash.

    `elves` and `scripts` (path → words of its `#!` line) are keyed by the path of the regular file itself, hard links
    by each of their names; `links` are symlinks (path → target as written), so that names can be followed; `files`
    every path with its mode, owner and size; `texts` the small files that configure others (etc/passwd, etc/group,
    etc/ld.so.conf and what it includes, etc/os-release, etc/nsswitch.conf, pyvenv.cfg, *.runtimeconfig.json, …) and
    the shell scripts outside the system's own folders, as bytes. `calls` are, for source files outside those folders
    that start other programs, the words that may be names of programs (see reading.calls).
    """

    elves: Mapping[str, Elf]
    scripts: Mapping[str, tuple[str, ...]]
    links: Mapping[str, str]
    files: Mapping[str, FileFacts]
    texts: Mapping[str, bytes] = field(default_factory=dict)
    calls: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A path's kind, permission bits with setuid and sticky, owner, and bytes (zero for anything but a file)."""

    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
