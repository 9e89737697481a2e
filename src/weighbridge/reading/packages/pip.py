"""Python's distributions: `*.dist-info/METADATA` with `RECORD`, and `*.egg-info/PKG-INFO`.

Formats: packaging.python.org, "Core metadata specifications" and "Recording installed projects".
"""

from __future__ import annotations

import csv
import posixpath
from typing import TYPE_CHECKING

from weighbridge.model.packages import Ecosystem, Package
from weighbridge.reading.packages.text import plausible, stanzas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.files import FileTree

_METADATA, _RECORD, _EGG = ".dist-info/METADATA", ".dist-info/RECORD", ".egg-info/PKG-INFO"
SUFFIXES = (_METADATA, _RECORD, _EGG)


def packages(tree: FileTree) -> Iterator[Package]:
    """Installed distributions. A size is what RECORD's files weigh in the final file system, None without a RECORD."""
    for path, data in tree.contents.items():
        # What setuptools and pip carry inside themselves is not installed, and `pip list` doesn't name it either.
        if not path.endswith((_METADATA, _EGG)) or "/_vendor/" in path:
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
    site = posixpath.dirname(folder)
    total = 0
    try:
        for row in csv.reader(record.decode("utf-8", "replace").splitlines()):
            if row:
                placed = tree.nodes.get(posixpath.normpath(posixpath.join(site, row[0])).lstrip("/"))
                total += placed.entry.size if placed is not None else 0
    except csv.Error:
        return None
    return total
