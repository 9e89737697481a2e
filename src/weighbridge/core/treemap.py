"""A file tree as a bounded tree of sizes, for a treemap."""

from __future__ import annotations

import heapq
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


def treemap(tree: Footprint, against: TreeDiff | None, limit: int = 1_500) -> TreeNode:
    """At most `limit` nodes, the largest directories opened first; children add up to their directory.

    `against` says how the tree, its head, differs from a base. A directory's delta counts what is gone from it too,
    so it may differ from the sum of its children's.
    """
    return _Treemap(tree, against, limit).build()


class _Treemap:
    """The tables that the nodes are read off."""

    def __init__(self, tree: Footprint, against: TreeDiff | None, limit: int) -> None:
        self._limit = limit
        self._sizes, self._totals = tree
        self._smallest = max(1, self._totals[""] // _SMALLEST_SHARE)
        self._base = against.base if against else None
        self._changed = {change.path: change.change for change in against.changes} if against else {}
        self._changed_directories = directories(self._changed)
        self._members: dict[str, list[tuple[int, str, bool]]] = {}
        # What is in a directory that cannot be seen is not asked for.
        visible = {directory for directory, size in self._totals.items() if size >= self._smallest or not directory}
        for path, size in self._sizes.items():
            if (folder := path.rpartition("/")[0]) in visible:
                self._members.setdefault(folder, []).append((-size, path, False))
        for directory, size in self._totals.items():
            if directory and (folder := parent(directory)) in visible:
                self._members.setdefault(folder, []).append((-size, directory, True))

    def build(self) -> TreeNode:
        """Decides which directories are opened, then makes the nodes from the leaves up."""
        opened = self._open()
        nodes: dict[str, TreeNode] = {}
        for directory in reversed(opened):
            shown, cut = opened[directory]
            children = [
                nodes[path] if is_directory and path in opened else self._node(path, -size, is_directory)
                for size, path, is_directory in shown
            ]
            if cut:
                children.append(self._rest(cut))
            nodes[directory] = self._node(directory, self._totals.get(directory, 0), True, tuple(children))
        return nodes[""]

    def _open(self) -> dict[str, tuple[list[tuple[int, str, bool]], list[tuple[int, str, bool]]]]:
        """Directories in the order of opening (parents first), with the members that are shown and those cut."""
        opened: dict[str, tuple[list[tuple[int, str, bool]], list[tuple[int, str, bool]]]] = {}
        count = 1
        waiting = [(-self._totals[""], "")]
        while waiting:
            _, directory = heapq.heappop(waiting)
            members = sorted(self._members.get(directory, ()))
            shown = [member for member in members[:_CHILDREN] if -member[0] >= self._smallest]
            cut = members[len(shown) :]
            needed = len(shown) + bool(cut)
            if not shown or (directory and count + needed > self._limit):
                if not directory:
                    opened[directory] = ([], cut)
                continue
            count += needed
            opened[directory] = (shown, cut)
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

    def _rest(self, cut: list[tuple[int, str, bool]]) -> TreeNode:
        kinds = {self._change(path, is_directory) for _, path, is_directory in cut}
        return TreeNode(
            name=REST,
            size=sum(-size for size, _, _ in cut),
            delta=sum(self._delta(path, -size, is_directory) for size, path, is_directory in cut),
            change=kinds.pop() if len(kinds) == 1 else Change.CHANGED,
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
