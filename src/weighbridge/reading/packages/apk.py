"""Alpine's packages: `lib/apk/db/installed`, below `/usr` from 3.23 on. Format: the Alpine wiki's "Apk spec"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.model.packages import Ecosystem, Package
from weighbridge.reading.packages.text import plausible, size_or_none, stanzas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.files import FileTree

INSTALLED = ("lib/apk/db/installed", "usr/lib/apk/db/installed")


def packages(tree: FileTree) -> Iterator[Package]:
    """Installed packages; `I:` counts bytes."""
    for path in INSTALLED:
        for fields in stanzas(tree.contents.get(path, b"")):
            name, version = fields.get("P", ""), fields.get("V", "")
            if plausible(name, version):
                size = size_or_none(fields.get("I"))
                yield Package(ecosystem=Ecosystem.APK, name=name, version=version, size=size, path=path)
