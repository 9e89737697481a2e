"""hypothesis strategies of layers that an engine would take: no path twice, no file that is a directory too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.support.layers import Item, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

_names = st.sampled_from(["a", "b", "c", "d"])
paths = st.lists(_names, min_size=1, max_size=3).map("/".join)
_sizes = st.sampled_from([0, 1, 511, 512, 513, 5000])
_modes = st.sampled_from([0o644, 0o755, 0o4755])
_owners = st.sampled_from([0, 1000, 3_000_000])


@st.composite
def layers(draw: st.DrawFn) -> tuple[Item, ...]:
    """One layer's entries, directories before what is in them, files before their hard links."""
    chosen = sorted(draw(st.sets(paths, max_size=7)))
    folders = {path[:end] for path in chosen for end, letter in enumerate(path) if letter == "/"}
    items = [
        Item(name=f"{path}/".encode(), typeflag=b"5", mode=draw(_modes))
        for path in sorted(folders)
        if draw(st.booleans())
    ]
    files: list[Item] = []
    links: list[Item] = []
    for path in chosen:
        if path in folders:
            continue
        kind = draw(st.sampled_from(["file", "file", "file", "folder", "symlink", "hardlink", "fifo"]))
        if kind == "hardlink" and files:
            # As every writer does it: mode and owner are the file's.
            target = draw(st.sampled_from(files))
            links.append(replace(target, name=path.encode(), typeflag=b"1", link=target.name, content=b""))
        elif kind == "symlink":
            items.append(Item(name=path.encode(), typeflag=b"2", mode=0o777, link=draw(paths).encode()))
        elif kind == "folder":
            items.append(Item(name=f"{path}/".encode(), typeflag=b"5", mode=draw(_modes), uid=draw(_owners)))
        elif kind == "fifo":
            items.append(Item(name=path.encode(), typeflag=b"6", mode=draw(_modes)))
        else:
            content = filled(draw(_names), draw(_sizes))
            files.append(Item(name=path.encode(), content=content, mode=draw(_modes), uid=draw(_owners)))
    return (*items, *files, *links, *draw(_marks(chosen, folders)))


@st.composite
def _marks(draw: st.DrawFn, chosen: Sequence[str], folders: set[str]) -> tuple[Item, ...]:
    """Whiteouts of what the layer does not bring itself, and opaque marks in its directories."""
    taken = folders.union(chosen)
    gone = [
        path
        for path in sorted(draw(st.sets(paths, max_size=2)))
        if path not in taken and not any(path.startswith(f"{other}/") for other in chosen if other not in folders)
    ]
    opaque = draw(st.sets(st.sampled_from(sorted(folders)), max_size=1)) if folders else set()
    names = [f"{path.rpartition('/')[0]}/.wh.{path.rpartition('/')[2]}".lstrip("/") for path in gone]
    return tuple(Item(name=name.encode(), mode=0) for name in [*names, *(f"{path}/.wh..wh..opq" for path in opaque)])


stacks = st.lists(layers(), min_size=1, max_size=4)
"""Layers of one image, oldest first."""
