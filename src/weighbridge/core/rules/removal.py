"""What the commands of an instruction delete again, and whether a path is among it."""

from __future__ import annotations

import fnmatch
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from weighbridge.core.rules.calls import Call

_REMOVERS = frozenset({"rm", "rmdir", "unlink", "shred"})


def removed(calls: Iterable[Call]) -> tuple[str, ...]:
    """The absolute paths, which may hold wildcards, that the calls delete."""
    return tuple(path for call in calls for path in _targets(call))


def _targets(call: Call) -> Iterator[str]:
    if call.program in _REMOVERS:
        arguments = [word for word in call.argv[1:] if not word.startswith("-")]
    elif call.program == "find" and _deletes(call.argv):
        arguments = [word for word in call.argv[1:2] if not word.startswith("-")]
    else:
        return
    for word in arguments:
        for each in _alternatives(word):
            path = call.path(each)
            if path is not None and "$" not in path:
                yield path


def _deletes(argv: Sequence[str]) -> bool:
    if "-delete" in argv:
        return True
    return any(word in ("-exec", "-execdir") and after.endswith("rm") for word, after in pairwise(argv))


def _alternatives(word: str) -> tuple[str, ...]:
    """`/a/{b,c}` as bash expands it; a POSIX shell doesn't, and then removes nothing."""
    opening, closing = word.find("{"), word.find("}")
    if opening < 0 or closing < opening or "," not in word[opening:closing]:
        return (word,)
    return tuple(f"{word[:opening]}{each}{word[closing + 1 :]}" for each in word[opening + 1 : closing].split(","))


def covers(pattern: str, path: str) -> bool:
    """Whether deleting a pattern deletes a path: the path itself, something above it, or all that is in it."""
    whole = pattern.rstrip("/")
    while whole.endswith(("/*", "/.")):
        whole = whole.rsplit("/", 1)[0]
    if not whole:
        return False
    if path == whole or path.startswith(f"{whole}/"):
        return True
    if not any(letter in whole for letter in "*?["):
        return False
    parts = path.split("/")
    depth = whole.count("/") + 1
    return len(parts) >= depth and all(
        fnmatch.fnmatchcase(part, wanted) for part, wanted in zip(parts, whole.split("/"), strict=False)
    )


def is_removed(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns covers the path."""
    return any(covers(pattern, path) for pattern in patterns)
