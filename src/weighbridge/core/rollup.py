"""Thousands of changed files, told as the few rows where a person would say "that's it"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from weighbridge.core.footprint import depth, directories, parent
from weighbridge.core.names import shown_path
from weighbridge.model.change import Change, FileChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from weighbridge.core.filediff import FileDelta, TreeDiff

_LISTED_WHOLE = 30
"""With no more units than this there is no need to fold anything."""


class _Unit(NamedTuple):
    """Something that one row can stand for. `gross` is bytes that moved, growth and shrinking not offset."""

    path: str
    change: Change
    delta: int
    gross: int
    files: int
    directory: bool


def roll_up(diff: TreeDiff, limit: int = 200) -> tuple[FileChange, ...]:
    """At most `limit` rows that add up to the difference of the two trees, largest absolute change first.

    A directory that is wholly new or wholly gone is one row (the deepest one that holds it all). What is
    too small for a row of its own is counted in one row for the directory that holds it, for `/` in the end.
    """
    units = _whole_units(diff)
    gross = sum(unit.gross for unit in units)
    few = len(units) <= min(_LISTED_WHOLE, limit)
    # No two rows share a byte, so at most limit - 1 of them can reach this; one more takes the rest.
    smallest = 0 if few else max(1, -(-gross // (limit - 1)))
    rows = sorted(_fold(units, smallest), key=lambda unit: (-abs(unit.delta), -unit.gross, unit.path, unit.directory))
    return tuple(
        FileChange(
            path=shown_path(unit.path),
            change=unit.change,
            delta=unit.delta,
            files=unit.files,
            directory=unit.directory,
        )
        for unit in rows
    )


def _whole_units(diff: TreeDiff) -> list[_Unit]:
    """Single files, and directories that are on one side only, as large as they can be."""
    below: dict[str, list[_Unit]] = {}
    for change in diff.changes:
        below.setdefault(parent(change.path), []).append(_unit_of_file(change))
    in_base, in_head = diff.base.totals, diff.head.totals
    units: list[_Unit] = []
    for directory in _deepest_first(below):
        inside = below[directory]
        one_sided = directory not in in_base or directory not in in_head
        if directory and one_sided:
            change_kind = Change.ADDED if directory not in in_base else Change.REMOVED
            below[parent(directory)].append(_merged(inside, directory, change_kind))
        else:
            units.extend(inside)
    return units


def _fold(units: Sequence[_Unit], smallest: int) -> list[_Unit]:
    """Rows whose gross reaches `smallest`; what does not reach it goes up until it does, or to the top."""
    waiting: dict[str, list[_Unit]] = {}
    for unit in units:
        waiting.setdefault(parent(unit.path), []).append(unit)
    rows: list[_Unit] = []
    for directory in _deepest_first(waiting):
        small: list[_Unit] = []
        for unit in waiting[directory]:
            (rows if unit.gross >= smallest else small).append(unit)
        if not small:
            continue
        rest = _merged(small, directory, Change.CHANGED)
        if rest.gross >= smallest or not directory:
            rows.append(rest)
        else:
            waiting[parent(directory)].append(rest)
    return rows


def _deepest_first(by_directory: dict[str, list[_Unit]]) -> list[str]:
    """All directories above the given ones too (each gets its list), so that the parents come after their children."""
    for directory in directories(by_directory):
        by_directory.setdefault(directory, [])
    return sorted(by_directory, key=lambda directory: (-depth(directory), directory))


def _unit_of_file(change: FileDelta) -> _Unit:
    delta = change.head_size - change.base_size
    return _Unit(change.path, change.change, delta, abs(delta), 1, False)


def _merged(units: Sequence[_Unit], directory: str, change: Change) -> _Unit:
    """One unit for `directory`; a lone one keeps its own, more telling, name."""
    if len(units) == 1:
        return units[0]
    return _Unit(
        path=directory,
        change=change,
        delta=sum(unit.delta for unit in units),
        gross=sum(unit.gross for unit in units),
        files=sum(unit.files for unit in units),
        directory=True,
    )


def heaviest_path(sizes: Mapping[str, int], totals: Mapping[str, int], share: float = 0.6) -> tuple[str, int] | None:
    """The deepest path that holds most of the bytes and how many; None where only the root does.

    `sizes` are bytes by file, `totals` what `directory_totals` makes of them. `share` must be above a half: then
    the candidates lie on one line from the root.
    """
    enough = totals.get("", 0) * share
    candidates: Iterable[tuple[str, int]] = (
        (path, size) for source in (totals, sizes) for path, size in source.items() if path and size >= enough > 0
    )
    return max(candidates, key=lambda candidate: depth(candidate[0]), default=None)
