"""The action's outputs, exactly as action.yml declares them."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from weighbridge.core.badges.choices import Kind
from weighbridge.core.badges.figures import figures
from weighbridge.core.badges.kinds import badge
from weighbridge.core.badges.layout import endpoint
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from weighbridge.model.report import ImageReport, Report


def outputs(report: Report) -> dict[str, str]:
    """Sizes in unpacked bytes, summed over the images; empty where one of them is unknown: unknown is not zero."""
    head = _total(report, "head")
    base = _total(report, "base")
    diffs = [image.diff for image in report.images]
    known = [diff for diff in diffs if diff is not None]
    difference = sum(diff.size for diff in known) if known and len(known) == len(diffs) else None
    return {
        "new-size": _text(head),
        "reference-size": _text(base),
        "size-diff": _text(difference),
        "size-diff-percent": _percent(difference, base),
        "layers-diff": _text(_layers(report) if difference is not None else None),
        "verdict": report.verdict.status.value,
        "badge": json.dumps(endpoint(badge(Kind.SIZE, figures(report))), ensure_ascii=False),
        "json": json.dumps([_image(image) for image in report.images], ensure_ascii=True, separators=(",", ":")),
    }


def _total(report: Report, side: str) -> int | None:
    sides = [getattr(image, side) for image in report.images]
    weighed = [each for each in sides if isinstance(each, WeighedImage)]
    return sum(each.size for each in weighed) if weighed and len(weighed) == len(sides) else None


def _layers(report: Report) -> int:
    return sum(
        len(image.head.layers) - len(image.base.layers)
        for image in report.images
        if isinstance(image.head, WeighedImage) and isinstance(image.base, WeighedImage)
    )


def _percent(difference: int | None, base: int | None) -> str:
    if difference is None or not base:
        return ""
    return str((Decimal(difference) * 100 / base).quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def _image(image: ImageReport) -> dict[str, object]:
    return {
        "name": image.name,
        "platform": image.platform,
        "size": image.head.size if isinstance(image.head, WeighedImage) else None,
        "size_diff": image.diff.size if image.diff else None,
        "verdict": image.verdict.status.value,
    }


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
