"""Which layer of the base became which layer of the head: by content first, then by instruction, never by index."""

from __future__ import annotations

from bisect import bisect_left
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.core.essence import understand
from weighbridge.model.change import Change, LayerChange

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from weighbridge.model.image import Layer

_ALIKE = 0.5
_ALIKE_IF_ALONE = 0.3
"""How similar an edited instruction must be; less is needed where a gap holds only one on each side."""

_WORDS_COMPARED = 100
_GAP_COMPARED = 32
"""Bounds for images that are made to be slow to compare; real ones stay far below."""


class Pair(NamedTuple):
    """Indexes of a layer in base and head (oldest 0); None where it has no counterpart."""

    base: int | None
    head: int | None


def align(base: Sequence[Layer], head: Sequence[Layer]) -> tuple[Pair, ...]:
    """Pairs every layer of both sides once, in the head's order, followed by those that only the base has.

    The same diff ID makes a pair, then the same instruction, then a similar instruction with the same keyword that
    stands between the same neighbours. A layer that FROM brought never pairs with one that it didn't, save by diff ID.
    """
    matched: dict[int, int] = {}
    _match_equal([layer.diff_id for layer in base], [layer.diff_id for layer in head], matched)
    _match_equal([_instruction_key(layer) for layer in base], [_instruction_key(layer) for layer in head], matched)
    for base_gap, head_gap in _gaps(matched, len(base), len(head)):
        _match_edited(base, head, base_gap, head_gap, matched)
    pairs = [Pair(matched.get(position), position) for position in range(len(head))]
    taken = frozenset(matched.values())
    pairs.extend(Pair(position, None) for position in range(len(base)) if position not in taken)
    return tuple(pairs)


def pair_change(base: Sequence[Layer], head: Sequence[Layer], pair: Pair) -> LayerChange:
    """What became of a pair's bytes."""
    before = None if pair.base is None else base[pair.base]
    after = None if pair.head is None else head[pair.head]
    delta = (after.size if after else 0) - (before.size if before else 0)
    if before is None or after is None:
        change = Change.ADDED if before is None else Change.REMOVED
    else:
        change = Change.SAME if before.diff_id == after.diff_id else Change.CHANGED
    return LayerChange(change=change, base=before, head=after, delta=delta)


def _instruction_key(layer: Layer) -> Hashable:
    """None never equals None here: a layer without an instruction says nothing about its counterpart."""
    if not layer.created_by.strip():
        return (layer.from_base, layer.diff_id)
    instruction = understand(layer.created_by)
    return (layer.from_base, instruction.keyword, instruction.text)


def _match_equal(base: Sequence[Hashable], head: Sequence[Hashable], matched: dict[int, int]) -> None:
    """Matches equal keys that are still free: what kept its order first, then what moved."""
    free_base = [position for position in range(len(base)) if position not in set(matched.values())]
    free_head = [position for position in range(len(head)) if position not in matched]
    matcher = SequenceMatcher(
        None, [base[position] for position in free_base], [head[position] for position in free_head], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            matched[free_head[block.b + offset]] = free_base[block.a + offset]
    taken = set(matched.values())
    moved: dict[Hashable, list[int]] = {}
    for position in reversed(free_base):
        if position not in taken:
            moved.setdefault(base[position], []).append(position)
    for position in free_head:
        if position not in matched and moved.get(head[position]):
            matched[position] = moved[head[position]].pop()


def _gaps(matched: dict[int, int], base_count: int, head_count: int) -> list[tuple[list[int], list[int]]]:
    """Unmatched layers of both sides between neighbours that match and kept their order."""
    anchors = [(-1, -1), *_in_order(sorted(matched.items())), (head_count, base_count)]
    taken = frozenset(matched.values())
    gaps = []
    for (head_before, base_before), (head_after, base_after) in pairwise(anchors):
        in_base = [position for position in range(base_before + 1, base_after) if position not in taken]
        in_head = [position for position in range(head_before + 1, head_after) if position not in matched]
        if in_base and in_head:
            gaps.append((in_base, in_head))
    return gaps


def _in_order(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of (head, base) pairs, sorted by head, whose base positions rise too (patience sorting)."""
    tails: list[int] = []
    last: list[int] = []
    previous: list[int | None] = []
    for index, (_, base) in enumerate(pairs):
        slot = bisect_left(tails, base)
        previous.append(last[slot - 1] if slot else None)
        tails[slot : slot + 1] = [base]
        last[slot : slot + 1] = [index]
    run: list[tuple[int, int]] = []
    step = last[-1] if last else None
    while step is not None:
        run.append(pairs[step])
        step = previous[step]
    return run[::-1]


def _match_edited(
    base: Sequence[Layer], head: Sequence[Layer], base_gap: list[int], head_gap: list[int], matched: dict[int, int]
) -> None:
    """Pairs the most similar instructions of one gap, best first."""
    alone = len(base_gap) == len(head_gap) == 1
    enough = _ALIKE_IF_ALONE if alone else _ALIKE
    scored = sorted(
        (-similarity, abs(b_order - h_order), h, b)
        for b_order, b in enumerate(base_gap[:_GAP_COMPARED])
        for h_order, h in enumerate(head_gap[:_GAP_COMPARED])
        if (similarity := _similarity(base[b], head[h])) >= enough
    )
    taken: set[int] = set()
    for _, _, h, b in scored:
        if h not in matched and b not in taken:
            matched[h] = b
            taken.add(b)


def _similarity(one: Layer, other: Layer) -> float:
    """0 to 1, by words; 0 if the keywords differ or only one of the two came with the base image."""
    if one.from_base != other.from_base:
        return 0.0
    ours, theirs = understand(one.created_by), understand(other.created_by)
    if ours.keyword != theirs.keyword or not ours.words or not theirs.words:
        return 0.0
    return SequenceMatcher(None, ours.words[:_WORDS_COMPARED], theirs.words[:_WORDS_COMPARED], autojunk=False).ratio()
