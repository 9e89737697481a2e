r"""Layers as text, written out as real tar bytes. The writer is the tests' own: it can also lie.

One entry a line; `#` begins a comment line:

    etc/                        a directory
    etc/passwd 100              a file of 100 bytes, which its path and `fill=` decide
    etc/motd = hello\n          a file with this content
    etc/b => etc/passwd         a hard link
    lib -> usr/lib              a symlink
    - etc/old                   a whiteout
    ! var/cache                 an opaque directory's mark; `! .` for the root
    dev/null char 1:3           a device (or `block`); `run/pipe fifo`
    lastlog 30000 hole=1.0      a sparse file without any data, in GNU's format `old`, `0.0`, `0.1` or `1.0`

Options follow a size or a name: `mode=755 uid=1 gid=2 fill=x long=pax|gnu`. Names, targets and contents take Python's
escapes (`\n`, `\x1b`, `\x20` for a blank); `\xNN` is the byte, so that names need not be UTF-8.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BLOCK = 512
END = bytes(2 * BLOCK)
_TYPES = {"char": b"3", "block": b"4", "fifo": b"6"}
_NO_CONTENT = b"123456"
_CONTENT = re.compile(r"(\S+) = (.*)", re.DOTALL)
_LINK = re.compile(r"(\S+) (=>|->) (\S+)(.*)")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry. `content` is what is stored; `hole` is how many bytes of nothing follow it in a sparse file."""

    name: bytes
    typeflag: bytes = b"0"
    content: bytes = b""
    link: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    device: tuple[int, int] = (0, 0)
    long: str = "pax"
    hole: int = 0
    sparse: str = ""

    @property
    def path(self) -> str:
        """The name as models keep it."""
        return self.name.decode("utf-8", "surrogateescape").rstrip("/")


def layer(text: str) -> tuple[Item, ...]:
    """The entries that the text names, in its order."""
    lines = (line.strip() for line in text.split("\n"))
    return tuple(_item(line) for line in lines if line and not line.startswith("#"))


def file(path: str, content: bytes = b"", **options: int | str) -> Item:
    """A file whose path needs no escapes."""
    return Item(name=path.encode("utf-8", "surrogateescape"), content=content, **options)  # type: ignore[arg-type]


def tar(items: Iterable[Item], *, end: bytes = END) -> bytes:
    """A whole tar archive."""
    return b"".join(map(member, items)) + end


def member(item: Item) -> bytes:
    """Headers, content and padding of one entry."""
    records: dict[bytes, bytes] = {}
    name, content, typeflag = item.name, item.content, item.typeflag
    area, real_size = b"", len(content) + item.hole
    if item.sparse == "old":
        # One piece of data at the front, an empty one at the end; the area is what GNU has instead of a prefix.
        pieces = b"".join(_number(number, 12) for number in (0, len(content), real_size, 0))
        area = bytes(41) + pieces + bytes(48) + b"\0" + _number(real_size, 12)
        typeflag = b"S"
    elif item.sparse:
        records |= _sparse_records(item, real_size)
        if item.sparse == "1.0":
            name = b"GNUSparseFile.0/" + name[:60]
            pieces = f"2\n0\n{len(content)}\n{real_size}\n0\n".encode()
            content = pieces.ljust(BLOCK, b"\0") + content
    long = b""
    if item.long == "gnu":
        long = _long(b"L", name) + _long(b"K", item.link)
    elif item.long == "pax":
        records |= {key: text for key, text in ((b"path", name), (b"linkpath", item.link)) if _needs_pax(text)}
        if item.sparse == "1.0":
            records.pop(b"path", None)
    return (
        pax(records)
        + long
        + header(
            name[:100],
            typeflag,
            len(content),
            link=item.link[:100],
            mode=item.mode,
            owner=(item.uid, item.gid),
            device=item.device,
            area=area,
        )
        + padded(content)
    )


def header(
    name: bytes,
    typeflag: bytes = b"0",
    size: int | bytes = 0,
    *,
    link: bytes = b"",
    mode: int = 0o644,
    owner: tuple[int, int] = (0, 0),
    device: tuple[int, int] = (0, 0),
    area: bytes = b"",
    checksum: int | None = None,
) -> bytes:
    """One header block. `size` as bytes is written as it is; `area` is what stands from byte 345 on."""
    magic = b"ustar  \0" if area else b"ustar\x0000"
    field = size if isinstance(size, bytes) else _number(size, 12)
    parts = [
        name.ljust(100, b"\0"), _number(mode, 8), _number(owner[0], 8), _number(owner[1], 8), field, _octal(0, 12),
        b" " * 8, typeflag, link.ljust(100, b"\0"), magic, bytes(64), _octal(device[0], 8), _octal(device[1], 8), area,
    ]  # fmt: skip
    block = b"".join(parts).ljust(BLOCK, b"\0")
    total = sum(block) if checksum is None else checksum
    return block[:148] + f"{total:06o}\0 ".encode() + block[156:]


