"""A fix in place, taken apart into changes of a few lines that a reviewer can commit by a click.

GitHub replaces the commented lines by what stands in a block called `suggestion`, byte for byte.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.marker import key_of, payload_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from weighbridge.model.fix import FileEdit, Fix
    from weighbridge.model.report import ImageReport

MOST_OLD = 3
MOST_NEW = 12
"""Lines that one suggestion takes away and brings at most: more is a patch to be read, not a click."""

_MOST_COLUMNS = 2_000
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_KIND = "suggestion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Lines `start` to `end` (1-based, as the head has them) of a file, and what is to stand there instead.

    `id` is the same for the same change of the same file, wherever the lines have moved to.
    """

    path: str
    start: int
    end: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    id: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of the head that a pull request's diff shows; `added` where the pull request wrote it."""

    text: str
    added: bool


def suggestions_of(fix: Fix) -> tuple[Suggestion, ...] | None:
    """The whole fix as suggestions, in order; None where a part of it cannot be one."""
    found: list[Suggestion] = []
    for edit in fix.candidate.edits:
        parts = _parts(edit)
        if parts is None:
            return None
        found += parts
    return tuple(found)


def _parts(edit: FileEdit) -> list[Suggestion] | None:
    if edit.before is None or edit.after is None:
        return None
    if not (_committable(edit.before) and _committable(edit.after)):
        return None
    before, after = edit.before.split("\n"), edit.after.split("\n")
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    seen: dict[str, int] = {}
    parts = []
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            continue
        # A comment stands on a line that is there: where nothing is replaced, the one before goes along unchanged.
        back = 1 if kind == "insert" else 0
        old, new = tuple(before[max(start - back, 0) : end]), tuple(after[max(first - back, 0) : last])
        if not old or len(old) > MOST_OLD or len(new) > MOST_NEW:
            return None
        identity = json.dumps([edit.path, old, new])
        seen[identity] = seen.get(identity, 0) + 1
        digest = hashlib.sha256(f"{seen[identity]} {identity}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
        parts.append(Suggestion(path=edit.path, start=end - len(old) + 1, end=end, before=old, after=new, id=digest))
    return parts


def _committable(text: str) -> bool:
    """Whether what is shown is what would be committed: no hidden characters, no carriage returns, no endless lines."""
    return all(
        len(line) <= _MOST_COLUMNS and all(letter.isprintable() or letter == "\t" for letter in line)
        for line in text.split("\n")
    )


def shown_lines(patch: str) -> dict[int, DiffLine]:
    """The head's lines in one file's unified diff, by number, unchanged ones around the changes included.

    `patch` begins with a hunk, as GitHub's API has it; what makes no sense ends it.
    """
    found: dict[int, DiffLine] = {}
    number = 0
    for line in patch.split("\n"):
        hunk = _HUNK.match(line)
        if hunk:
            number = int(hunk[1][:9])
        elif number and line[:1] in ("+", " "):
            found[number] = DiffLine(line[1:], line[0] == "+")
            number += 1
        elif line[:1] not in ("-", "\\"):
            break
    return found


def fits(suggestion: Suggestion, diff: Mapping[int, DiffLine]) -> bool:
    """Whether its lines are in the diff as they were when the fix was proven, and one of them is the pull request's."""
    lines = [diff.get(number) for number in range(suggestion.start, suggestion.end + 1)]
    shown = [line for line in lines if line is not None]
    return (
        len(shown) == len(lines)
        and tuple(line.text for line in shown) == suggestion.before
        and any(line.added for line in shown)
    )


def scope_of(image: ImageReport) -> str:
    """By what an image's suggestions are told from those of another one."""
    identity = json.dumps([image.name, image.platform, image.dockerfile])
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def payload(scope: str, suggestion: Suggestion) -> str:
    """What the comment's marker carries."""
    return f"{_KIND} {scope} {suggestion.id}"


def identity_of(body: str, key: str) -> tuple[str, str] | None:
    """The scope and ID of a suggestion's comment; None for every other comment."""
    match (payload_of(body) or "").split(" "):
        case [kind, scope, identity] if kind == _KIND and key_of(body) == key:
            return scope, identity
    return None


def fence(lines: Sequence[str]) -> Iterator[str]:
    """The block that GitHub offers to commit. Nothing in the lines can end it."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    mark = "`" * max(3, longest + 1)
    yield f"{mark}suggestion"
    yield from lines
    yield mark
