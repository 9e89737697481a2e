"""A candidate that changes the Dockerfile and nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.dockerfile.source import apply
from weighbridge.model.fix import Candidate, Family, FileEdit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.dockerfile.source import Edit


def rewritten(
    anatomy: Anatomy,
    edits: Iterable[Edit],
    *,
    strategy: str,
    family: Family,
    title: str,
    rules: tuple[str, ...],
    may_change: frozenset[str] = frozenset(),
    costs: tuple[str, ...] = (),
) -> Candidate:
    """The candidate that these edits of the Dockerfile come to; the rest means what it means in Candidate."""
    before = anatomy.source.text
    after = apply(before, edits)
    path = anatomy.subject.dockerfile.path
    return Candidate(
        strategy=strategy,
        family=family,
        title=title,
        rules=rules,
        dockerfile=path,
        dockerfile_text=after,
        edits=(FileEdit(path=path, before=before, after=after),),
        target=anatomy.subject.spec.target,
        may_change=may_change,
        costs=costs,
    )
