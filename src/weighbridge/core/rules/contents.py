"""An image's files, arranged for rules: found by what their paths hold, with bytes and layer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import filterfalse
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.core.rules.path_words import PathWords
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

    Most rules find nothing in most images. So only the files whose paths hold some word are looked at.
    """

    image: Image
    ignored: tuple[str, ...] = ()

    def matching(self, pattern: PathPattern) -> list[Held]:
        """The files of one's own whose path a pattern finds something in, sorted by path."""
        found = {path for word in pattern.holds for path in self._words.holding(word)}
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
        return sorted(path for path in self._words.holding(end) if path.endswith(end))

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
        return self._words.under(folder.strip("/"))

    @cached_property
    def _from_base(self) -> frozenset[int]:
        return frozenset(number for number, layer in enumerate(self.image.layers) if layer.from_base)

    @cached_property
    def _ignore(self) -> Ignore | None:
        return read_ignore("\n".join(self.ignored)) if self.ignored else None

    def _is_ignored(self, path: str) -> bool:
        return self._ignore is not None and self._ignore.excludes(path)

    @cached_property
    def _words(self) -> PathWords:
        """The paths of all files."""
        # A placed entry, and its entry's kind: asked by number, since this is for every file of an image.
        paths: Iterable[str] = (
            path
            for path, placed in self.image.tree.nodes.items()
            if (kind := placed[0][1]) is _FILE or kind is _HARDLINK
        )
        if self._ignore is not None:
            paths = filterfalse(self._ignore.excludes, paths)
        return PathWords(paths)


def by_layer(files: Iterable[Held]) -> dict[int, list[Held]]:
    """Files by the layer that they are in, the oldest layer first."""
    found: dict[int, list[Held]] = defaultdict(list)
    for held in files:
        found[held.layer].append(held)
    return dict(sorted(found.items()))
