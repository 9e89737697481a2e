"""Debian's packages: `/var/lib/dpkg/status`, and `status.d/` in distroless images. Format: deb822(5)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from weighbridge.model.packages import Ecosystem, Package
from weighbridge.reading.packages.text import plausible, size_or_none, stanzas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.files import FileTree

STATUS = "var/lib/dpkg/status"
STATUS_FOLDER = "var/lib/dpkg/status.d/"
# The last word of `Status:` for which all files are there (dpkg(1), "Package states").
_UNPACKED = frozenset({"installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"})


def packages(tree: FileTree) -> Iterator[Package]:
    """Packages whose files are installed; `Installed-Size` counts KiB."""
    for path, data in tree.contents.items():
        if path == STATUS or (path.startswith(STATUS_FOLDER) and not path.endswith(".md5sums")):
            yield from _installed(data, path)


# Base and head have most of them in common.
@lru_cache(maxsize=1 << 8)
def _installed(data: bytes, path: str) -> tuple[Package, ...]:
    return tuple(package for fields in stanzas(data) if (package := _package(fields, path)) is not None)


def _package(fields: dict[str, str], path: str) -> Package | None:
    name, version = fields.get("Package", ""), fields.get("Version", "")
    # distroless leaves the status out; `deinstall ok config-files` has none of the package's files any more.
    state = fields.get("Status", "install ok installed").rpartition(" ")[2]
    if state not in _UNPACKED or not plausible(name, version):
        return None
    size = size_or_none(fields.get("Installed-Size"), 1024)
    return Package(ecosystem=Ecosystem.APT, name=name, version=version, size=size, path=path)
