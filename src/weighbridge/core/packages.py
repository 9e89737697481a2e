"""Which packages came, went or moved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.model.change import PackageChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from weighbridge.model.packages import Ecosystem, Package

LIMIT = 2_000
"""Rows that a diff keeps."""


class PackagePair(NamedTuple):
    """A package that came (no base), went (no head) or moved to another version (both)."""

    base: Package | None
    head: Package | None


def pair_packages(base: Sequence[Package], head: Sequence[Package]) -> tuple[PackagePair, ...]:
    """The packages that differ.

    A name may be installed several times (npm nests them): the same version cancels out wherever it is, then the
    same path makes a pair, then the order of paths.
    """
    before, after = _by_name(base), _by_name(head)
    return tuple(
        pair
        for key in sorted(before.keys() | after.keys())
        for pair in _pair_one_name(*_without_common(before.get(key, ()), after.get(key, ())))
    )


def package_changes(pairs: Iterable[PackagePair]) -> tuple[PackageChange, ...]:
    """The largest `LIMIT` absolute changes first, then those of unknown size; names decide what is equal."""
    changes = [_change(pair) for pair in pairs]
    changes.sort(
        key=lambda change: (
            change.delta is None,
            -abs(change.delta or 0),
            change.ecosystem,
            change.name,
            change.base_version or "",
            change.head_version or "",
        )
    )
    return tuple(changes[:LIMIT])


def _change(pair: PackagePair) -> PackageChange:
    some = pair.head or pair.base
    assert some is not None  # noqa: S101 - a pair has a side
    sizes = [0 if package is None else package.size for package in pair]
    known = [size for size in sizes if size is not None]
    return PackageChange(
        ecosystem=some.ecosystem,
        name=some.name,
        base_version=pair.base.version if pair.base else None,
        head_version=pair.head.version if pair.head else None,
        delta=known[1] - known[0] if len(known) == len(sizes) else None,
    )


def _by_name(packages: Iterable[Package]) -> dict[tuple[Ecosystem, str], list[Package]]:
    found: dict[tuple[Ecosystem, str], list[Package]] = {}
    for package in sorted(packages, key=lambda package: (package.path, package.version)):
        found.setdefault((package.ecosystem, package.name), []).append(package)
    return found


def _without_common(old: Sequence[Package], new: Sequence[Package]) -> tuple[list[Package], list[Package]]:
    common = Counter(package.version for package in old) & Counter(package.version for package in new)
    return _without(old, common), _without(new, common)


def _without(packages: Sequence[Package], versions: Counter[str]) -> list[Package]:
    left = versions.copy()
    kept = []
    for package in packages:
        if left[package.version] > 0:
            left[package.version] -= 1
        else:
            kept.append(package)
    return kept


def _pair_one_name(old: list[Package], new: list[Package]) -> Iterator[PackagePair]:
    for package in list(old):
        counterpart = next((other for other in new if other.path == package.path), None)
        if counterpart is not None:
            old.remove(package)
            new.remove(counterpart)
            yield PackagePair(package, counterpart)
    paired = min(len(old), len(new))
    yield from (PackagePair(one, other) for one, other in zip(old[:paired], new[:paired], strict=True))
    yield from (PackagePair(package, None) for package in old[paired:])
    yield from (PackagePair(None, package) for package in new[paired:])
