"""An image's files, arranged for rules: sorted by path, with bytes and layer, those of the base image apart."""

from __future__ import annotations

from bisect import bisect_left
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
    from weighbridge.model.image import Image

_LEAVES = (Kind.FILE, Kind.HARDLINK)


class Held(NamedTuple):
    """One file of the final file system: bytes of its own (a further name of an inode has none) and its layer."""

    path: str
    size: int
    layer: int


@dataclass(frozen=True)
class Contents:
    """`ignored` are patterns, as in an ignore file, of paths that nothing is said about."""

    image: Image
    ignored: tuple[str, ...] = ()

    @cached_property
    def files(self) -> tuple[Held, ...]:
        """Every file, sorted by path."""
        new = tuple.__new__
        held = [
            new(Held, (path, placed.entry.size, placed.layer))
            for path, placed in self.image.tree.nodes.items()
            if placed.entry.kind in _LEAVES
        ]
        held.sort()
        if not self.ignored:
            return tuple(held)
        ignore = read_ignore("\n".join(self.ignored))
        return tuple(each for each in held if not ignore.excludes(each.path))

    @cached_property
    def own(self) -> tuple[Held, ...]:
        """The files of layers that the base image did not bring, sorted by path."""
        from_base = {number for number, layer in enumerate(self.image.layers) if layer.from_base}
        return tuple(held for held in self.files if held.layer not in from_base) if from_base else self.files

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths of `files`."""
        return tuple([held.path for held in self.files])

    @cached_property
    def _own_paths(self) -> tuple[str, ...]:
        return self.paths if self.own is self.files else tuple([held.path for held in self.own])

    def own_file(self, path: str) -> Held | None:
        """The file of this path, if it is one of one's own."""
        place = bisect_left(self._own_paths, path)
        return self.own[place] if place < len(self.own) and self.own[place].path == path else None

    def own_under(self, folder: str) -> tuple[Held, ...]:
        """The files of one's own below a folder (no leading slash), sorted by path."""
        folder = folder.strip("/")
        # What comes after a slash in the order of characters is a zero.
        start, end = (bisect_left(self._own_paths, folder + last) for last in "/0")
        return self.own[start:end]

    def under(self, folder: str) -> Iterator[Held]:
        """Every file below a folder (no leading slash), the base image's too."""
        prefix = folder.strip("/") + "/"
        position = bisect_left(self.paths, prefix)
        while position < len(self.files) and self.files[position].path.startswith(prefix):
            yield self.files[position]
            position += 1

    def size_under(self, folder: str) -> int:
        """Bytes below a folder."""
        return sum(held.size for held in self.under(folder))

    def matching(self, pattern: PathPattern) -> list[Held]:
        """The files of one's own whose path a pattern finds something in, sorted by path."""
        own = self.own
        places = sorted({place for word in pattern.holds for place in self._holding(word)})
        return [own[place] for place in places if pattern.search(own[place].path)]

    @cached_property
    def _joined(self) -> tuple[str, list[int]]:
        """The paths of `own` in one text, and where in it each of them ends."""
        paths = self._own_paths
        return "\n".join(paths), list(accumulate([len(path) + 1 for path in paths], initial=-1))[1:]

    def _holding(self, word: str) -> Iterator[int]:
        """The places in `own` of the paths that hold a word; some twice, and a few that hold none (across two)."""
        text, ends = self._joined
        found = text.find(word)
        while found >= 0:
            place = bisect_left(ends, found)
            yield place
            found = text.find(word, max(ends[place], found + 1))


def by_layer(files: Iterable[Held]) -> dict[int, list[Held]]:
    """Files by the layer that they are in, the oldest layer first."""
    found: dict[int, list[Held]] = defaultdict(list)
    for held in files:
        found[held.layer].append(held)
    return dict(sorted(found.items()))
