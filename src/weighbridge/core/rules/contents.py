"""An image's files, arranged for rules: found by what their paths hold, with bytes and layer."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.dockerfile.ignore import read_ignore
from weighbridge.model.files import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.core.rules.path_pattern import PathPattern
    from weighbridge.dockerfile.ignore import Ignore
    from weighbridge.model.image import Image

_FILE, _HARDLINK = Kind.FILE, Kind.HARDLINK


class Held(NamedTuple):
    """One file of the final file system: bytes of its own (a further name of an inode has none) and its layer."""

    path: str
    size: int
    layer: int


@dataclass(frozen=True)
class Contents:
    """`ignored` are patterns, as in an ignore file, of paths that nothing is said about.

    Most rules find nothing in most images. So no list of the files is made: their paths stand in one text, where
    looking for a word takes a millisecond, and only a file that holds it is looked at.
    """

    image: Image
    ignored: tuple[str, ...] = ()

    def matching(self, pattern: PathPattern) -> list[Held]:
        """The files of one's own whose path a pattern finds something in, sorted by path."""
        found = {path for word in pattern.holds for path in self._holding(word)}
        return self._own(path for path in found if pattern.search(path))

    def under(self, folder: str) -> list[Held]:
        """Every file below a folder (no leading slash), the base image's too, sorted by path."""
        return sorted(map(self._held, self._paths_under(folder)))

    def own_under(self, folder: str) -> list[Held]:
        """The files of one's own below a folder (no leading slash), sorted by path."""
        return self._own(self._paths_under(folder))

    def size_under(self, folder: str) -> int:
        """Bytes below a folder."""
        return sum(self._held(path).size for path in self._paths_under(folder))

    def ending(self, end: str) -> list[str]:
        """The paths of all files, the base image's too, that end so; sorted."""
        return sorted(path for path in self._holding(end) if path.endswith(end))

    def own_file(self, path: str) -> Held | None:
        """The file of this path, if it is one of one's own."""
        placed = self.image.tree.nodes.get(path)
        if placed is None or placed.entry.kind not in (_FILE, _HARDLINK) or self._is_ignored(path):
            return None
        return self._held(path) if placed.layer not in self._from_base else None

    def _own(self, paths: Iterable[str]) -> list[Held]:
        return sorted(held for held in map(self._held, paths) if held.layer not in self._from_base)

    def _held(self, path: str) -> Held:
        placed = self.image.tree.nodes[path]
        return Held(path, placed.entry.size, placed.layer)

    def _paths_under(self, folder: str) -> Iterator[str]:
        prefix = folder.strip("/") + "/"
        return (path for path in self._holding(f"\n{prefix}") if path.startswith(prefix))

    @cached_property
    def _from_base(self) -> frozenset[int]:
        return frozenset(number for number, layer in enumerate(self.image.layers) if layer.from_base)

    @cached_property
    def _ignore(self) -> Ignore | None:
        return read_ignore("\n".join(self.ignored)) if self.ignored else None

    def _is_ignored(self, path: str) -> bool:
        return self._ignore is not None and self._ignore.excludes(path)

    @cached_property
    def _text(self) -> tuple[list[str], str, list[int]]:
        """The paths of all files; all of them in one text, each between two line ends; and where each one ends."""
        paths = [
            path
            for path, placed in self.image.tree.nodes.items()
            if ((kind := placed.entry.kind) is _FILE or kind is _HARDLINK) and not self._is_ignored(path)
        ]
        return paths, "\n" + "\n".join([*paths, ""]), list(accumulate([len(path) + 1 for path in paths]))

    def _holding(self, word: str) -> Iterator[str]:
        """The paths that hold a word, each once; and where a path has line ends in it, a few that do not."""
        paths, text, ends = self._text
        found = text.find(word)
        while found >= 0:
            place = bisect_right(ends, found)
            if place == len(paths):
                return
            yield paths[place]
            found = text.find(word, max(ends[place], found + 1))


def by_layer(files: Iterable[Held]) -> dict[int, list[Held]]:
    """Files by the layer that they are in, the oldest layer first."""
    found: dict[int, list[Held]] = defaultdict(list)
    for held in files:
        found[held.layer].append(held)
    return dict(sorted(found.items()))
