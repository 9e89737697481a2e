"""Which files differ between two file trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from weighbridge.core.footprint import Footprint, footprint
from weighbridge.model.change import Change
from weighbridge.model.files import Kind

if TYPE_CHECKING:
    from weighbridge.model.files import FileTree

_ADDED, _CHANGED, _DIRECTORY = Change.ADDED, Change.CHANGED, Kind.DIRECTORY


class FileDelta(NamedTuple):
    """One path that differs and is not a directory.

    Sizes are bytes as `footprint` counts them, zero where the side lacks the path; a layer is the index of
    the one that the side's entry came from, -1 where it lacks the path.
    """

    path: str
    change: Change
    base_size: int
    head_size: int
    base_layer: int
    head_layer: int

    @property
    def delta(self) -> int:
        """Bytes, head minus base."""
        return self.head_size - self.base_size


class TreeDiff(NamedTuple):
    """The differing files of two trees, and the bytes of both."""

    changes: tuple[FileDelta, ...]
    base: Footprint
    head: Footprint


def diff_trees(base: FileTree, head: FileTree) -> TreeDiff:
    """Compares content, size, mode, owner and link of every path; the deltas add up to the trees' difference.

    Directories' own modes and owners are not looked at: they weigh nothing.
    """
    base_bytes, head_bytes = footprint(base), footprint(head)
    before, after = base_bytes.sizes, head_bytes.sizes
    changes: list[FileDelta] = []
    nodes, made = base.nodes, tuple.__new__
    for path, new in head.nodes.items():
        old = nodes.get(path)
        # Most files are in a layer that both have.
        if old is new:
            continue
        # An entry, its kind and its size, by number: names take three times as long.
        entry = new[0]
        if entry[1] is _DIRECTORY or (old is not None and old[0] is entry):
            continue
        if old is None or old[0][1] is _DIRECTORY:
            changes.append(made(FileDelta, (path, _ADDED, 0, entry[5], -1, new[1])))
        elif old[0] != entry:
            changes.append(made(FileDelta, (path, _CHANGED, old[0][5], entry[5], old[1], new[1])))
    changes.extend(
        FileDelta(path, Change.REMOVED, size, 0, nodes[path].layer, -1)
        for path, size in before.items()
        if path not in after
    )
    return TreeDiff(tuple(changes), base_bytes, head_bytes)
