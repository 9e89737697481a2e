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
    from collections.abc import Iterable, Iterator, Sequence

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

    Most rules find nothing in most images. So only the files whose paths hold some word are looked at: `words`,
    where they are at hand, are the paths of all of them, and may be those of further images too.
    """

    image: Image
    ignored: tuple[str, ...] = ()
    words: PathWords | None = None

    def matching(self, pattern: PathPattern) -> list[Held]:
        """The files of one's own whose path a pattern finds something in, sorted by path."""
        return self._own(self._words.matching(pattern))

    def under(self, folder: str) -> list[Held]:
        """Every file below a folder (no leading slash), the base image's too, sorted by path."""
        return list(self._held(sorted(self._paths_under(folder))))

    def own_under(self, folder: str) -> list[Held]:
        """The files of one's own below a folder (no leading slash), sorted by path."""
        return self._own(sorted(self._paths_under(folder)))

    def size_under(self, folder: str) -> int:
        """Bytes below a folder."""
        return sum(held.size for held in self._held(self._paths_under(folder)))

    def ending(self, end: str) -> list[str]:
        """The paths of all files, the base image's too, that end so; sorted."""
        return [held.path for held in self._held(sorted(self._words.holding(end))) if held.path.endswith(end)]

    def own_file(self, path: str) -> Held | None:
        """The file of this path, if it is one of one's own."""
        if self._ignore is not None and self._ignore.excludes(path):
            return None
        return next(iter(self._own([path])), None)

    def _own(self, paths: Iterable[str]) -> list[Held]:
        return [held for held in self._held(paths) if held.layer not in self._from_base]

    def _held(self, paths: Iterable[str]) -> Iterator[Held]:
        """The files among some paths."""
        nodes = self.image.tree.nodes
        for path in paths:
            placed = nodes.get(path)
            if placed is not None and (placed.entry.kind is _FILE or placed.entry.kind is _HARDLINK):
                yield Held(path, placed.entry.size, placed.layer)

    def _paths_under(self, folder: str) -> Iterator[str]:
        return self._words.under(folder.strip("/"))

    @cached_property
    def _from_base(self) -> frozenset[int]:
        return frozenset(number for number, layer in enumerate(self.image.layers) if layer.from_base)

    @cached_property
    def _ignore(self) -> Ignore | None:
        return _ignore(self.ignored)

    @cached_property
    def _words(self) -> PathWords:
        return path_words([self.image], self.ignored) if self.words is None else self.words


def path_words(images: Sequence[Image], ignored: tuple[str, ...]) -> PathWords:
    """The paths of all files of some images, each once, without those that nothing is said about."""
    paths: dict[str, None] = {}
    for image in images:
        # A placed entry, and its entry's kind: asked by number, since this is for every file of an image.
        nodes = image.tree.nodes.items()
        paths |= dict.fromkeys([path for path, placed in nodes if (kind := placed[0][1]) is _FILE or kind is _HARDLINK])
    ignore = _ignore(ignored)
    return PathWords(paths if ignore is None else filterfalse(ignore.excludes, paths))


def _ignore(ignored: tuple[str, ...]) -> Ignore | None:
    return read_ignore("\n".join(ignored)) if ignored else None


def by_layer(files: Iterable[Held]) -> dict[int, list[Held]]:
    """Files by the layer that they are in, the oldest layer first."""
    found: dict[int, list[Held]] = defaultdict(list)
    for held in files:
        found[held.layer].append(held)
    return dict(sorted(found.items()))
