"""The treemap of an image: as shapes, for a picture that needs no script, and as data, for the script to draw anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weighbridge.core.rendering.columns import columns, shorten
from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.squarify import Cell, layout
from weighbridge.core.rendering.units import format_delta, format_percent, format_size
from weighbridge.core.treemap import REST
from weighbridge.model.change import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.report import TreeNode

WIDTH, HEIGHT = 1160, 560
_CHARACTER, _BOLD_CHARACTER = 6.3, 7.0
"""Width of a character of the labels' font, in the units of the drawing; what does not fit is not written."""
_COLORS = 8
_LEAST_LABEL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One rectangle. `kind` is its class: a change, or a colour of its own where nothing is compared."""

    x: str
    y: str
    width: str
    height: str
    kind: str
    directory: bool
    label: str
    path: str
    tells: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One line of the legend."""

    kind: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The treemap; sizes in units of its own view box. `data` is JSON that may stand inside of a script element."""

    width: int
    height: int
    total: str
    shapes: tuple[Shape, ...]
    legend: tuple[Key, ...]
    data: str


_MEANINGS = (
    ("added", "new"),
    ("grew", "grew"),
    ("moved", "changed, same size"),
    ("shrank", "shrank"),
    ("same", "as before"),
)


def draw(tree: TreeNode, *, compared: bool) -> Drawing:
    """The treemap coloured by change, or by place where there is nothing to compare with."""
    kinds = dict(_kinds(tree, "", None if compared else _groups(tree)))
    shapes = tuple(_shape(cell, tree.size, kinds[cell.path], compared=compared) for cell in layout(tree, WIDTH, HEIGHT))
    seen = {shape.kind for shape in shapes if not shape.directory}
    return Drawing(
        width=WIDTH,
        height=HEIGHT,
        total=format_size(tree.size),
        shapes=shapes,
        legend=tuple(Key(kind=kind, meaning=meaning) for kind, meaning in _MEANINGS if kind in seen),
        data=_inert(json.dumps(_datum(tree, "", kinds), ensure_ascii=True, separators=(",", ":"))),
    )


def _groups(tree: TreeNode) -> dict[str, str]:
    """Path → colour of the directories that make up the image; what holds most of it is taken apart first."""
    groups = {f"/{child.name}": child for child in tree.children}
    while groups and len(groups) < _COLORS:
        path, most = max(groups.items(), key=lambda item: item[1].size if item[1].children else -1)
        if not most.children or most.size * 2 <= tree.size:
            break
        del groups[path]
        groups |= {f"{path}/{child.name}": child for child in most.children}
    largest = sorted(groups, key=lambda path: -groups[path].size)
    return {path: f"k{number % _COLORS}" for number, path in enumerate(largest)}


def _kinds(node: TreeNode, path: str, groups: dict[str, str] | None, kind: str = "k0") -> Iterator[tuple[str, str]]:
    """Path → class of everything below a node."""
    own = _kind(node) if groups is None else groups.get(path, kind)
    yield path, own
    for child in node.children:
        yield from _kinds(child, f"{path}/{child.name}", groups, own)


def _datum(node: TreeNode, path: str, kinds: dict[str, str]) -> list[Any]:
    """`[name, bytes, difference, class, members]`, as treemap.js reads it."""
    members = [_datum(child, f"{path}/{child.name}", kinds) for child in node.children if child.size]
    return [plain(node.name, 200), node.size, node.delta, kinds[path], members]


def _inert(text: str) -> str:
    """JSON in which nothing ends the element that it stands in, or begins another."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _kind(node: TreeNode) -> str:
    if node.change is Change.ADDED:
        return "added"
    if node.change is Change.SAME:
        return "same"
    return "grew" if node.delta > 0 else "shrank" if node.delta < 0 else "moved"


def _shape(cell: Cell, total: int, kind: str, *, compared: bool) -> Shape:
    node, box = cell.node, cell.box
    path = plain(cell.path.removesuffix(f"/{REST}") + "/ (the small rest)" if node.name == REST else cell.path, 400)
    return Shape(
        x=_number(box.x),
        y=_number(box.y),
        width=_number(box.width),
        height=_number(box.height),
        kind=kind,
        directory=bool(node.children),
        label=_label(cell),
        path=path,
        tells=", ".join(_tells(node, total, compared=compared)),
    )


def _tells(node: TreeNode, total: int, *, compared: bool) -> Iterator[str]:
    share = format_percent(node.size, total)
    yield f"{format_size(node.size)} ({node.size:,} bytes)"
    if share:
        yield f"{share.lstrip('+')} of the image"
    if compared and node.change is not Change.SAME:
        yield "new" if node.change is Change.ADDED else format_delta(node.delta)


def _label(cell: Cell) -> str:
    node, box = cell.node, cell.box
    if node.children and not cell.strip:
        return ""
    if not node.children and box.height < 14:
        return ""
    fits = int((box.width - 6) / (_BOLD_CHARACTER if node.children else _CHARACTER))
    name = plain(node.name, 200) + ("/" if node.children else "")
    sized = f"{name} {format_size(node.size)}"
    if columns(sized) <= fits:
        return sized
    return shorten(name, fits) if fits >= min(_LEAST_LABEL, columns(name)) else ""


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
