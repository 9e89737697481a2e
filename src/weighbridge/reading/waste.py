"""Bytes that are in the layers and not in the final file system, and bytes that are there twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from weighbridge.model.files import Duplicate, Entry, FileTree, Kind, LayerIndex, Placed, Waste, WastedPath

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_PATHS = 200
_MOST_DUPLICATES = 200
_DUPLICATE_BYTES = 4096
_DIRECTORY = Kind.DIRECTORY
_LINKS = (Kind.FILE, Kind.HARDLINK)


def waste(indexes: Sequence[LayerIndex], tree: FileTree) -> Waste:
    """Exact: what a layer holds and no path of the final file system shows, each file of each layer counted once.

    A directory that is gone as a whole is one row of `largest`.
    """
    by_layer = [0] * len(indexes)
    rows: dict[tuple[int, str], int] = defaultdict(int)
    hidden = _hidden(indexes, tree)
    directories = _directories(tree.nodes) if hidden else set()
    for number, entry in hidden:
        by_layer[number] += entry.size
        rows[number, _gone(entry.path, directories, tree.nodes)] += entry.size
    largest = sorted(rows.items(), key=lambda row: (-row[1], row[0]))[:_MOST_PATHS]
    return Waste(
        total=sum(by_layer),
        by_layer=tuple(by_layer),
        largest=tuple(WastedPath(path=path, layer=number, size=size) for (number, path), size in largest),
    )


def _hidden(indexes: Sequence[LayerIndex], tree: FileTree) -> list[tuple[int, Entry]]:
    """Entries with bytes that no path shows, and their layers."""
    nodes = tree.nodes
    shown = [0] * len(indexes)
    # By number, here and below: names take three times as long, for every path of an image.
    for node in nodes.values():
        shown[node[2]] += node[0][5]
    # Few layers have bytes that are not shown, and nearly every entry is where it was put, under its own name.
    moved = [
        (number, entry)
        for number, index in enumerate(indexes)
        if index.size != shown[number]
        for entry in index.entries
        if entry[5] and ((placed := nodes.get(entry[0])) is None or placed[0] is not entry or placed[1] != number)
    ]
    if not moved:
        return moved
    elsewhere = {
        (each.content_layer, each.content_path) for path in tree.linked if (each := nodes.get(path)) is not None
    }
    return [
        (number, entry)
        for number, entry in moved
        if (number, entry.path) not in elsewhere and not _at_home(nodes.get(entry.path), number, entry)
    ]


def _at_home(placed: Placed | None, number: int, entry: Entry) -> bool:
    """Whether the entry's own path shows its bytes, be it that the entry was made anew for a link that is gone."""
    if placed is None or placed.entry.kind not in _LINKS:
        return False
    return (placed.content_layer, placed.content_path) == (number, entry.path)


def duplicates(tree: FileTree) -> tuple[Duplicate, ...]:
    """The same content of 4 kB or more in several files (hard links are one file), most redundant bytes first."""
    # Size and digest by number: names take three times as long.
    files = [
        (path, entry) for path, placed in tree.nodes.items() if (entry := placed[0])[5] >= _DUPLICATE_BYTES and entry[7]
    ]
    # Most content is there once: counting it costs less than grouping it.
    copies = Counter([entry[7] for _, entry in files])
    groups: dict[tuple[int, bytes], list[str]] = defaultdict(list)
    for path, entry in files:
        if copies[entry[7]] > 1:
            groups[entry.size, entry.digest].append(path)
    found = [Duplicate(size=size, paths=tuple(sorted(paths))) for (size, _), paths in groups.items() if len(paths) > 1]
    return tuple(sorted(found, key=lambda each: (-each.redundant, each.paths))[:_MOST_DUPLICATES])


def _directories(nodes: Mapping[str, Placed]) -> set[str]:
    """Every directory of the final file system that holds something, those included that no layer names."""
    found: set[str] = {""}
    for parent in {path.rpartition("/")[0] for path in nodes}:
        above = parent
        while above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return found


def _gone(path: str, directories: set[str], nodes: Mapping[str, Placed]) -> str:
    """The highest directory above the path that is gone, or the path itself."""
    gone = path
    while (parent := gone.rpartition("/")[0]) not in directories and not _is_directory(nodes.get(parent)):
        gone = parent
    return gone


def _is_directory(placed: Placed | None) -> bool:
    return placed is not None and placed.entry.kind is _DIRECTORY
