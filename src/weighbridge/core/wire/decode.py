"""JSON values that were validated, back to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec.structs import asdict

from weighbridge.core.wire.fixes import decode_fix
from weighbridge.core.wire.times import time_of
from weighbridge.model.budget import Budget, Percent, Verdict
from weighbridge.model.change import Cause, FileChange, ImageDiff, LayerChange, PackageChange
from weighbridge.model.files import Duplicate, WastedPath
from weighbridge.model.finding import Evidence, Finding
from weighbridge.model.image import ImageConfig, Layer, PackedSize, SourceLine
from weighbridge.model.packages import Package
from weighbridge.model.record import Occasion
from weighbridge.model.report import (
    NO_TREE,
    ImageReport,
    LargeFile,
    Report,
    Revision,
    TreeNode,
    Unavailable,
    WeighedImage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from weighbridge.core.wire import models as wire

    Contents = Callable[[wire.SideW], dict[str, Any]]

_Value = TypeVar("_Value")


def decode(report: wire.ReportW, *, heads: bool = False) -> Report:
    """The report; of `heads` alone no more than records are made of: of a head its layers, packages and folders, of a
    base its figures, no differences.

    Raises ValueError where a side is neither measured nor unavailable.
    """
    return Report(
        tool_version=report.tool_version,
        repository=report.repository,
        server_url=report.server_url,
        pull_request=report.pull_request,
        base=None if report.base is None else _revision(report.base),
        head=_revision(report.head),
        images=tuple(_image(image, heads=heads) for image in report.images),
        verdict=_verdict(report.verdict),
        minimum_change=report.minimum_change,
        occasion=_occasion(report.occasion, report.head.commit),
    )


def _occasion(occasion: wire.OccasionW | None, commit: str | None) -> Occasion | None:
    """None where no commit made the head."""
    if occasion is None or commit is None:
        return None
    return Occasion(
        commit=commit,
        time=time_of(occasion.time),
        recorded=time_of(occasion.recorded),
        ref=occasion.ref,
        release=occasion.release,
        recipes=occasion.recipes,
        event=occasion.event,
        default_branch=occasion.default_branch,
    )


def _image(image: wire.ImageW, *, heads: bool) -> ImageReport:
    percent = image.budget.percent()
    increase = image.budget.max_increase if isinstance(image.budget.max_increase, int) else None
    return ImageReport(
        name=image.name,
        platform=image.platform,
        dockerfile=image.dockerfile,
        base=None if image.base is None else _side(image.base, _figures if heads else _contents),
        head=_side(image.head, _head if heads else _contents),
        diff=None if image.diff is None or heads else _diff(image.diff),
        budget=Budget(
            max_size=image.budget.max_size,
            max_increase=increase if percent is None else Percent(value=percent),
        ),
        verdict=_verdict(image.verdict),
        unsplit=image.unsplit,
        fixes=tuple(decode_fix(fix) for fix in image.fixes),
        unfixed=image.unfixed,
        findings=tuple(_finding(finding) for finding in image.findings),
    )


def _finding(finding: wire.FindingW) -> Finding:
    return Finding(
        rule=finding.rule,
        severity=finding.severity,
        message=finding.message,
        line=_line(finding.line),
        waste=finding.waste,
        evidence=tuple(Evidence(**asdict(evidence)) for evidence in finding.evidence),
        introduced=finding.introduced,
    )


def _side(side: wire.SideW, contents: Contents) -> WeighedImage | Unavailable:
    if side.unavailable is not None:
        return Unavailable(**asdict(side.unavailable))
    _check_lists(side)
    return WeighedImage(
        reference=_there(side.reference),
        id=_there(side.id or ("" if side.recorded else None)),
        size=_there(side.size),
        packed=PackedSize(size=_there(side.packed_size), estimated=_there(side.packed_size_estimated)),
        wasted=_there(side.wasted),
        config=_config(side),
        file_count=_there(side.file_count),
        build_seconds=side.build_seconds,
        base_name=side.base_name,
        base_digest=side.base_digest,
        recorded=side.recorded,
        weights_only=side.weights_only,
        **contents(side),
    )


def _contents(side: wire.SideW) -> dict[str, Any]:
    return {
        "layers": _layers(side),
        "packages": _packages(side),
        "largest_files": tuple(LargeFile(**asdict(file)) for file in _listed(side, side.largest_files)),
        "wasted_paths": tuple(WastedPath(**asdict(path)) for path in _listed(side, side.wasted_paths)),
        "duplicates": tuple(Duplicate(**asdict(each)) for each in _listed(side, side.duplicates)),
        "tree": _shaped(side, _tree),
    }


def _head(side: wire.SideW) -> dict[str, Any]:
    """What records are made of.

    Packages and folders as they were read, with the same attributes: to make the model's own of hundreds of them takes
    as long as to read all of the report, and records are made of them at once.
    """
    return {
        **_UNLISTED,
        "layers": _layers(side),
        "packages": cast("tuple[Package, ...]", _listed(side, side.packages)),
        "tree": _shaped(side, lambda tree: cast("TreeNode", tree)),
    }


def _figures(side: wire.SideW) -> dict[str, Any]:
    """Nothing but the root of the tree."""
    return {**_UNLISTED, "tree": _shaped(side, _node)}


_UNLISTED = dict.fromkeys(("layers", "packages", "largest_files", "wasted_paths", "duplicates"), ())


def _check_lists(side: wire.SideW) -> None:
    """That all of them are there, whatever part of them is wanted."""
    _there(side.layers)
    for listed in (side.packages, side.largest_files, side.wasted_paths, side.duplicates):
        _listed(side, listed)


def _layers(side: wire.SideW) -> tuple[Layer, ...]:
    return tuple(_layer(layer) for layer in _there(side.layers))


def _packages(side: wire.SideW) -> tuple[Package, ...]:
    return tuple(_package(package) for package in _listed(side, side.packages))


def _shaped(side: wire.SideW, shape: Callable[[wire.TreeW], TreeNode]) -> TreeNode:
    return NO_TREE if side.weights_only else shape(_there(side.tree))


def _config(side: wire.SideW) -> ImageConfig:
    if side.recorded and side.config is None:
        return ImageConfig()
    return ImageConfig(**asdict(_there(side.config)))


def _listed(side: wire.SideW, listed: tuple[_Value, ...] | None) -> tuple[_Value, ...]:
    """What lists the contents of a side; nothing where only weights are known of it."""
    return () if side.weights_only else _there(listed)


def _there(value: _Value | None) -> _Value:
    if value is None:
        raise ValueError("a side is neither measured nor unavailable")
    return value


def _layer(layer: wire.LayerW) -> Layer:
    return Layer(
        diff_id=layer.diff_id,
        size=layer.size,
        packed=PackedSize(size=layer.packed_size, estimated=layer.packed_size_estimated),
        created_by=layer.created_by,
        line=_line(layer.line),
        line_exact=layer.line_exact,
        from_base=layer.from_base,
        compression=layer.compression,
    )


def _line(line: wire.LineW | None) -> SourceLine | None:
    return None if line is None else SourceLine(file=line.file, start=line.start, end=line.end)


def _package(package: wire.PackageW) -> Package:
    return Package(
        ecosystem=package.ecosystem,
        name=package.name,
        version=package.version,
        size=package.size,
        path=package.path,
    )


def _tree(node: wire.TreeW) -> TreeNode:
    return _node(node, tuple([_tree(child) for child in node.children]))


def _node(node: wire.TreeW, children: tuple[TreeNode, ...] = ()) -> TreeNode:
    return TreeNode(name=node.name, size=node.size, delta=node.delta, change=node.change, children=children)


def _diff(diff: wire.DiffW) -> ImageDiff:
    return ImageDiff(
        size=diff.size,
        packed=PackedSize(size=diff.packed_size, estimated=diff.packed_size_estimated),
        wasted=diff.wasted,
        causes=tuple(
            Cause(
                delta=cause.delta,
                phrase=cause.phrase,
                line=_line(cause.line),
                in_base=cause.in_base,
                origin=cause.origin,
            )
            for cause in diff.causes
        ),
        layers=tuple(
            LayerChange(
                change=change.change,
                base=None if change.base is None else _layer(change.base),
                head=None if change.head is None else _layer(change.head),
                delta=change.delta,
            )
            for change in diff.layers
        ),
        files=tuple(FileChange(**asdict(change)) for change in diff.files),
        packages=tuple(PackageChange(**asdict(change)) for change in diff.packages),
        unread=None if diff.unread is None else Unavailable(**asdict(diff.unread)),
    )


def _verdict(verdict: wire.VerdictW) -> Verdict:
    return Verdict(status=verdict.status, reasons=verdict.reasons)


def _revision(revision: wire.RevisionW) -> Revision:
    return Revision(commit=revision.commit, label=revision.label)
