"""What a chart says in words: its heading, and its description for those who can't see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.charts.frame import seconds
from weighbridge.core.charts.shapes import Run, fitted
from weighbridge.core.charts.ticks import date
from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.units import format_delta, format_limit, format_percent, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.charts.series import Weight

_LONGEST_NAME = 300


def title_runs(name: str, what: str) -> tuple[Run, ...]:
    """`yard image size`: the name is whatever somebody called it."""
    return (Run(text=fitted(name, _LONGEST_NAME, bold=True)), Run(text=f" {what}"))


def now(weights: Sequence[Weight]) -> tuple[Run, ...]:
    """The last weight, what became of it since the release before, and the budget. `weights` run from the oldest."""
    last = weights[-1]
    runs = [Run(text=format_size(last.size), kind="ink"), Run(text=f" on {date(seconds(last))}")]
    before = _before(weights)
    if before is not None:
        runs += [Run(text=" · "), *_change(before, last)]
    if last.budget is not None:
        runs += [Run(text=" · "), _budget(last, last.budget)]
    return tuple(runs)


def _before(weights: Sequence[Weight]) -> Weight | None:
    """The last release before the last weight, or the first weight; None where there is but one."""
    earlier = weights[:-1]
    return next((weight for weight in reversed(earlier) if weight.release), earlier[0] if earlier else None)


def _change(before: Weight, last: Weight) -> Iterator[Run]:
    delta = last.size - before.size
    kind = "up" if delta > 0 else "down" if delta < 0 else ""
    share = format_percent(delta, before.size)
    told = f"{format_delta(delta)} ({share})" if share and delta else "no change"
    yield Run(text=told, kind=kind)
    yield Run(text=" since ")
    yield Run(text=fitted(before.release, 130) if before.release else date(seconds(before)))


def _budget(last: Weight, budget: int) -> Run:
    over = last.size > budget
    return Run(
        text=f"{'over its' if over else 'within its'} budget of {format_limit(budget)}", kind="up" if over else ""
    )


def described(name: str, weights: Sequence[Weight]) -> Iterator[str]:
    """Sentences about one image's weights, which run from the oldest."""
    first, last = weights[0], weights[-1]
    told = plain(name, 100) or "the image"
    if len(weights) == 1:
        yield f"{told} weighed {format_size(last.size)} on {date(seconds(last))}."
    else:
        yield (
            f"{told} was weighed {len(weights)} times from {date(seconds(first))} to {date(seconds(last))}: "
            f"{format_size(first.size)} at first, {format_size(last.size)} at last, "
            f"{format_size(min(weight.size for weight in weights))} at least, "
            f"{format_size(max(weight.size for weight in weights))} at most."
        )
    released = [weight for weight in weights if weight.release]
    if released:
        newest = released[-1]
        count = "1 release" if len(released) == 1 else f"{len(released)} releases"
        yield f"{count}, the last {plain(newest.release or '', 60)} with {format_size(newest.size)}."
    if last.budget is not None:
        yield f"The budget is {format_limit(last.budget)}."
