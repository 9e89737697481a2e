"""Where the rectangles of a treemap go.

The squarified layout of Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): rows are filled for as long as the
worst aspect ratio in the row gets better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.report import TreeNode


class Box(NamedTuple):
    """A rectangle, in the units of the drawing."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A node and its place. `path` is absolute; `strip` is the height kept free on top for a directory's name."""

    node: TreeNode
    path: str
    depth: int
    box: Box
    strip: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """`strip` is the height of a directory's name; `gap` the space around members; below `least` nothing is drawn."""

    strip: float = 15
    gap: float = 1
    least: float = 2


def layout(root: TreeNode, width: float, height: float, style: Style | None = None) -> Iterator[Cell]:
    """Parents come before their children, so that they can be painted in this order. `root` itself is not drawn."""
    style = style or Style()
    yield from _members(root, "", 0, Box(0, 0, width, height), style)


def _members(node: TreeNode, path: str, depth: int, inside: Box, style: Style) -> Iterator[Cell]:
    children = [child for child in node.children if child.size > 0]
    for child, box in zip(children, squarify([child.size for child in children], inside), strict=True):
        if min(box.width, box.height) < style.least:
            continue
        room = child.children and box.width > 4 * style.strip and box.height > 2.5 * style.strip
        strip = style.strip if room else 0
        child_path = f"{path}/{child.name}"
        yield Cell(node=child, path=child_path, depth=depth, box=box, strip=strip)
        if child.children:
            yield from _members(child, child_path, depth + 1, _within(box, strip, style.gap), style)


def _within(box: Box, strip: float, gap: float) -> Box:
    top = strip or gap
    return Box(box.x + gap, box.y + top, max(0, box.width - 2 * gap), max(0, box.height - top - gap))


def squarify(sizes: Sequence[int], inside: Box) -> list[Box]:
    """A box for every size (positive, the largest first), with areas in proportion, which fill `inside`."""
    total = sum(sizes)
    if not total:
        return []
    scale = inside.width * inside.height / total
    areas = [size * scale for size in sizes]
    boxes: list[Box] = []
    free, start = inside, 0
    while start < len(areas):
        side = min(free.width, free.height)
        end = _row_end(areas, start, side)
        row = areas[start:end]
        placed, free = _place(row, free)
        boxes += placed
        start = end
    return boxes


def _row_end(areas: Sequence[float], start: int, side: float) -> int:
    """How far the row goes on before its worst aspect ratio gets worse."""
    end, total = start + 1, areas[start]
    best = _worst(areas[start], areas[start], total, side)
    while end < len(areas):
        ratio = _worst(areas[start], areas[end], total + areas[end], side)
        if ratio > best:
            break
        best, total, end = ratio, total + areas[end], end + 1
    return end


def _worst(largest: float, smallest: float, total: float, side: float) -> float:
    if not (total and side and smallest):
        return float("inf")
    return max(side * side * largest / (total * total), total * total / (side * side * smallest))


def _place(row: Sequence[float], free: Box) -> tuple[list[Box], Box]:
    """The row along the shorter side of what is free, and what is free after it."""
    total = sum(row)
    across = free.width >= free.height
    side = free.height if across else free.width
    thickness = total / side if side else 0
    boxes, at = [], 0.0
    for area in row:
        length = area / thickness if thickness else 0
        boxes.append(
            Box(free.x, free.y + at, thickness, length) if across else Box(free.x + at, free.y, length, thickness)
        )
        at += length
    rest = (
        Box(free.x + thickness, free.y, max(0, free.width - thickness), free.height)
        if across
        else Box(free.x, free.y + thickness, free.width, max(0, free.height - thickness))
    )
    return boxes, rest
