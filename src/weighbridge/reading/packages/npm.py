"""Node's packages: `node_modules/NAME/package.json`. Format: docs.npmjs.com, "package.json"."""

from __future__ import annotations

import json
import posixpath
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from weighbridge.model.packages import Ecosystem, Package
from weighbridge.reading.packages.text import plausible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.model.files import FileTree

SUFFIX = "/package.json"
_FOLDER = "node_modules"
_MAX_PACKAGE_JSON = 1 << 20


def names_package(path: str) -> bool:
    """Whether a `package.json` is a package's own: packages carry others for their parts and tests."""
    return _owner(path) == posixpath.dirname(path)


def packages(tree: FileTree) -> Iterator[Package]:
    """Packages that stand directly in a `node_modules`. A size leaves nested `node_modules` to their own packages."""
    folders = {
        posixpath.dirname(path): data
        for path, data in tree.contents.items()
        if path.endswith(SUFFIX) and names_package(path)
    }
    if not folders:
        return
    sizes = _sizes(tree)
    for folder, data in folders.items():
        named = _name_and_version(data)
        if named is not None:
            yield Package(
                ecosystem=Ecosystem.NPM,
                name=named[0],
                version=named[1],
                size=sizes.get(folder, 0),
                path=folder + SUFFIX,
            )


def _owner(path: str) -> str | None:
    """The package folder that a path belongs to: what follows the last `node_modules`, with its scope."""
    parts = path.split("/")
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == _FOLDER:
            names = 2 if parts[index + 1].startswith("@") else 1
            end = index + 1 + names
            return "/".join(parts[:end]) if end < len(parts) else None
    return None


def _sizes(tree: FileTree) -> Mapping[str, int]:
    # All that stands in one folder belongs to the same package.
    by_folder: dict[str, int] = defaultdict(int)
    for path, placed in tree.nodes.items():
        # A placed entry's size, by number: the name takes three times as long.
        if _FOLDER in path and (size := placed[0][5]):
            by_folder[path.rpartition("/")[0]] += size
    sizes: dict[str, int] = defaultdict(int)
    for folder, size in by_folder.items():
        owner = _owner(f"{folder}/file")
        if owner is not None:
            sizes[owner] += size
    return sizes


# Base and head have most of them in common.
@lru_cache(maxsize=1 << 13)
def _name_and_version(data: bytes) -> tuple[str, str] | None:
    if len(data) > _MAX_PACKAGE_JSON:
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    name, version = value.get("name"), value.get("version")
    return (str(name), str(version)) if plausible(name, version) else None
