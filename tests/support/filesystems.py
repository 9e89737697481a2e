"""Final file systems for tests: real tar bytes, as `docker export` writes them."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.reading.programs import read_programs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.elf import ElfFile
    from weighbridge.model.programs import Programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A path's content or target (`link`, `hard`), mode and owner; nothing of both is a directory."""

    content: bytes | None = None
    link: str | None = None
    hard: str | None = None
    mode: int | None = None
    uid: int = 0
    gid: int = 0


def directory(*, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Node:
    """An empty directory."""
    return Node(mode=mode, uid=uid, gid=gid)


def link(target: str) -> Node:
    """A symlink."""
    return Node(link=target)


def tar_of(tree: Mapping[str, Node | bytes | str | ElfFile]) -> bytes:
    """A tar. Plain values are files of mode 0755; an ElfFile is written out."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, value in _with_parents(tree).items():
            if isinstance(value, Node):
                node = value
            else:
                node = Node(content=value.encode() if isinstance(value, str) else bytes(value))
            info = tarfile.TarInfo(path)
            info.uid, info.gid = node.uid, node.gid
            info.mode = 0o755 if node.mode is None else node.mode
            if node.link is not None:
                info.type, info.linkname = tarfile.SYMTYPE, node.link
            elif node.hard is not None:
                info.type, info.linkname = tarfile.LNKTYPE, node.hard
            elif node.content is None:
                info.type = tarfile.DIRTYPE
            else:
                info.size = len(node.content)
            tar.addfile(info, io.BytesIO(node.content or b""))
    return out.getvalue()


def _with_parents(
    tree: Mapping[str, Node | bytes | str | ElfFile],
) -> Mapping[str, Node | bytes | str | ElfFile]:
    """The tree with the directories that nobody names, as a real file system has them."""
    whole: dict[str, Node | bytes | str | ElfFile] = {}
    for path, value in tree.items():
        parts = path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if parent not in tree and ".." not in parts:
                whole.setdefault(parent, directory())
        whole[path] = value
    return whole


def programs_of(tree: Mapping[str, Node | bytes | str | ElfFile]) -> Programs:
    """What is read of a file system that holds the tree."""
    return read_programs(iter([tar_of(tree)]))
