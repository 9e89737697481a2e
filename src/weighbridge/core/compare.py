"""The difference of two images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.align import align, pair_change
from weighbridge.core.causes import explain
from weighbridge.core.filediff import diff_trees
from weighbridge.core.packages import package_changes, pair_packages
from weighbridge.core.rollup import roll_up
from weighbridge.model.change import Change, ImageDiff
from weighbridge.model.image import PackedSize

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from weighbridge.core.align import Pair
    from weighbridge.core.filediff import TreeDiff
    from weighbridge.model.change import LayerChange
    from weighbridge.model.image import Image


def compare(base: Image, head: Image, trees: TreeDiff | None = None, *, unread: Collection[int] = ()) -> ImageDiff:
    """Head minus base, with its causes. `layers` names only those that differ; all of them are in the images.

    `trees` is what diff_trees() gave for the two, where that is at hand. `unread` are the base's layers of which only
    the weight is known: where there are any, files and packages are not compared.
    """
    pairs = align(base.layers, head.layers)
    trees = trees or diff_trees(base.tree, head.tree)
    packages = pair_packages(base.packages, head.packages)
    return ImageDiff(
        size=head.size - base.size,
        packed=PackedSize(
            size=head.packed.size - base.packed.size, estimated=head.packed.estimated or base.packed.estimated
        ),
        wasted=head.waste.total - base.waste.total,
        causes=explain(base, head, trees, packages, pairs, unread=unread),
        layers=_layer_changes(base, head, pairs),
        files=() if unread else roll_up(trees),
        packages=() if unread else package_changes(packages),
    )


def _layer_changes(base: Image, head: Image, pairs: Sequence[Pair]) -> tuple[LayerChange, ...]:
    changes = (pair_change(base.layers, head.layers, pair) for pair in pairs)
    return tuple(
        sorted(
            (change for change in changes if change.change is not Change.SAME), key=lambda change: -abs(change.delta)
        )
    )
