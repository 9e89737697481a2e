"""A final file system's tar, as `docker export` gives it, to Programs: one pass, one file held at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.errors import MalformedImage
from weighbridge.model.files import Kind
from weighbridge.model.programs import Elf, FileFacts, Programs
from weighbridge.reading.calls import MAX_BYTES as MAX_SOURCE_BYTES
from weighbridge.reading.calls import called_words, may_call
from weighbridge.reading.elf import MAGIC, Content, read_elf
from weighbridge.reading.layer import KINDS, MAX_ENTRIES, normalized
from weighbridge.reading.source import StreamSource
from weighbridge.reading.tar import Member, TarReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_HEAD_BYTES = 256 * 1024 * 1024
MAX_TAIL_BYTES = 8 * 1024 * 1024
MAX_TEXT_BYTES = 256 * 1024
MAX_TEXTS_BYTES = 16 * 1024 * 1024

_START_BYTES = 4096
_MAX_SHEBANG_BYTES = 256
# The engine puts it into every container; the image has none.
_ENGINES_OWN = frozenset({".dockerenv"})
_TEXTS = frozenset(
    {
        "etc/alpine-release",
        "etc/debian_version",
        "etc/group",
        "etc/ld.so.cache",
        "etc/ld.so.conf",
        "etc/nsswitch.conf",
        "etc/os-release",
        "etc/passwd",
        "etc/timezone",
        "usr/lib/os-release",
    }
)
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "busybox", "ksh", "zsh"})
# What distributions and package managers bring; its scripts are not what the image is for.
_SYSTEM = ("bin/", "sbin/", "lib/", "lib64/", "etc/", "proc/", "sys/", "usr/", "var/lib/", "var/cache/")
_OWN = ("usr/local/", "usr/src/", "usr/share/nginx/html/", "etc/service/", "etc/cont-init.d/")
_FOREIGN = ("/node_modules/", "/site-packages/", "/dist-packages/", "/gems/", "/vendor/", "/lib/python")


def read_programs(chunks: Iterator[bytes], on_bytes: Callable[[int], None] | None = None) -> Programs:
    """Reads a whole tar. A file that is damaged is none of a program; a damaged tar raises MalformedImage.

    Memory: one file (at most 264 MiB of it) and the number of the entries.
    """
    return _Reader(TarReader(StreamSource(chunks, on_bytes))).run()


class _Reader:
    def __init__(self, tar: TarReader) -> None:
        self._tar = tar
        self._elves: dict[str, Elf] = {}
        self._scripts: dict[str, tuple[str, ...]] = {}
        self._links: dict[str, str] = {}
        self._files: dict[str, FileFacts] = {}
        self._texts: dict[str, bytes] = {}
        self._calls: dict[str, frozenset[str]] = {}
        self._kept = 0

    def run(self) -> Programs:
        for count, member in enumerate(self._tar):
            if count >= MAX_ENTRIES:
                raise MalformedImage(f"the file system holds more than {MAX_ENTRIES:,} entries")
            self._take(member)
        return Programs(
            elves=self._elves,
            scripts=self._scripts,
            links=self._links,
            files=self._files,
            texts=self._texts,
            calls=self._calls,
        )

    def _take(self, member: Member) -> None:
        path = normalized(member.name)
        kind = KINDS.get(member.typeflag)
        if kind is None or not path or path in _ENGINES_OWN:
            return
        size = member.real_size if kind is Kind.FILE else 0
        self._files[path] = FileFacts(kind=kind, mode=member.mode, uid=member.uid, gid=member.gid, size=size)
        if kind is Kind.SYMLINK:
            self._links[path] = member.link
        elif kind is Kind.HARDLINK:
            self._alias(path, normalized(member.link))
        elif kind is Kind.FILE and member.size:
            self._read(path, member)

    def _alias(self, path: str, target: str) -> None:
        """Another name of a file that came before it."""
        if (elf := self._elves.get(target)) is not None:
            self._elves[path] = replace(elf, path=path)
        if target in self._scripts:
            self._scripts[path] = self._scripts[target]
        if target in self._texts:
            self._texts[path] = self._texts[target]

    def _read(self, path: str, member: Member) -> None:
        start = self._tar.read(_START_BYTES)
        if start.startswith(MAGIC):
            # A sparse file's content is not what stands in the tar.
            if member.real_size == member.size:
                self._read_elf(path, member.size, start)
            return
        words = _shebang(start)
        if words:
            self._scripts[path] = words
        own = _own(path)
        wanted = _is_text(path) or (own and bool(words) and _is_shell(words))
        source = own and may_call(path, words) and member.size <= MAX_SOURCE_BYTES
        if (wanted and member.size <= MAX_TEXT_BYTES) or source:
            content = start + b"".join(self._tar.chunks())
            if wanted:
                self._keep(path, content)
            if source and (called := called_words(path, content, words)):
                self._calls[path] = called

    def _read_elf(self, path: str, size: int, start: bytes) -> None:
        head = bytearray(start)
        tail = b""
        for chunk in self._tar.chunks():
            room = MAX_HEAD_BYTES - len(head)
            head += chunk[:room]
            if len(chunk) > room:
                tail = (tail + chunk[max(room, 0) :])[-MAX_TAIL_BYTES:]
        elf = read_elf(path, Content(size, bytes(head), tail))
        if elf is not None:
            self._elves[path] = elf

    def _keep(self, path: str, content: bytes) -> None:
        if len(content) <= MAX_TEXT_BYTES and self._kept + len(content) <= MAX_TEXTS_BYTES:
            self._kept += len(content)
            self._texts[path] = content


def _shebang(start: bytes) -> tuple[str, ...]:
    """The words of a `#!` line: the interpreter and, as the kernel splits it, at most one argument.

    `env -S` splits further; so all words are given.
    """
    if not start.startswith(b"#!"):
        return ()
    line = start[2:_MAX_SHEBANG_BYTES].split(b"\n", 1)[0].split(b"\0", 1)[0]
    return tuple(line.decode("utf-8", "surrogateescape").split())


def _is_text(path: str) -> bool:
    return (
        path in _TEXTS
        or path.endswith("/pyvenv.cfg")
        or (path.endswith(".runtimeconfig.json") and _own(path))
        or (path.startswith("etc/ld.so.conf.d/") and path.endswith(".conf"))
        or (path.startswith("etc/ld-musl-") and path.endswith(".path"))
    )


def _is_shell(words: tuple[str, ...]) -> bool:
    return any(word.rpartition("/")[2] in _SHELLS for word in words[:2])


def _own(path: str) -> bool:
    """Whether a file is the image's own rather than a distribution's or a dependency's."""
    slashed = f"/{path}"
    if any(part in slashed for part in _FOREIGN):
        return False
    return path.startswith(_OWN) or not path.startswith(_SYSTEM)
