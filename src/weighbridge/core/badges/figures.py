"""What badges tell of a report: its numbers, summed over the images where there are several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes.best import best
from weighbridge.model.budget import Budget, Status
from weighbridge.model.image import PackedSize
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.model.report import ImageReport, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Bytes and counts, None where they are unknown. `size`, `before` and `saving` are unpacked.

    `before` is the size of what `since` names: the release before, or the base. `saving` is what proven fixes would
    take away, zero where candidates were tried and none was proven. `limited` tells whether there is a budget at all.
    """

    images: int = 1
    size: int | None = None
    packed: PackedSize | None = None
    layers: int | None = None
    before: int | None = None
    since: str = ""
    saving: int | None = None
    status: Status = Status.PASS
    limited: bool = False


def figures(report: Report) -> Figures:
    """The head's numbers; those that one of the images lacks are unknown."""
    heads = [image.head for image in report.images if isinstance(image.head, WeighedImage)]
    bases = [image.base for image in report.images if isinstance(image.base, WeighedImage)]
    weighed = bool(heads) and len(heads) == len(report.images)
    compared = weighed and len(bases) == len(heads)
    return Figures(
        images=len(report.images),
        size=sum(head.size for head in heads) if weighed else None,
        packed=_packed(heads) if weighed else None,
        layers=sum(len(head.layers) for head in heads) if weighed else None,
        before=sum(base.size for base in bases) if compared else None,
        since=report.base.label if report.base else "",
        saving=_saving(report.images) if weighed else None,
        status=report.verdict.status,
        limited=any(image.budget != Budget() for image in report.images),
    )


def _packed(heads: Iterable[WeighedImage]) -> PackedSize:
    sizes = [head.packed for head in heads]
    return PackedSize(size=sum(each.size for each in sizes), estimated=any(each.estimated for each in sizes))


def _saving(images: Iterable[ImageReport]) -> int | None:
    """None where no candidate of an image was tried: that there is nothing to save is not known."""
    total = 0
    for image in images:
        if not image.fixes:
            return None
        proven = best(image.fixes)
        total += (proven.proof.saved or 0) if proven else 0
    return total
