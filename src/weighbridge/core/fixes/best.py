"""Which of the fixes that were tried is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.model.fix import Family, ProofStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.model.fix import Fix
    from weighbridge.model.report import ImageReport

_SPLITS = (Family.MULTI_STAGE, Family.BUILDER_PATTERN)


def best(fixes: Iterable[Fix]) -> Fix | None:
    """The smallest fix that is verified; None if there is none."""
    proven = (fix for fix in fixes if fix.proof.status is ProofStatus.VERIFIED)
    return min(proven, key=lambda fix: fix.proof.size or 0, default=None)


def best_in_place(fixes: Iterable[Fix]) -> Fix | None:
    """The smallest verified one that keeps the Dockerfile's shape; None if there is none."""
    return best(fix for fix in fixes if fix.candidate.family is Family.IN_PLACE)


def why_unsplit(image: ImageReport) -> str:
    """Why no stage is split off, where a reader may wonder: something is found or proven, and no proven fix does it.

    Plain text from the image and its files; empty where there is nothing to say.
    """
    proven = [fix for fix in image.fixes if fix.proof.status is ProofStatus.VERIFIED]
    wondering = bool(image.findings or proven)
    return image.unsplit if wondering and not any(fix.candidate.family in _SPLITS for fix in proven) else ""
