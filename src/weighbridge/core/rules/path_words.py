"""Which of many paths hold a word."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.core.rules.path_pattern import PathPattern


class PathWords:
    """Paths by their folders, whose names stand in one text and the files' own in another.

    Most words are in none of them, which looking through two short texts tells in a fraction of a millisecond: a
    folder's name is looked at once, however many files it has.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        folders: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            folders[path.rpartition("/")[0]].append(path)
        self._folders = [(f"{folder}/" if folder else "", held) for folder, held in folders.items()]
        self._text = "\n".join(["", *(folder for folder, _ in self._folders), ""])
        self._matching: dict[PathPattern, list[str]] = {}

    def matching(self, pattern: PathPattern) -> list[str]:
        """Each path that a pattern finds something in, looked for once; sorted."""
        found = self._matching.get(pattern)
        if found is None:
            held = {path for word in pattern.holds for path in self.holding(word)}
            found = self._matching[pattern] = sorted(filter(pattern.search, held))
        return found

    def holding(self, word: str) -> Iterator[str]:
        """Each path that holds a word, which has no line end; not in their order."""
        if word in self._text:
            for folder, paths in self._folders:
                if word in folder:
                    yield from paths
        start, slash, _ = word.rpartition("/")
        if not slash:
            yield from self._named(word)
        elif not word.endswith("/") and (end := f"{start}/") in self._text:
            for folder, paths in self._folders:
                if folder.endswith(end) and word not in folder:
                    yield from (path for path in paths if word in path)

    def under(self, folder: str) -> Iterator[str]:
        """Each path below a folder, which has slashes neither before nor after it; not in their order."""
        if f"\n{folder}/" in self._text:
            prefix = f"{folder}/"
            for each, paths in self._folders:
                if each.startswith(prefix):
                    yield from paths

    def _named(self, word: str) -> Iterator[str]:
        """What holds a word without a slash in its own name, but not in its folder's."""
        names, text = self._names
        if word in text:
            for (folder, paths), inside in zip(self._folders, names, strict=True):
                if word not in folder:
                    yield from (path for path, name in zip(paths, inside, strict=True) if word in name)

    @cached_property
    def _names(self) -> tuple[list[list[str]], str]:
        """The names of the files by folder, and all of them in one text."""
        names = [[path[len(folder) :] for path in paths] for folder, paths in self._folders]
        return names, "\n".join(["\n".join(inside) for inside in names])
