"""What a stack of layers comes to when it is extracted: told by Python's tarfile and a dict, step by step.

It shares nothing with weighbridge's own reading: slow, simple, and right for every layer that an engine would take.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = {
    tarfile.REGTYPE: "f",
    tarfile.AREGTYPE: "f",
    tarfile.GNUTYPE_SPARSE: "f",
    tarfile.DIRTYPE: "d",
    tarfile.SYMTYPE: "l",
    tarfile.CHRTYPE: "c",
    tarfile.BLKTYPE: "b",
    tarfile.FIFOTYPE: "p",
}


@dataclass(eq=False)
class Inode:
    """What one or more names stand for. Two inodes are the same only if they are one."""

    kind: str
    mode: int = 0o755
    owner: tuple[int, int] = (0, 0)
    size: int = 0
    target: str = ""
    content: str = ""
    layer: int = -1
    implied: bool = False


Files = dict[str, Inode]


def extract(layers: Sequence[bytes]) -> Files:
    """The final file system by path, oldest layer first; directories that no layer names are marked as implied."""
    files: Files = {}
    for number, data in enumerate(layers):
        with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as tar:
            members = [(posixpath.normpath(member.name).lstrip("/"), member, _content(tar, member)) for member in tar]
        own: Files = {}
        for name, _, _ in members:
            _hide(files, name)
        for name, member, content in members:
            if not posixpath.basename(name).startswith(".wh.") and name != ".":
                path = _through_links(name, own)
                _put(files, own, path, member, content, number)
    return files


def linked(files: Files) -> set[frozenset[str]]:
    """The names of each file that has several."""
    names: dict[int, set[str]] = {}
    for path, inode in files.items():
        names.setdefault(id(inode), set()).add(path)
    return {frozenset(paths) for paths in names.values() if len(paths) > 1}


def total(files: Files) -> int:
    """Bytes, each inode counted once."""
    return sum({id(inode): inode.size for inode in files.values()}.values())


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    reader = tar.extractfile(member) if member.isreg() else None
    return hashlib.sha256(reader.read()).hexdigest() if reader else ""


def _hide(files: Files, name: str) -> None:
    folder, base = posixpath.split(name)
    if base == ".wh..wh..opq":
        _take_away(files, folder, itself=False)
        _folders(files, folder)
    elif base.startswith(".wh.") and not base.startswith(".wh..wh."):
        _take_away(files, posixpath.join(folder, base[len(".wh.") :]), itself=True)
        _folders(files, folder)


def _put(files: Files, own: Files, path: str, member: tarfile.TarInfo, content: str, number: int) -> None:
    _folders(files, posixpath.dirname(path))
    there = files.get(path)
    if there is not None and not (there.kind == "d" and member.isdir()):
        _take_away(files, path, itself=True)
    if member.islnk():
        inode = own[_through_links(posixpath.normpath(member.linkname).lstrip("/"), own)]
    else:
        inode = Inode(
            kind=_KINDS[member.type],
            mode=member.mode,
            owner=(member.uid, member.gid),
            size=member.size if member.isreg() else 0,
            target=member.linkname if member.issym() else "",
            content=content,
            layer=number,
        )
    files[path] = own[path] = inode


def _folders(files: Files, path: str) -> None:
    """Every directory on the way exists; a file in its place gives way."""
    while path:
        there = files.get(path)
        if there is None or there.kind != "d":
            files[path] = Inode(kind="d", implied=True)
        path = posixpath.dirname(path)


def _take_away(files: Files, path: str, *, itself: bool) -> None:
    below = f"{path}/" if path else ""
    for name in [name for name in files if name.startswith(below)]:
        del files[name]
    if itself:
        files.pop(path, None)


def _through_links(path: str, own: Files) -> str:
    """The path with the layer's own symlinks above it followed."""
    done = ""
    parts = path.split("/")
    while len(parts) > 1:
        part, *parts = parts
        done = posixpath.normpath(posixpath.join("/", done, part)).lstrip("/")
        there = own.get(done)
        if there is not None and there.kind == "l":
            parts = [*there.target.split("/"), *parts]
            done = "" if there.target.startswith("/") else posixpath.dirname(done)
    return posixpath.join(done, parts[0])
