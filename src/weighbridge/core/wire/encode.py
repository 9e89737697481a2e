"""The model's values as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from weighbridge.core.wire.fixes import encode_fix
from weighbridge.core.wire.times import written
from weighbridge.model.budget import Percent
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from weighbridge.model.budget import Budget, Verdict
    from weighbridge.model.change import Cause, ImageDiff
    from weighbridge.model.finding import Finding
    from weighbridge.model.image import Layer, SourceLine
    from weighbridge.model.packages import Package
    from weighbridge.model.record import Occasion
    from weighbridge.model.report import ImageReport, Report, Revision, TreeNode, WeighedImage

Json = dict[str, Any]

SCHEMA_NAME = "weighbridge.report/1"


def encode(report: Report) -> Json:
    """The report without its `schema`."""
    return {
        "tool_version": report.tool_version,
        "repository": report.repository,
        "server_url": report.server_url,
        "pull_request": report.pull_request,
        "base": None if report.base is None else _revision(report.base),
        "head": _revision(report.head),
        "minimum_change": report.minimum_change,
        "images": [encode_image(image) for image in report.images],
        "verdict": _verdict(report.verdict),
        **({} if report.occasion is None else {"occasion": _occasion(report.occasion)}),
    }


def _occasion(occasion: Occasion) -> Json:
    return {
        "event": occasion.event,
        "time": written(occasion.time),
        "recorded": written(occasion.recorded),
        "ref": occasion.ref,
        "release": occasion.release,
        "default_branch": occasion.default_branch,
        "recipes": dict(occasion.recipes),
    }


def encode_image(image: ImageReport) -> Json:
    """One image on one platform."""
    return {
        "name": image.name,
        "platform": image.platform,
        "dockerfile": image.dockerfile,
        "base": None if image.base is None else _side(image.base),
        "head": _side(image.head),
        "diff": None if image.diff is None else _diff(image.diff),
        "budget": _budget(image.budget),
        "verdict": _verdict(image.verdict),
        "unsplit": image.unsplit,
        "fixes": [encode_fix(fix) for fix in image.fixes],
        "unfixed": image.unfixed,
        "findings": [_finding(finding) for finding in image.findings],
    }


def _finding(finding: Finding) -> Json:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "line": _line(finding.line),
        "waste": finding.waste,
        "evidence": [asdict(evidence) for evidence in finding.evidence],
        "introduced": finding.introduced,
    }


def _unavailable(value: Unavailable) -> Json:
    return {**asdict(value), "stage": value.stage.value, "log_tail": list(value.log_tail)}


_CONTENTS = ("packages", "largest_files", "wasted_paths", "duplicates", "tree")


def _side(side: WeighedImage | Unavailable) -> Json:
    if isinstance(side, Unavailable):
        return {"unavailable": _unavailable(side)}
    value = _weighed(side)
    if side.recorded and not side.id:
        value |= {"id": None, "config": None}
    if side.weights_only:
        value |= {**dict.fromkeys(_CONTENTS), "weights_only": True}
    return value


def _weighed(side: WeighedImage) -> Json:
    return {
        "reference": side.reference,
        "id": side.id,
        "size": side.size,
        "packed_size": side.packed.size,
        "packed_size_estimated": side.packed.estimated,
        "wasted": side.wasted,
        "layers": [_layer(layer) for layer in side.layers],
        "config": asdict(side.config),
        "packages": [_package(package) for package in side.packages],
        "largest_files": [asdict(file) for file in side.largest_files],
        "wasted_paths": [asdict(path) for path in side.wasted_paths],
        "duplicates": [asdict(duplicate) for duplicate in side.duplicates],
        "tree": _tree(side.tree),
        "file_count": side.file_count,
        "build_seconds": None if side.build_seconds is None else round(side.build_seconds, 3),
        "base_name": side.base_name,
        "base_digest": side.base_digest,
        "recorded": side.recorded,
    }


def _package(package: Package) -> Json:
    return {
        "ecosystem": package.ecosystem.value,
        "name": package.name,
        "version": package.version,
        "size": package.size,
        "path": package.path,
    }


def _layer(layer: Layer) -> Json:
    return {
        "diff_id": layer.diff_id,
        "size": layer.size,
        "packed_size": layer.packed.size,
        "packed_size_estimated": layer.packed.estimated,
        "created_by": layer.created_by,
        "line": _line(layer.line),
        "line_exact": layer.line_exact,
        "from_base": layer.from_base,
        **({"compression": layer.compression} if layer.compression else {}),
    }


def _line(line: SourceLine | None) -> Json | None:
    return None if line is None else {"file": line.file, "start": line.start, "end": line.end}


def _tree(node: TreeNode) -> Json:
    value: Json = {"name": node.name, "size": node.size, "delta": node.delta, "change": node.change.value}
    if node.children:
        value["children"] = [_tree(child) for child in node.children]
    return value


def _diff(diff: ImageDiff) -> Json:
    return {
        "size": diff.size,
        "packed_size": diff.packed.size,
        "packed_size_estimated": diff.packed.estimated,
        "wasted": diff.wasted,
        "causes": [_cause(cause) for cause in diff.causes],
        "layers": [
            {
                "change": layer.change.value,
                "base": None if layer.base is None else _layer(layer.base),
                "head": None if layer.head is None else _layer(layer.head),
                "delta": layer.delta,
            }
            for layer in diff.layers
        ],
        "files": [{**asdict(file), "change": file.change.value} for file in diff.files],
        "packages": [{**asdict(package), "ecosystem": package.ecosystem.value} for package in diff.packages],
        **({} if diff.unread is None else {"unread": _unavailable(diff.unread)}),
    }


def _cause(cause: Cause) -> Json:
    return {
        "delta": cause.delta,
        "phrase": cause.phrase,
        "line": _line(cause.line),
        "in_base": cause.in_base,
        "origin": cause.origin.value,
    }


def _budget(budget: Budget) -> Json:
    increase = budget.max_increase
    return {
        "max_size": budget.max_size,
        "max_increase": f"{increase.value:f}%" if isinstance(increase, Percent) else increase,
    }


def _verdict(verdict: Verdict) -> Json:
    return {"status": verdict.status.value, "reasons": list(verdict.reasons)}


def _revision(revision: Revision) -> Json:
    return {"commit": revision.commit, "label": revision.label}
