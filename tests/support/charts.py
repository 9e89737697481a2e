"""Charts of weights that are made up, for goldens, browser and documentation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from weighbridge.core.charts.lines import line_chart
from weighbridge.core.charts.series import Line, Split, Weight
from weighbridge.core.charts.stack import stack_chart

if TYPE_CHECKING:
    from weighbridge.core.charts.shapes import Chart

FIRST = datetime(2025, 3, 3, 11, 20, tzinfo=UTC)
HOSTILE = "</text><script>alert(1)</script> & \"quoted\" 'too' \u202eRTL \x00\x1b[31m حجم 镜像大小"


def weights(
    count: int,
    *,
    start: int = 98_000_000,
    days: float = 600,
    every: int = 0,
    budget: int | None = None,
    swing: int = 4,
) -> tuple[Weight, ...]:
    """Weights that creep up, leap and fall back, `swing` percent at a time; each `every`th is a release."""
    made, size = [], start
    for number in range(count):
        lot = (number * 7919 + 104_729) % 101
        size += size * (lot - 48) // 12_000
        if lot < 8:
            size += size * (lot - 3) * swing // 400
        released = every and number % every == every - 1
        made.append(
            Weight(
                time=FIRST + timedelta(days=days * number / max(1, count - 1)),
                size=size,
                release=f"v1.{number // every}.0" if released else None,
                budget=budget,
            )
        )
    return tuple(made)


def splits(parts: dict[str, int], count: int = 120, every: int = 20, rest: int = 7_000_000) -> tuple[Split, ...]:
    """Weights taken apart into `parts`, which grow one after the other, and a rest that has no name."""
    made = []
    sizes = dict(parts)
    names = list(parts)
    for number, weight in enumerate(weights(count, every=every, budget=250_000_000)):
        name = names[number * 7 % len(names)]
        lot = (number * 7919 + 13) % 101
        if lot < 30:
            sizes[name] += sizes[name] * (lot - 12) // 200
        whole = Weight(time=weight.time, size=sum(sizes.values()) + rest, release=weight.release, budget=weight.budget)
        made.append(Split(weight=whole, parts=tuple(sizes.items())))
    return tuple(made)


def gallery() -> dict[str, Chart]:
    """Charts by name."""
    images = (
        ("api", 98_000_000),
        ("worker linux/arm64", 91_000_000),
        ("a-name-that-is-too-long-for-it", 40_000_000),
    )
    by_layer = {"base image": 74_800_000, "apt-get install": 41_000_000, "pip install": 33_000_000, "COPY": 9_000_000}
    hostile = tuple(
        Weight(time=weight.time, size=weight.size, release=weight.release and HOSTILE, budget=weight.budget)
        for weight in weights(40, every=13, budget=120_000_000)
    )
    return {
        "one": chart(weights(1, every=1, budget=150_000_000)),
        "two": chart(weights(2, days=3, every=2)),
        "many": chart(weights(500, every=25, budget=150_000_000)),
        "from-zero": chart(weights(120, every=9, swing=80)),
        "three-images": line_chart(
            "octocat/yard",
            "image size",
            [Line(name=name, weights=weights(60, start=start, every=20)) for name, start in images],
        ),
        "hostile": line_chart(HOSTILE, "image size", [Line(name=HOSTILE * n, weights=hostile) for n in (1, 2)]),
        "layers": stack_chart("octocat/yard", "image size by layer", splits(by_layer)),
        "many-groups": stack_chart(
            "octocat/yard", "image size by layer", splits({f"RUN {n} {HOSTILE}": 3_000_000 * n for n in range(1, 15)})
        ),
    }  # fmt: skip


def chart(of: tuple[Weight, ...]) -> Chart:
    """The chart of one image."""
    return line_chart("octocat/yard", "image size", [Line(name="octocat/yard", weights=of)])
