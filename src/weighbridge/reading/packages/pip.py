"""Python's distributions: `*.dist-info/METADATA` with `RECORD`, and `*.egg-info`, a file or a folder with `PKG-INFO`.

Formats: packaging.python.org, "Core metadata specifications" and "Recording installed projects".
"""

from __future__ import annotations

import csv
import io
import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING

from weighbridge.model.packages import Ecosystem, Package
from weighbridge.reading.packages.text import plausible, stanzas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.files import FileTree

_RECORD = ".dist-info/RECORD"
_NAMING = (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info")
SUFFIXES = (_RECORD, *_NAMING)


def packages(tree: FileTree) -> Iterator[Package]:
    """Installed distributions. A size is what RECORD's files weigh in the final file system, None without a RECORD."""
    for path, data in tree.contents.items():
        # What setuptools and pip carry inside themselves is not installed, and `pip list` doesn't name it either.
        if not path.endswith(_NAMING) or "/_vendor/" in path:
            continue
        # Only the first block is the header; a description may follow.
        fields = next(stanzas(data), {})
        name, version = fields.get("Name", ""), fields.get("Version", "")
        if plausible(name, version):
            folder = posixpath.dirname(path)
            yield Package(ecosystem=Ecosystem.PIP, name=name, version=version, size=_recorded(tree, folder), path=path)


def _recorded(tree: FileTree, folder: str) -> int | None:
    record = tree.contents.get(f"{folder}/RECORD")
    if record is None:
        return None
    files = _files(posixpath.dirname(folder), record)
    return None if files is None else sum(tree.nodes[path].entry.size for path in files if path in tree.nodes)


# Base and head have most of them in common.
@lru_cache(maxsize=1 << 10)
def _files(site: str, record: bytes) -> frozenset[str] | None:
    try:
        rows = list(csv.reader(io.StringIO(record.decode("utf-8", "replace"), newline="")))
    except csv.Error:
        return None
    return frozenset(posixpath.normpath(posixpath.join(site, row[0])).lstrip("/") for row in rows if row)
