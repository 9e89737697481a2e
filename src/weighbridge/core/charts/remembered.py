"""Charts of what is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.charts.choices import ChartKind
from weighbridge.core.charts.lines import MOST_LINES, line_chart
from weighbridge.core.charts.series import Line, Split, Weight
from weighbridge.core.charts.stack import stack_chart
from weighbridge.core.essence import family, understand
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weighbridge.core.charts.shapes import Chart
    from weighbridge.core.history.look import Series
    from weighbridge.model.record import Record

BASE = "base image"


def chart(kind: ChartKind, series: Sequence[Series]) -> Chart:
    """A chart of at least one series. Raises UsageError for more than it has room for."""
    if kind in (ChartKind.SIZE, ChartKind.PACKED):
        if len(series) > MOST_LINES:
            raise UsageError(f"a chart has room for {MOST_LINES} images, not for {len(series)}: name one of them")
        return _lines(kind, series)
    if len(series) > 1:
        names = ", ".join(f"{each.image} {each.platform}" for each in series)
        raise UsageError(f"this chart is of one image on one platform: name one of {names}")
    return _stack(kind, series[0])


def _lines(kind: ChartKind, series: Sequence[Series]) -> Chart:
    packed = kind is ChartKind.PACKED
    weigh = _packed if packed else _weight
    lines = [Line(name=_name(each, series), weights=tuple(map(weigh, each.records))) for each in series]
    estimated = packed and any(record.packed.estimated for each in series for record in each.records)
    what = f"pull size{' (estimated)' if estimated else ''}" if packed else "image size"
    return line_chart(lines[0].name if len(lines) == 1 else "", what, lines)


def _name(one: Series, series: Sequence[Series]) -> str:
    """The platform is told where images of the same name differ by it."""
    alone = [each.image for each in series].count(one.image) == 1
    return one.image if alone else f"{one.image} {one.platform}"


def _stack(kind: ChartKind, series: Series) -> Chart:
    if kind is ChartKind.LAYERS:
        return stack_chart(series.image, "image size by layer", _split(series, _by_layer))
    return stack_chart(series.image, "image size by packages", _split(series, _by_ecosystem))


def _split(series: Series, parts: Callable[[Record], dict[str, int]]) -> tuple[Split, ...]:
    return tuple(Split(weight=_weight(record), parts=tuple(parts(record).items())) for record in series.records)


def _weight(record: Record) -> Weight:
    return Weight(time=record.time, size=record.size, release=record.release, budget=record.max_size)


def _packed(record: Record) -> Weight:
    """Budgets are of unpacked bytes."""
    return Weight(time=record.time, size=record.packed.size, release=record.release)


def _by_layer(record: Record) -> dict[str, int]:
    """What FROM brought, and the others by what their instructions do, since their texts change with every edit."""
    groups: dict[str, int] = {}
    for layer in record.layers:
        name = BASE if layer.from_base else family(understand(layer.created_by))
        groups[name] = groups.get(name, 0) + layer.size
    return groups


def _by_ecosystem(record: Record) -> dict[str, int]:
    return {f"{each.ecosystem} packages": each.size for each in record.ecosystems}
