"""Layers, one over the other, to the file system that a container sees. OCI image-spec, layer.md, "Whiteouts"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.model.files import Entry, FileTree, Kind, LayerIndex, Placed

if TYPE_CHECKING:
    from collections.abc import Sequence


def merge(indexes: Sequence[LayerIndex]) -> FileTree:
    """The final file system of layers given from the oldest to the newest.

    Time follows the number of entries. Paths are taken literally: a layer that names a path below a symlink of an
    older layer puts a directory in its place, as overlayfs shows it.
    """
    merging = _Merging()
    for number, index in enumerate(indexes):
        merging.apply(number, index)
    nodes = merging.finish(indexes)
    return FileTree(
        nodes=nodes,
        size=sum(placed.entry.size for placed in nodes.values()),
        contents=_contents(indexes, nodes),
    )


class _Merging:
    def __init__(self) -> None:
        self._nodes: dict[str, Placed] = {}
        # Directory → names in it: what makes taking a directory away cost no more than what is in it.
        self._children: dict[str, dict[str, None]] = {"": {}}

    def apply(self, number: int, index: LayerIndex) -> None:
        """Whiteouts first: they hide what is below this layer, never what it brings itself, wherever they stand."""
        for folder in index.opaque:
            for name in list(self._children.get(folder, ())):
                self._remove(f"{folder}/{name}" if folder else name)
        for path in index.whiteouts:
            self._remove(path)
        for entry in index.entries:
            self._put(number, entry)

    def finish(self, indexes: Sequence[LayerIndex]) -> dict[str, Placed]:
        """Gives the content of a file whose first name is gone to a hard link that is left."""
        moved: dict[tuple[int, str], str] = {}
        for path, placed in list(self._nodes.items()):
            if placed.entry.kind is not Kind.HARDLINK or placed.content_path == path:
                continue
            key = (placed.content_layer, placed.content_path)
            owner = self._nodes.get(placed.content_path)
            if (owner is not None and (owner.content_layer, owner.content_path) == key) or key in moved:
                continue
            source = next(
                (entry for entry in indexes[key[0]].entries if entry.path == key[1] and entry.kind is Kind.FILE), None
            )
            if source is not None:
                moved[key] = path
                entry = placed.entry._replace(kind=Kind.FILE, size=source.size, digest=source.digest, link="")
                self._nodes[path] = placed._replace(entry=entry)
        return self._nodes

    def _put(self, number: int, entry: Entry) -> None:
        path = entry.path
        if entry.kind is not Kind.DIRECTORY and path in self._children:
            self._remove(path)
        parent, _, name = path.rpartition("/")
        siblings = self._children.get(parent)
        if siblings is None:
            siblings = self._make_directory(parent)
        siblings[name] = None
        if entry.kind is Kind.HARDLINK:
            target = self._nodes.get(entry.link)
            if target is not None and target.entry.kind in (Kind.FILE, Kind.HARDLINK):
                self._nodes[path] = Placed(entry, number, target.content_layer, target.content_path)
                return
        self._nodes[path] = Placed(entry, number, number, path)

    def _make_directory(self, path: str) -> dict[str, None]:
        """Directories that a path needs but no layer names; a file in their place gives way."""
        made: dict[str, None] = {}
        self._children[path] = made
        while path:
            placed = self._nodes.get(path)
            if placed is not None and placed.entry.kind is not Kind.DIRECTORY:
                del self._nodes[path]
            path, _, name = path.rpartition("/")
            known = path in self._children
            self._children.setdefault(path, {})[name] = None
            if known:
                break
        return made

    def _remove(self, path: str) -> None:
        parent, _, name = path.rpartition("/")
        self._children.get(parent, {}).pop(name, None)
        pending = [path]
        while pending:
            gone = pending.pop()
            self._nodes.pop(gone, None)
            pending.extend(f"{gone}/{child}" for child in self._children.pop(gone, ()))


def _contents(indexes: Sequence[LayerIndex], nodes: dict[str, Placed]) -> dict[str, bytes]:
    contents = {}
    for number, index in enumerate(indexes):
        for path, data in index.contents.items():
            placed = nodes.get(path)
            if placed is not None and (placed.content_layer, placed.content_path) == (number, path):
                contents[path] = data
    return contents
