"""From a report to records: what is worth remembering of it, bounded."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import defaultdict
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped
from weighbridge.core.redaction import redacted
from weighbridge.model.record import (
    DirectoryWeight,
    EcosystemWeight,
    Record,
    RecordedLayer,
    RecordedPackage,
)
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from weighbridge.model.build import BuildSpec
    from weighbridge.model.image import Layer
    from weighbridge.model.packages import Ecosystem, Package
    from weighbridge.model.record import Occasion
    from weighbridge.model.report import ImageReport, Report, TreeNode

_PACKAGES = 10
_DIRECTORIES = 10
_INSTRUCTION = 100
_NAME = 200
_ID_DIGITS = 16
_REST = "…"


def recipe_of(spec: BuildSpec, hidden: Sequence[str] = ()) -> str:
    """A digest of what decides a build beside the tree: context, Dockerfile, target, build arguments and contexts.

    What is `hidden` is masked first, so that nobody can guess a secret from the digest. The platform is a field of its
    own in every record. A build argument without a value stands for itself.
    """
    parts = {
        "context": spec.context,
        "file": spec.dockerfile,
        "target": spec.target,
        "build_args": sorted(redacted(argument, hidden) for argument in spec.build_args),
        "build_contexts": sorted(redacted(context, hidden) for context in spec.build_contexts),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def records_of(report: Report, occasion: Occasion) -> tuple[Record, ...]:
    """One record for each image of the report's head that was weighed."""
    return tuple(
        _record(image, image.head, occasion, report.tool_version)
        for image in report.images
        if isinstance(image.head, WeighedImage)
    )


def _record(image: ImageReport, head: WeighedImage, occasion: Occasion, tool_version: str) -> Record:
    saved = [fix.proof.saved for fix in image.fixes if fix.proof.saved is not None]
    return Record(
        commit=occasion.commit,
        image=image.name,
        platform=image.platform,
        time=occasion.time.replace(microsecond=0),
        recorded=occasion.recorded.replace(microsecond=0),
        ref=occasion.ref,
        release=occasion.release,
        recipe=occasion.recipes.get(image.name),
        size=head.size,
        packed=head.packed,
        wasted=head.wasted,
        file_count=head.file_count,
        layers=tuple(_layer(layer) for layer in head.layers),
        packages=_packages(head.packages),
        ecosystems=_ecosystems(head.packages),
        directories=_directories(head.tree),
        build_seconds=None if head.build_seconds is None else round(head.build_seconds, 1),
        base_name=None if head.base_name is None else clipped(head.base_name, _NAME),
        base_digest=head.base_digest,
        verdict=image.verdict.status,
        max_size=image.budget.max_size,
        saving=max((0, *saved)) if image.fixes else None,
        tool_version=tool_version,
    )


def short_id(diff_id: str) -> str:
    """What a record keeps of a layer's diff ID."""
    return diff_id.rpartition(":")[2][:_ID_DIGITS]


def created(instruction: str) -> str:
    """What a record keeps of an instruction."""
    return clipped(instruction, _INSTRUCTION)


def _layer(layer: Layer) -> RecordedLayer:
    return RecordedLayer(
        id=short_id(layer.diff_id),
        size=layer.size,
        packed=layer.packed,
        created_by=created(layer.created_by),
        from_base=layer.from_base,
    )


def _packages(packages: Iterable[Package]) -> tuple[RecordedPackage, ...]:
    known = [(package.size, package) for package in packages if package.size]
    largest = heapq.nsmallest(_PACKAGES, known, key=lambda pair: (-pair[0], pair[1].ecosystem, pair[1].name))
    return tuple(
        RecordedPackage(
            ecosystem=package.ecosystem,
            name=clipped(package.name, _NAME),
            version=clipped(package.version, _NAME),
            size=size,
        )
        for size, package in largest
    )


def _ecosystems(packages: Iterable[Package]) -> tuple[EcosystemWeight, ...]:
    sizes: dict[Ecosystem, int] = defaultdict(int)
    counts: dict[Ecosystem, int] = defaultdict(int)
    for package in packages:
        sizes[package.ecosystem] += package.size or 0
        counts[package.ecosystem] += 1
    return tuple(
        EcosystemWeight(ecosystem=ecosystem, size=sizes[ecosystem], packages=counts[ecosystem])
        for ecosystem in sorted(counts)
    )


def _directories(tree: TreeNode) -> tuple[DirectoryWeight, ...]:
    """The largest directories that hold no other one of them: of `/usr` and `/usr/lib` the one that tells more."""
    found = list(_below(tree, ""))
    telling = [
        (path, size)
        for path, size, largest_child in found
        # Where one child makes nearly all of it, the child says it better.
        if largest_child * 10 < size * 9
    ]
    ranked = heapq.nsmallest(_DIRECTORIES, telling, key=lambda pair: (-pair[1], pair[0]))
    return tuple(DirectoryWeight(path=clipped(path, _NAME), size=size) for path, size in ranked)


def _below(node: TreeNode, path: str) -> Iterator[tuple[str, int, int]]:
    """Directories below the root with their bytes and those of their largest child directory."""
    for child in node.children:
        if child.children and child.name != _REST:
            there = f"{path}/{child.name}"
            largest = max((each.size for each in child.children if each.children), default=0)
            yield there, child.size, largest
            yield from _below(child, there)
