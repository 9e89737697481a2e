"""What each changed layer brought and took away, from the two final file systems: files, packages, waste."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.essence import understand
from weighbridge.model.packages import Ecosystem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weighbridge.core.align import Pair
    from weighbridge.core.essence import Instruction
    from weighbridge.core.filediff import FileDelta, TreeDiff
    from weighbridge.core.packages import PackagePair
    from weighbridge.model.image import Image
    from weighbridge.model.packages import Package

_OWNERSHIP = frozenset({"chown", "chmod", "chgrp", "setfacl", "setcap", "touch"})
_BESIDES = frozenset({"cd", "set", "find", "xargs", "useradd", "adduser", "groupadd", "addgroup"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one pair of layers. Sizes are bytes.

    `files` is what each visible path adds to the pair's difference; `new_paths` those that the base lacks.
    `copies` are paths of lower layers that the head's layer stores again for nothing but their mode or owner.
    `hidden` are paths of the head's layer that later layers delete or replace by something else, and `wasted` how
    much more of the layer that is than in the base.
    """

    files: Mapping[str, int]
    new_paths: frozenset[str]
    packages: tuple[PackagePair, ...]
    copies: Mapping[str, int]
    hidden: Mapping[str, int]
    wasted: int


NO_EVIDENCE = Evidence(files={}, new_paths=frozenset(), packages=(), copies={}, hidden={}, wasted=0)


def gather(
    base: Image,
    head: Image,
    diff: TreeDiff,
    packages: Sequence[PackagePair],
    pairs: Sequence[Pair],
    wanted: Sequence[Pair],
) -> tuple[Evidence, ...]:
    """Evidence for each of `wanted`, in their order; `pairs` are all that there are."""
    in_base: dict[int, list[FileDelta]] = defaultdict(list)
    in_head: dict[int, list[FileDelta]] = defaultdict(list)
    for change in diff.changes:
        in_base[change.base_layer].append(change)
        in_head[change.head_layer].append(change)
    by_pair = _packages_by_pair(base, head, packages, pairs)
    return tuple(_evidence(base, head, pair, in_base, in_head, by_pair.get(pair, ())) for pair in wanted)


def _evidence(
    base: Image,
    head: Image,
    pair: Pair,
    in_base: Mapping[int, Sequence[FileDelta]],
    in_head: Mapping[int, Sequence[FileDelta]],
    packages: Sequence[PackagePair],
) -> Evidence:
    files: dict[str, int] = {}
    new_paths: set[str] = set()
    kept, kept_before = _copied_later(head, pair.head), _copied_later(base, pair.base)
    if pair.head is not None:
        for change in in_head.get(pair.head, ()):
            files[change.path] = change.head_size
            if change.base_layer < 0:
                new_paths.add(change.path)
        fresh = {path: size for path, size in kept.items() if path not in base.tree.nodes}
        files.update(fresh)
        new_paths.update(fresh)
    if pair.base is not None:
        for change in in_base.get(pair.base, ()):
            files[change.path] = files.get(change.path, 0) - change.base_size
        files.update((path, -size) for path, size in kept_before.items() if path not in head.tree.nodes)
    return Evidence(
        files=files,
        new_paths=frozenset(new_paths),
        packages=tuple(packages),
        copies={} if pair.head is None else _copies(base, head, pair.head),
        hidden={path: size for path, size in _hidden(head, pair.head).items() if path not in kept},
        wasted=_lost(head, pair.head, kept) - _lost(base, pair.base, kept_before),
    )


def _hidden(image: Image, layer: int | None) -> dict[str, int]:
    return {wasted.path: wasted.size for wasted in image.waste.largest if wasted.layer == layer}


def _copied_later(image: Image, layer: int | None) -> dict[str, int]:
    """Hidden paths of a layer that a later layer shows with as many bytes: copied for a mode or owner, not deleted."""
    nodes = image.tree.nodes
    return {
        path: size
        for path, size in _hidden(image, layer).items()
        if (placed := nodes.get(path)) is not None and placed.entry.size == size
    }


