"""Layers, one over the other, to the file system that a container sees. OCI image-spec, layer.md, "Whiteouts"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.errors import MalformedImage
from weighbridge.model.files import Entry, FileTree, Kind, LayerIndex, Placed
from weighbridge.reading.packages import is_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# Looking a member of an enumeration up takes longer than all else that is asked of most entries.
_FILE, _DIRECTORY, _HARDLINK = Kind.FILE, Kind.DIRECTORY, Kind.HARDLINK

MAX_FOLDER_BYTES = 1 << 28
"""Of the paths of all directories: a few deep names would otherwise take any amount of memory."""


def merge(indexes: Sequence[LayerIndex]) -> FileTree:
    """The final file system of layers given from the oldest to the newest. Raises MalformedImage beyond a bound.

    Time follows the number of entries. Paths are taken literally: a layer that names a path below a symlink of an
    older layer puts a directory in its place, as overlayfs shows it. Of several names of one inode the first in
    alphabetical order holds the content, whatever order the layer names them in.
    """
    return merge_each([indexes])[0]


def merge_each(images: Sequence[Sequence[LayerIndex]]) -> tuple[FileTree, ...]:
    """What merge() makes of each of them, the layers that all of them begin with merged once."""
    start, shared = _Merging(), _shared(images)
    for number in range(shared):
        start.apply(number, images[0][number])
    # The last one may have what the others copy.
    last = len(images) - 1
    return tuple(
        _merged(start if which == last else start.copy(), indexes, shared) for which, indexes in enumerate(images)
    )


def _shared(images: Sequence[Sequence[LayerIndex]]) -> int:
    """How many indexes all of them begin with."""
    count = 0
    for first, *others in zip(*images, strict=False):
        if any(other is not first for other in others):
            break
        count += 1
    return count


def _merged(merging: _Merging, indexes: Sequence[LayerIndex], done: int) -> FileTree:
    """The file system of layers of which the first ones have been applied."""
    for number in range(done, len(indexes)):
        merging.apply(number, indexes[number])
    nodes = merging.finish(indexes)
    return FileTree(
        nodes=nodes,
        size=sum([placed[0][5] for placed in nodes.values()]),
        contents=_contents(indexes, nodes, merging.linked),
        linked=tuple(merging.linked),
    )


class _Merging:
    def __init__(self) -> None:
        self._nodes: dict[str, Placed] = {}
        # Directory → paths in it: what makes taking a directory away cost no more than what is in it.
        self._children: dict[str, dict[str, None]] = {"": {}}
        self._folder_bytes = 0
        self.linked: dict[str, None] = {}
        """Paths that were hard links at some time."""

    def copy(self) -> _Merging:
        """One that goes on from here by itself."""
        made = _Merging()
        made._nodes = self._nodes.copy()
        made._children = {folder: paths.copy() for folder, paths in self._children.items()}
        made._folder_bytes = self._folder_bytes
        made.linked = self.linked.copy()
        return made

    def apply(self, number: int, index: LayerIndex) -> None:
        """Whiteouts first: they hide what is below this layer, never what it brings itself, wherever they stand."""
        for folder in index.opaque:
            for path in list(self._children.get(folder, ())):
                self._remove(path)
            self._have_directory(folder)
        for path in index.whiteouts:
            self._remove(path)
            self._have_directory(path.rpartition("/")[0])
        # Written out: this runs for every entry of every layer.
        nodes, children, new = self._nodes, self._children, tuple.__new__
        for entry in index.entries:
            path, kind = entry[0], entry[1]
            if kind is not _DIRECTORY and path in children:
                self._remove(path)
            parent = path[: path.rfind("/")] if "/" in path else ""
            siblings = children.get(parent)
            if siblings is None:
                siblings = self._make_directory(parent)
            siblings[path] = None
            if kind is _HARDLINK:
                nodes[path] = self._linked(number, entry)
            else:
                nodes[path] = new(Placed, (entry, number, number, path))

    def finish(self, indexes: Sequence[LayerIndex]) -> dict[str, Placed]:
        """Gives the content of every file that has several names to one of those that are left."""
        names = self._names_of_linked()
        for (layer, source), entry in _sources(indexes, names).items():
            owner, *others = sorted(names[layer, source])
            self._rename(owner, kind=_FILE, size=entry.size, digest=entry.digest)
            for other in others:
                self._rename(other, kind=_HARDLINK, link=owner)
        return self._nodes

    def _names_of_linked(self) -> dict[tuple[int, str], list[str]]:
        """Content (layer and path) → its names in the final file system, where hard links are among them."""
        names: dict[tuple[int, str], list[str]] = {}
        for path in self.linked:
            placed = self._nodes.get(path)
            if placed is not None and placed.entry.kind is _HARDLINK:
                names.setdefault((placed.content_layer, placed.content_path), []).append(path)
        for key, paths in names.items():
            placed = self._nodes.get(key[1])
            if placed is not None and placed.entry.kind is _FILE and placed.content_layer == key[0]:
                paths.append(key[1])
        return names

    def _rename(self, path: str, *, kind: Kind, size: int = 0, digest: bytes = b"", link: str = "") -> None:
        placed = self._nodes[path]
        self._nodes[path] = placed._replace(entry=placed.entry._replace(kind=kind, size=size, digest=digest, link=link))

    def _linked(self, number: int, entry: Entry) -> Placed:
        self.linked[entry.path] = None
        target = self._nodes.get(entry.link)
        if target is not None and target.entry.kind in (_FILE, _HARDLINK):
            return Placed(entry, number, target.content_layer, target.content_path)
        return Placed(entry, number, number, entry.path)

    def _have_directory(self, path: str) -> None:
        if path not in self._children:
            self._make_directory(path)

    def _make_directory(self, path: str) -> dict[str, None]:
        """Directories that a path needs but no layer names; a file in their place gives way."""
        made: dict[str, None] = {}
        self._children[path] = made
        while path:
            self._folder_bytes += len(path)
            if self._folder_bytes > MAX_FOLDER_BYTES:
                raise MalformedImage(f"the paths of its directories take more than {MAX_FOLDER_BYTES:,} bytes")
            placed = self._nodes.get(path)
            if placed is not None and placed.entry.kind is not _DIRECTORY:
                del self._nodes[path]
            parent = path.rpartition("/")[0]
            known = parent in self._children
            self._children.setdefault(parent, {})[path] = None
            path = parent
            if known:
                break
        return made

    def _remove(self, path: str) -> None:
        self._children.get(path.rpartition("/")[0], {}).pop(path, None)
        pending = [path]
        while pending:
            gone = pending.pop()
            self._nodes.pop(gone, None)
            pending.extend(self._children.pop(gone, ()))


def _sources(indexes: Sequence[LayerIndex], keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Entry]:
    """The entries that hold these contents, each layer looked through once."""
    wanted: dict[int, set[str]] = {}
    for layer, path in keys:
        wanted.setdefault(layer, set()).add(path)
    return {
        (layer, entry.path): entry
        for layer, paths in wanted.items()
        for entry in indexes[layer].entries
        if entry.path in paths and entry.kind is _FILE
    }


def _contents(indexes: Sequence[LayerIndex], nodes: dict[str, Placed], linked: Iterable[str]) -> dict[str, bytes]:
    """The evidence of the final file system, by every name that it has there."""
    contents = {}
    for number, index in enumerate(indexes):
        for path, data in index.contents.items():
            placed = nodes.get(path)
            if placed is not None and (placed.content_layer, placed.content_path) == (number, path):
                contents[path] = data
    for path in linked:
        placed = nodes.get(path)
        if placed is not None and path not in contents:
            record = indexes[placed.content_layer].contents.get(placed.content_path)
            if record is not None and is_evidence(path):
                contents[path] = record
    return contents
