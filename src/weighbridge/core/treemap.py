"""A file tree as a bounded tree of sizes, for a treemap."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.footprint import depth, directories, parent
from weighbridge.core.names import shown_path
from weighbridge.model.change import Change
from weighbridge.model.report import TreeNode

if TYPE_CHECKING:
    from weighbridge.core.filediff import TreeDiff
    from weighbridge.core.footprint import Footprint

REST = "…"
_CHILDREN = 40
_DEEPEST = 60
"""Levels that are opened: a path may have two thousand, which no reader of nested JSON takes."""
_SMALLEST_SHARE = 5_000
"""Smaller than total / this cannot be seen in a treemap."""
# Looking a member of an enumeration up takes as long as all else that is asked of a path.
_SAME, _CHANGED = Change.SAME, Change.CHANGED


def treemap(tree: Footprint, against: TreeDiff | None, limit: int = 1_500) -> TreeNode:
    """At most `limit` nodes, the largest directories opened first; children add up to their directory.

    `against` says how the tree, its head, differs from a base. A directory's delta counts what is gone from it too,
    so it may differ from the sum of its children's.
    """
    return _Treemap(tree, against, limit).build()


_Member = tuple[int, str, bool]
"""Bytes, negative for sorting; the path; and whether it is a directory."""


@dataclass(slots=True)
class _Rest:
    """What of a directory has no node of its own."""

    change: Change
    size: int = 0
    delta: int = 0

    def add(self, size: int, delta: int, change: Change) -> None:
        """One more of it."""
        self.size += size
        self.delta += delta
        if change is not self.change:
            self.change = _CHANGED

    def node(self) -> TreeNode:
        """The one node for all of it."""
        return TreeNode(name=REST, size=self.size, delta=self.delta, change=self.change)


class _Treemap:
    """The tables that the nodes are read off."""

    def __init__(self, tree: Footprint, against: TreeDiff | None, limit: int) -> None:
        self._limit = limit
        self._sizes, self._totals = tree
        self._smallest = max(1, self._totals[""] // _SMALLEST_SHARE)
        self._base = against.base if against else None
        self._changed = {change.path: change.change for change in against.changes} if against else {}
        self._changed_directories = directories(self._changed)
        self._members: dict[str, list[_Member]] = {}
        self._small: dict[str, _Rest] = {}
        # What is in a directory that cannot be seen is not asked for.
        visible = {directory for directory, size in self._totals.items() if size >= self._smallest or not directory}
        self._take_files(visible)
        for directory, size in self._totals.items():
            if directory and (folder := parent(directory)) in visible:
                if size >= self._smallest:
                    self._members.setdefault(folder, []).append((-size, directory, True))
                else:
                    self._count(folder, directory, size, True)

    def _take_files(self, visible: set[str]) -> None:
        """What is too small to be seen is summed up at once, with as few steps as can be: that is most of an image."""
        smallest, members, small, changed = self._smallest, self._members, self._small, self._changed
        before = self._base.sizes if self._base is not None else self._sizes
        for path, size in self._sizes.items():
            folder = path.rpartition("/")[0]
            if folder not in visible:
                continue
            if size >= smallest:
                members.setdefault(folder, []).append((-size, path, False))
                continue
            change = changed.get(path, _SAME)
            rest = small.get(folder)
            if rest is None:
                rest = small[folder] = _Rest(change)
            # What is the same weighs the same: most of an image is not looked up in the other one.
            rest.add(size, 0 if change is _SAME else size - before.get(path, 0), change)

    def _count(self, folder: str, path: str, size: int, is_directory: bool) -> None:
        """Adds what has no node of its own to the rest of its directory."""
        change = self._change(path, is_directory)
        self._small.setdefault(folder, _Rest(change)).add(size, self._delta(path, size, is_directory), change)

    def build(self) -> TreeNode:
        """Decides which directories are opened, then makes the nodes from the leaves up."""
        opened = self._open()
        nodes: dict[str, TreeNode] = {}
        for directory in reversed(opened):
            shown = opened[directory]
            children = [
                nodes[path] if is_directory and path in opened else self._node(path, -size, is_directory)
                for size, path, is_directory in shown
            ]
            if (rest := self._small.get(directory)) is not None:
                children.append(rest.node())
            nodes[directory] = self._node(directory, self._totals.get(directory, 0), True, tuple(children))
        return nodes[""]

    def _open(self) -> dict[str, list[_Member]]:
        """Directories in the order of opening (parents first), with the members that are shown; others are added up."""
        opened: dict[str, list[_Member]] = {}
        count = 1
        waiting = [(-self._totals[""], "")]
        while waiting:
            _, directory = heapq.heappop(waiting)
            members = sorted(self._members.get(directory, ()))
            shown, cut = members[:_CHILDREN], members[_CHILDREN:]
            needed = len(shown) + bool(cut or directory in self._small)
            if not shown or (directory and count + needed > self._limit):
                if directory:
                    continue
                shown, cut = [], members
            count += needed
            opened[directory] = shown
            for size, path, is_directory in cut:
                self._count(directory, path, -size, is_directory)
            for size, path, is_directory in shown:
                if is_directory and depth(path) < _DEEPEST:
                    heapq.heappush(waiting, (size, path))
        return opened

    def _node(self, path: str, size: int, is_directory: bool, children: tuple[TreeNode, ...] = ()) -> TreeNode:
        name = shown_path(path).rpartition("/")[2] or "/"
        return TreeNode(
            name=name,
            size=size,
            delta=self._delta(path, size, is_directory),
            change=self._change(path, is_directory),
            children=children,
        )

    def _delta(self, path: str, size: int, is_directory: bool) -> int:
        if self._base is None:
            return 0
        before = self._base.totals if is_directory else self._base.sizes
        return size - before.get(path, 0)

    def _change(self, path: str, is_directory: bool) -> Change:
        if self._base is None:
            return Change.SAME
        if not is_directory:
            return self._changed.get(path, Change.SAME)
        if path and path not in self._base.totals:
            return Change.ADDED
        return Change.CHANGED if path in self._changed_directories else Change.SAME
