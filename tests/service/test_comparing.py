"""Two records compared: trees that are bounded, directories looked into, sums that are kept for their readers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.support.models import base_step, image, step
from weighbridge.core.filediff import diff_trees
from weighbridge.model.change import Change
from weighbridge.model.report import TreeNode
from weighbridge.service.comparing import below, merged
from weighbridge.service.kept import Kept

if TYPE_CHECKING:
    import pytest

    from weighbridge.service.running import Service


def node(name: str, size: int, *children: TreeNode) -> TreeNode:
    return TreeNode(name=name, size=size, delta=0, change=Change.SAME, children=children)


def changes(tree: TreeNode) -> dict[str, tuple[Change, int]]:
    return {child.name: (child.change, child.delta) for child in tree.children}


def test_trees_tell_what_came_went_and_grew() -> None:
    before = node("/", 60, node("usr", 40), node("old", 20))
    after = node("/", 75, node("usr", 45), node("new", 30))

    tree = merged(before, after)
    assert {"usr": (Change.CHANGED, 5), "new": (Change.ADDED, 30), "old": (Change.REMOVED, -20)} == changes(tree)
    assert (Change.CHANGED, 15) == (tree.change, tree.delta)


def test_what_a_bounded_tree_does_not_name_is_not_called_new_or_gone() -> None:
    before = node("/", 60, node("usr", 40), node("…", 20))
    after = node("/", 60, node("usr", 40), node("lib", 20))

    assert {"usr": (Change.SAME, 0), "lib": (Change.SAME, 0)} == changes(merged(before, after))
    assert "lib" not in changes(merged(after, before))


def test_a_directory_is_compared_alone() -> None:
    base = image(base_step({"usr/lib/a": 10, "usr/lib/x/b": 20, "etc/c": 5}))
    head = image(base_step({"usr/lib/a": 12, "etc/c": 9}), step("RUN add", {"usr/lib/y": 7}))

    inside = below(diff_trees(base.tree, head.tree), "usr/lib")
    assert {"a": 2, "x/b": -20, "y": 7} == {change.path: change.delta for change in inside.changes}
    assert (30, 19) == (inside.base.totals[""], inside.head.totals[""])


def test_sums_are_made_anew_when_a_report_came(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(service.database)
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert (1, 1) == (kept.get("sum", make), kept.get("sum", make))
    monkeypatch.setattr(kept, "_now", lambda: (7, ()))
    assert (2, 2) == (kept.get("sum", make), kept.get("sum", make))
    monkeypatch.setattr(kept, "_now", lambda: (7, ("another reader",)))
    assert 3 == kept.get("sum", make)


def test_what_is_slow_to_make_is_given_as_it_was(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 9.0, 9.0, 10.0, 19.0, 19.0, 19.0, 19.0, 19.0])
    kept = Kept(service.database, lambda: next(times))
    again = threading.Event()

    def make() -> str:
        if made:
            again.set()
        made.append(1)
        return f"number {len(made)}"

    made: list[int] = []
    monkeypatch.setattr(kept, "_now", lambda: (1, ()))
    assert "number 1" == kept.get("sum", make)
    monkeypatch.setattr(kept, "_now", lambda: (7, ()))
    assert "number 1" == kept.get("sum", make)
    assert again.wait(20)
