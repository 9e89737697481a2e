"""What the files of an image need in order to run: programs, their libraries and interpreters, and who is who."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - fields of values that are made from it
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBuild:
    """What a Go program says of its own build (`go version -m`). `cgo` None where it does not say."""

    version: str
    module: str
    cgo: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elf:
    """One ELF file. Paths are as the file has them, `$ORIGIN` unexpanded.

    `machine` is the architecture's name in ELF (`EM_X86_64`), `bits` 32 or 64. `interpreter` is PT_INTERP, None for a
    static program and for a library. `needed` are DT_NEEDED names; `search` the directories of DT_RUNPATH, else
    DT_RPATH. `versions` are the symbol versions that it asks of a library (`libc.so.6` → `GLIBC_2.34`), `provides`
    those that it defines. `executable` is true for programs, position independent ones too.
    """

    path: str
    size: int
    machine: str
    bits: int
    executable: bool
    interpreter: str | None = None
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    soname: str | None = None
    versions: tuple[tuple[str, str], ...] = ()
    provides: tuple[str, ...] = ()
    stripped: bool = True
    debug_bytes: int = 0
    go: GoBuild | None = None

    @property
    def static(self) -> bool:
        """Whether the kernel alone can start it."""
        return self.executable and self.interpreter is None and not self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What one final file system holds, as far as running it is concerned. Paths have no leading slash.

    `elves` and `scripts` (path → words of its `#!` line) are keyed by the path of the regular file itself; `links`
    are symlinks (path → target as written), so that names can be followed; `files` every path with its mode, owner
    and size; `texts` the small files that configure others (etc/passwd, etc/group, etc/ld.so.conf and what it includes,
    etc/os-release, etc/nsswitch.conf, pyvenv.cfg, …), as bytes.
    """

    elves: Mapping[str, Elf]
    scripts: Mapping[str, tuple[str, ...]]
    links: Mapping[str, str]
    files: Mapping[str, FileFacts]
    texts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A path's kind (a letter, see model.files.Kind), permission bits with setuid and sticky, owner, and bytes."""

    kind: str
    mode: int
    uid: int
    gid: int
    size: int
