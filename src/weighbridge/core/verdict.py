"""Whether an image is within its budget."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from weighbridge.core.names import one_line
from weighbridge.core.rendering.units import format_size
from weighbridge.model.budget import Percent, Status, Verdict
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.model.budget import Budget
    from weighbridge.model.report import ImageReport, WeighedImage

_SEVERITY = {Status.PASS: 0, Status.WARN: 1, Status.UNKNOWN: 2, Status.FAIL: 3}
_EXIT = {Status.PASS: 0, Status.WARN: 1, Status.UNKNOWN: 3, Status.FAIL: 1}
_NEAR = Decimal("0.95")
"""From this share of a limit on there is a warning."""


def judge(budget: Budget, base: WeighedImage | Unavailable | None, head: WeighedImage | Unavailable) -> Verdict:
    """Holds unpacked sizes against the budget; a limit that is just reached is kept.

    A head that was not weighed is unknown. A base that is missing for no fault (a new image) is held against `max_size`
    only; one that could not be weighed leaves `max_increase` unchecked, which is a warning.
    """
    if isinstance(head, Unavailable):
        return Verdict(status=Status.UNKNOWN, reasons=(f"could not be weighed: {one_line(head.reason)}",))
    findings = [*_judge_size(budget, head.size), *_judge_increase(budget, base, head.size)]
    if isinstance(base, Unavailable) and base.expected:
        findings.append((Status.PASS, one_line(base.reason)))
    return _worst(findings)


def _judge_size(budget: Budget, size: int) -> Iterable[tuple[Status, str]]:
    limit = budget.max_size
    if limit is None:
        return
    if size > limit:
        yield (
            Status.FAIL,
            f"weighs {format_size(size)}, {format_size(size - limit)} over its limit of {format_size(limit)}",
        )
    elif size > limit * _NEAR:
        yield Status.WARN, f"weighs {format_size(size)}, within 5 % of its limit of {format_size(limit)}"


def _judge_increase(budget: Budget, base: WeighedImage | Unavailable | None, size: int) -> Iterable[tuple[Status, str]]:
    limit = budget.max_increase
    if limit is None or base is None:
        return
    if isinstance(base, Unavailable):
        if not base.expected:
            reason = one_line(base.reason)
            yield Status.WARN, f"its growth was not checked, because the base could not be weighed: {reason}"
        return
    growth = size - base.size
    allowed = limit.value * base.size / 100 if isinstance(limit, Percent) else Decimal(limit)
    stated = (
        f"{_plain(limit.value)} % ({format_size(int(allowed))})" if isinstance(limit, Percent) else format_size(limit)
    )
    if growth > allowed:
        over = format_size(growth - int(allowed))
        yield Status.FAIL, f"grew by {format_size(growth)}, {over} more than the {stated} that it may grow"
    elif growth > 0 and growth > allowed * _NEAR:
        yield Status.WARN, f"grew by {format_size(growth)}, within 5 % of the {stated} that it may grow"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def overall(images: Sequence[ImageReport]) -> Verdict:
    """The worst verdict, with all reasons, worst first, prefixed by the images' names where there are several."""
    if not images:
        return Verdict(status=Status.UNKNOWN, reasons=("no image was weighed",))
    names = [image.name for image in images]
    findings: list[tuple[Status, str]] = []
    for image in images:
        name = image.name if names.count(image.name) == 1 else f"{image.name} {image.platform}"
        prefix = f"{one_line(name)}: " if len(images) > 1 else ""
        findings.extend((image.verdict.status, f"{prefix}{reason}") for reason in image.verdict.reasons)
        findings.append((image.verdict.status, ""))
    return _worst(findings)


def _worst(findings: Iterable[tuple[Status, str]]) -> Verdict:
    ranked = sorted(findings, key=lambda finding: -_SEVERITY[finding[0]])
    if not ranked:
        return Verdict(status=Status.PASS)
    return Verdict(status=ranked[0][0], reasons=tuple(reason for _, reason in ranked if reason))


def exit_status(verdict: Verdict, fail_on: frozenset[Status]) -> int:
    """What the command line ends with: 1 over budget, 3 not measured, 0 where `fail_on` lets the verdict be."""
    return _EXIT[verdict.status] if verdict.status in fail_on else 0
