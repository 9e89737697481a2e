"""Whether a candidate is smaller by enough to be worth a reviewer's time."""

from __future__ import annotations

from weighbridge.core.rendering.units import format_size
from weighbridge.model.fix import Check, Family, Outcome, Step

_SHARE = 100
"""One part in so many of the original must be saved."""


def check_size(original: int, candidate: int, minimum_change: int, family: Family | None = None) -> Check:
    """The fifth rung. Sizes are unpacked bytes; what is worth it is `minimum_change`, and never less than 1 %.

    A merge of two Dockerfiles is worth it by itself, where the image is no larger.
    """
    saved = original - candidate
    if family is Family.BUILDER_PATTERN and 0 <= saved < max(original // _SHARE, 1):
        told = f"{format_size(candidate)}, as the original: what is saved is the script"
        return Check(step=Step.SIZE, outcome=Outcome.PASSED, details=(told,))
    worth = max(minimum_change, original // _SHARE, 1)
    told = f"{format_size(candidate)}, where the original has {format_size(original)}"
    if saved >= worth:
        share = 100 * saved / original
        return Check(step=Step.SIZE, outcome=Outcome.PASSED, details=(f"{told}: {share:.1f} % less",))
    why = "not smaller" if saved <= 0 else f"only {format_size(saved)} less, and {format_size(worth)} would be worth it"
    return Check(step=Step.SIZE, outcome=Outcome.FAILED, details=(f"{told}: {why}",))
