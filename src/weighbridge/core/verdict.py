"""Whether an image is within its budget."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.core.names import one_line
from weighbridge.core.rendering.units import format_limit, format_size
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
    findings = [(held.status, held.reason) for held in hold(budget, base, head)]
    if isinstance(base, Unavailable) and base.expected:
        findings.append((Status.PASS, one_line(base.reason)))
    return _worst(findings)


class Held(NamedTuple):
    """A limit that was broken or nearly reached, or could not be checked. `limit` is how people write it: `+10 MB`."""

    status: Status
    limit: str
    reason: str


def hold(budget: Budget, base: WeighedImage | Unavailable | None, head: WeighedImage) -> tuple[Held, ...]:
    """What there is to say of each limit; nothing of one that is well kept."""
    return (*_hold_size(budget, head.size), *_hold_increase(budget, base, head.size))


def _hold_size(budget: Budget, size: int) -> Iterable[Held]:
    if budget.max_size is None:
        return
    limit = format_limit(budget.max_size)
    if size > budget.max_size:
        over = format_size(size - budget.max_size)
        yield Held(Status.FAIL, limit, f"weighs {format_size(size)}, {over} over its limit of {limit}")
    elif size > budget.max_size * _NEAR:
        yield Held(Status.WARN, limit, f"weighs {format_size(size)}, within 5 % of its limit of {limit}")


def _hold_increase(budget: Budget, base: WeighedImage | Unavailable | None, size: int) -> Iterable[Held]:
    limit = budget.max_increase
    if limit is None or base is None:
        return
    if isinstance(base, Unavailable):
        if not base.expected:
            reason = one_line(base.reason)
            told = f"its growth was not checked, because the base could not be weighed: {reason}"
            yield Held(Status.WARN, "", told)
        return
    growth, allowed = size - base.size, _allowed(limit, base.size)
    if isinstance(limit, Percent):
        written = f"{_plain(limit.value)} %"
        stated = f"{written} ({format_limit(int(allowed))})"
    else:
        written = stated = format_limit(limit)
    if growth > allowed:
        over = format_size(growth - int(allowed))
        told = f"grew by {format_size(growth)}, {over} more than the {stated} that it may grow"
        yield Held(Status.FAIL, f"+{written}", told)
    elif growth > 0 and growth > allowed * _NEAR:
        told = f"grew by {format_size(growth)}, within 5 % of the {stated} that it may grow"
        yield Held(Status.WARN, f"+{written}", told)


def overgrown(budget: Budget, base: int, head: int) -> bool:
    """Whether an image of `base` unpacked bytes may not grow to `head`."""
    return budget.max_increase is not None and head - base > _allowed(budget.max_increase, base)


def _allowed(limit: int | Percent, base: int) -> Decimal:
    return limit.value * base / 100 if isinstance(limit, Percent) else Decimal(limit)


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