def pax(records: Mapping[bytes, bytes], typeflag: bytes = b"x") -> bytes:
    """An extended header with these records; nothing where there are none."""
    return pax_text(b"".join(_record(key, value) for key, value in records.items()), typeflag) if records else b""


def pax_text(text: bytes, typeflag: bytes = b"x") -> bytes:
    """An extended header that holds the text, records or not."""
    return header(b"pax", typeflag, len(text)) + padded(text)


def padded(content: bytes) -> bytes:
    """Content up to the end of its last block."""
    return content + bytes(-len(content) % BLOCK)


def filled(path: str, size: int, fill: str = "") -> bytes:
    """The content of a file that is written down by its size: random to look at, always the same."""
    return hashlib.shake_128(f"{fill or path}".encode("utf-8", "surrogateescape")).digest(size)


def _item(line: str) -> Item:
    if line.startswith("! "):
        return Item(name=_bytes(line[2:]) + b"/.wh..wh..opq", mode=0)
    if line.startswith("- "):
        folder, slash, gone = line[2:].rpartition("/")
        return Item(name=_bytes(f"{folder}{slash}.wh.{gone}"), mode=0)
    if found := _CONTENT.fullmatch(line):
        return Item(name=_bytes(found[1]), content=_bytes(found[2]))
    if found := _LINK.fullmatch(line):
        typeflag, mode = (b"1", 0o644) if found[2] == "=>" else (b"2", 0o777)
        given = {"mode": mode, **_options(found[4].split())}
        return Item(name=_bytes(found[1]), typeflag=typeflag, link=_bytes(found[3]), **given)  # type: ignore[arg-type]
    name, *words = line.split()
    if name.endswith("/"):
        return Item(name=_bytes(name), typeflag=b"5", **{"mode": 0o755, **_options(words)})  # type: ignore[arg-type]
    if words and words[0] in _TYPES:
        major, _, minor = (words[1] if len(words) > 1 else "0:0").partition(":")
        return Item(name=_bytes(name), typeflag=_TYPES[words[0]], device=(int(major), int(minor)))
    return _file(name, int(words[0]), words[1:])


def _file(name: str, size: int, words: list[str]) -> Item:
    options = _options(words)
    fill, sparse = str(options.pop("fill", "")), str(options.pop("hole", ""))
    content = b"" if sparse else filled(name, size, fill)
    return Item(
        name=_bytes(name), content=content, hole=size if sparse else 0, sparse=sparse, **options  # type: ignore[arg-type]
    )  # fmt: skip


def _options(words: Iterable[str]) -> dict[str, int | str]:
    options: dict[str, int | str] = {}
    for word in words:
        key, _, value = word.partition("=")
        options[key] = value if key in ("fill", "long", "hole") else int(value, 8 if key == "mode" else 10)
    return options


def _bytes(text: str) -> bytes:
    """Escapes resolved: `\\xNN` as that byte, everything else as UTF-8."""
    parts = re.split(r"(\\x[0-9a-f]{2}|\\n|\\t|\\\\)", text)
    plain = {"\\n": b"\n", "\\t": b"\t", "\\\\": b"\\"}
    return b"".join(
        plain.get(part) or bytes.fromhex(part[2:]) if re.fullmatch(r"\\(x..|n|t|\\)", part) else part.encode()
        for part in parts
    )


def _sparse_records(item: Item, real_size: int) -> dict[bytes, bytes]:
    stored, whole = str(len(item.content)).encode(), str(real_size).encode()
    if item.sparse == "1.0":
        return {
            b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.name": item.name,
            b"GNU.sparse.realsize": whole,
        }  # fmt: skip
    if item.sparse == "0.1":
        return {
            b"GNU.sparse.size": whole, b"GNU.sparse.numblocks": b"1", b"GNU.sparse.name": item.name,
            b"GNU.sparse.map": b"0," + stored,
        }  # fmt: skip
    return {
        b"GNU.sparse.size": whole, b"GNU.sparse.numblocks": b"1", b"GNU.sparse.offset": b"0",
        b"GNU.sparse.numbytes": stored,
    }  # fmt: skip


def _needs_pax(text: bytes) -> bool:
    return len(text) > 100 or not text.isascii()


def _long(typeflag: bytes, text: bytes) -> bytes:
    if len(text) < 100:
        return b""
    return header(b"././@LongLink", typeflag, len(text) + 1) + padded(text + b"\0")


def _record(key: bytes, value: bytes) -> bytes:
    """`LENGTH KEY=VALUE\\n`, where the length counts its own digits."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _octal(number: int, width: int) -> bytes:
    return f"{number:0{width - 1}o}\0".encode()


def _number(number: int, width: int) -> bytes:
    """Octal, or GNU's base-256 where that does not fit."""
    if 0 <= number < 8 ** (width - 1):
        return _octal(number, width)
    first = b"\xff" if number < 0 else b"\x80"
    return first + (number % (1 << (8 * (width - 1)))).to_bytes(width - 1, "big")