def _lost(image: Image, layer: int | None, kept: Mapping[str, int]) -> int:
    if layer is None or layer >= len(image.waste.by_layer):
        return 0
    return image.waste.by_layer[layer] - sum(kept.values())


def _copies(base: Image, head: Image, layer: int) -> dict[str, int]:
    """Paths that `layer` stores anew with the bytes that they had before.

    That is all of them where the instruction does nothing but change modes and owners; otherwise those that
    replace as many bytes, if the instruction changes owners too or the base holds the same content.
    """
    commands = understand(head.layers[layer].created_by).commands
    programs = {command[0].rpartition("/")[2] for command in commands}
    owns = not programs.isdisjoint(_OWNERSHIP)
    nodes = head.tree.nodes
    if owns and programs <= _OWNERSHIP | _BESIDES:
        return {
            path: placed.entry.size for path, placed in nodes.items() if placed.layer == layer and placed.entry.size
        }
    found: dict[str, int] = {}
    for wasted in head.waste.largest:
        placed = nodes.get(wasted.path)
        if placed is None or wasted.layer >= layer or placed.layer != layer or placed.entry.size != wasted.size:
            continue
        before = base.tree.nodes.get(wasted.path)
        if owns or (before is not None and before.entry.digest == placed.entry.digest):
            found[wasted.path] = wasted.size
    return found


def _packages_by_pair(
    base: Image, head: Image, packages: Sequence[PackagePair], pairs: Sequence[Pair]
) -> dict[Pair, list[PackagePair]]:
    """Gives each package to the pair whose layer installed it, or whose instruction calls its manager."""
    of_head: dict[int | None, Pair] = {pair.head: pair for pair in pairs if pair.head is not None}
    of_base: dict[int | None, Pair] = {pair.base: pair for pair in pairs if pair.base is not None}
    callers = _callers(base, head, pairs)
    found: dict[Pair, list[PackagePair]] = defaultdict(list)
    for package_pair in packages:
        owner: Pair | None = None
        if package_pair.head is not None:
            owner = of_head.get(_recording_layer(head, package_pair.head))
        elif package_pair.base is not None:
            owner = of_base.get(_recording_layer(base, package_pair.base))
        package = package_pair.head or package_pair.base
        if owner is None and package is not None:
            owner = callers.get(package.ecosystem)
        if owner is not None:
            found[owner].append(package_pair)
    return found


def _callers(base: Image, head: Image, pairs: Sequence[Pair]) -> dict[Ecosystem, Pair]:
    """For each ecosystem the pair that changed most among those whose instruction installs with it."""
    best: dict[Ecosystem, tuple[int, Pair]] = {}
    for pair in pairs:
        new = head.layers[pair.head] if pair.head is not None else None
        old = base.layers[pair.base] if pair.base is not None else None
        layer = new or old
        if layer is None:
            continue
        weight = abs((new.size if new else 0) - (old.size if old else 0))
        instruction: Instruction = understand(layer.created_by)
        for ecosystem in {install.ecosystem for install in instruction.installs} - {None}:
            if ecosystem is not None and weight > best.get(ecosystem, (-1,))[0]:
                best[ecosystem] = (weight, pair)
    return {ecosystem: pair for ecosystem, (_, pair) in best.items()}


def _recording_layer(image: Image, package: Package) -> int | None:
    """The layer that wrote what only this package's installation writes; None where all packages share one record."""
    nodes = image.tree.nodes
    if package.ecosystem in (Ecosystem.PIP, Ecosystem.NPM):
        candidates = [package.path]
    elif package.ecosystem is Ecosystem.APT:
        # dpkg writes one list of files for each package when it installs it; the name may carry the architecture.
        info = "var/lib/dpkg/info"
        candidates = [f"{info}/{package.name}{mark}.list" for mark in ("", ":amd64", ":arm64", ":i386", ":armhf")]
    else:
        candidates = []
    return next((placed.layer for path in candidates if (placed := nodes.get(path)) is not None), None)
