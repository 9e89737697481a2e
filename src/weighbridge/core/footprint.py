"""Whose bytes: a number for every path of a file tree, that adds up to the tree's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.model.files import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from weighbridge.model.files import FileTree


def parent(path: str) -> str:
    """The directory that holds `path`; the root is the empty string, and its own parent."""
    return path.rpartition("/")[0]


def depth(path: str) -> int:
    """How many directories stand above; the root's is 0."""
    return path.count("/") + 1 if path else 0


def footprint(tree: FileTree) -> dict[str, int]:
    """Bytes of each path that is not a directory; of the names of one inode, one has them all."""
    return {path: placed.entry.size for path, placed in tree.nodes.items() if placed.entry.kind is not Kind.DIRECTORY}


def directories(paths: Iterable[str]) -> set[str]:
    """Every directory above one of `paths`, the root included if there is any path."""
    found: set[str] = set()
    for path in paths:
        above = path.rpartition("/")[0]
        while above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return found


def directory_totals(sizes: Mapping[str, int]) -> dict[str, int]:
    """Bytes below each directory, from bytes by path."""
    totals: dict[str, int] = {"": 0}
    for path, size in sizes.items():
        above = path.rpartition("/")[0]
        totals[above] = totals.get(above, 0) + size
    for directory in sorted(directories(sizes), key=depth, reverse=True):
        total = totals.setdefault(directory, 0)
        if directory:
            above = parent(directory)
            totals[above] = totals.get(above, 0) + total
    return totals
