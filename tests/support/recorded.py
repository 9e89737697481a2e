"""Reports of commits, as files that `weighbridge record` and `weighbridge badge` read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.reports import image, report
from weighbridge.core import wire

if TYPE_CHECKING:
    from tests.support.git import WorkTree
    from weighbridge.model.report import Report


def written(clone: WorkTree, name: str, what: Report) -> str:
    """A report's file beside the clone."""
    path = clone.path.parent / name
    path.write_text(wire.dump(what))
    return str(path)


def weighed(clone: WorkTree, size: int) -> Report:
    """A report of a new commit, a day after the one before."""
    day = int(clone.git("rev-list", "--count", "HEAD"))
    commit = clone.commit({"size": str(size)}, day=day)
    return report(image("app", 0, size=size), head=commit)
