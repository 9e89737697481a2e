"""Edits of files as one unified diff, as `git apply` and `patch -p1` take it."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.fix import FileEdit

_NO_END = "\\ No newline at end of file\n"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_CONTEXT = 3


def patch_of(edits: Sequence[FileEdit]) -> str:
    """The diff; empty where nothing changes. Carriage returns are part of their lines, as git has them."""
    return "".join(part for edit in edits if edit.before != edit.after for part in _file(edit))


def _file(edit: FileEdit) -> Iterator[str]:
    path = _quoted(edit.path)
    old = "/dev/null" if edit.before is None else _quoted(f"a/{edit.path}")
    new = "/dev/null" if edit.after is None else _quoted(f"b/{edit.path}")
    yield f"diff --git {_quoted(f'a/{edit.path}')} {_quoted(f'b/{edit.path}')}\n"
    if edit.before is None:
        yield "new file mode 100644\n"
    if edit.after is None:
        yield "deleted file mode 100644\n"
    before, after = _lines(edit.before or ""), _lines(edit.after or "")
    if before == after:
        return
    # git puts a tab behind a name with blanks, so that it ends where it ends.
    blank = "\t" if " " in path else ""
    yield f"--- {old}{blank if edit.before is not None else ''}\n"
    yield f"+++ {new}{blank if edit.after is not None else ''}\n"
    for line in list(difflib.unified_diff(before, after, n=_CONTEXT))[2:]:
        yield line if line.endswith("\n") else f"{line}\n{_NO_END}"


def _lines(text: str) -> list[str]:
    return _LINE.findall(text)


def _quoted(path: str) -> str:
    """A path as git writes it: in C's quotes where it holds what is not plain."""
    if re.fullmatch(r"[ !#-\[\]-~]*", path):
        return path
    quoted = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in path.encode("utf-8", "surrogateescape")
    )
    return f'"{quoted}"'
