"""Whose bytes: a number for every path of a file tree, that adds up to the tree's size."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.model.files import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from weighbridge.model.files import FileTree

_DIRECTORY = Kind.DIRECTORY
"""Looking a member of an enumeration up takes as long as all else that is asked of a path."""


def parent(path: str) -> str:
    """The directory that holds `path`; the root is the empty string, and its own parent."""
    return path.rpartition("/")[0]


def depth(path: str) -> int:
    """How many directories stand above; the root's is 0."""
    return path.count("/") + 1 if path else 0


class Footprint(NamedTuple):
    """`sizes` is bytes of each path that is not a directory; of the names of one inode, one has them all.

    `totals` is bytes below each directory, the root's name empty; every directory above a path is there.
    """

    sizes: dict[str, int]
    totals: dict[str, int]


def footprint(tree: FileTree) -> Footprint:
    """The bytes of a tree; the root's total is the tree's size."""
    # A placed entry, its kind and its size, by number: names take three times as long, for every path of an image.
    sizes = {path: entry[5] for path, placed in tree.nodes.items() if (entry := placed[0])[1] is not _DIRECTORY}
    return Footprint(sizes, directory_totals(sizes))


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
    totals: dict[str, int] = defaultdict(int, {"": 0})
    for path, size in sizes.items():
        totals[path.rpartition("/")[0]] += size
    for directory in sorted(totals.keys() | directories(totals), key=depth, reverse=True):
        if directory:
            totals[parent(directory)] += totals[directory]
    return dict(totals)
