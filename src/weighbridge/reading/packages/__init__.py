"""Packages, from what package managers leave in an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.reading.packages import apk, apt, npm, pip

if TYPE_CHECKING:
    from weighbridge.model.files import FileTree
    from weighbridge.model.packages import Package

_EXACT = frozenset({apt.STATUS, *apk.INSTALLED})
_SUFFIXES = (*pip.SUFFIXES, npm.SUFFIX)


def is_evidence(path: str) -> bool:
    """Whether a file names packages, so that a layer's index keeps its content. Called for every file of a layer."""
    if path.endswith(_SUFFIXES):
        return not path.endswith(npm.SUFFIX) or npm.names_package(path)
    return path in _EXACT or path.startswith(apt.STATUS_FOLDER)


def find_packages(tree: FileTree) -> tuple[Package, ...]:
    """All packages of the final file system, sorted by ecosystem, name and version. What is damaged is left out."""
    found = [*apt.packages(tree), *apk.packages(tree), *pip.packages(tree), *npm.packages(tree)]
    return tuple(sorted(found, key=lambda package: (package.ecosystem, package.name, package.version, package.path)))
