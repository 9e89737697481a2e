"""What a fix takes away from an attacker, in words and as rows of before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.fix import Proof, Surface

_NAME = 40

Row = tuple[str, str, str, int]
"""What it is, before, after, and by how many it is fewer."""


def surface_words(before: Surface | None, after: Surface | None) -> str:
    """What an attacker finds less of, or more; empty where that is not known."""
    if before is None or after is None:
        return ""
    counts = (
        (before.packages - after.packages, "packages"),
        (before.executables - after.executables, "executables"),
        (before.setuid - after.setuid, "setuid files"),
    )
    fewer = [f"{count:,} {word}" for count, word in counts if count > 0]
    more = [f"{-count:,} {word}" for count, word in counts if count < 0]
    gone = [
        *_missing(before.shells, after.shells),
        *_missing(before.package_managers, after.package_managers),
    ]
    new = [
        *_missing(after.shells, before.shells),
        *_missing(after.package_managers, before.package_managers),
    ]
    parts = [
        f"{', '.join(fewer)} fewer" if fewer else "",
        f"no {', '.join(gone)} any more" if gone else "",
        f"{', '.join(more)} more" if more else "",
        f"{', '.join(new)} besides" if new else "",
    ]
    told = "; ".join(part for part in parts if part)
    return told or "as many packages, executables and setuid files as before"


def surface_rows(proof: Proof) -> tuple[Row, ...]:
    """Packages, executables, setuid files, shells and package managers; none where they were not counted."""
    before, after = proof.before, proof.after
    if before is None or after is None:
        return ()
    return (
        _counts("packages", before.packages, after.packages),
        _counts("executables", before.executables, after.executables),
        _counts("setuid files", before.setuid, after.setuid),
        _names("shells", before.shells, after.shells),
        _names("package managers", before.package_managers, after.package_managers),
    )


def _counts(what: str, before: int, after: int) -> Row:
    return what, f"{before:,}", f"{after:,}", before - after


def _names(what: str, before: Sequence[str], after: Sequence[str]) -> Row:
    told = [", ".join(plain(name, _NAME) for name in names) or "none" for names in (before, after)]
    return what, told[0], told[1], len(before) - len(after)


def _missing(names: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """Names that are nowhere among the others, the paths' last parts."""
    there = {name.rpartition("/")[2] for name in others}
    left = dict.fromkeys(name.rpartition("/")[2] for name in names if name.rpartition("/")[2] not in there)
    yield from (plain(name, _NAME) for name in left)
