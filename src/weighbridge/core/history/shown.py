"""The history as text, JSON and CSV. Text from records is shown as one line, never as terminal sequences."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from tabulate import tabulate

from weighbridge.core.names import clipped
from weighbridge.core.rendering.units import format_delta, format_size
from weighbridge.core.wire.records import record_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.core.history.look import Series
    from weighbridge.model.record import Record

SCHEMA = "weighbridge.history/1"
_BLOCKS = "▏▎▍▌▋▊▉█"
_BAR = 12
_COLUMNS = (
    "time", "commit", "image", "platform", "ref", "release", "size", "packed_size", "packed_size_estimated", "wasted",
    "file_count", "build_seconds", "base_name", "base_digest", "verdict", "max_size", "saving", "recorded",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_text(series: Sequence[Series], *, limit: int, between: Sequence[str]) -> str:
    """A table and a bar a record for each image; `limit` newest rows (0: all). `between` are lines on biggest jumps."""
    return "\n".join(_one(each, limit, line) for each, line in zip(series, between, strict=True))


def _one(series: Series, limit: int, jump: str) -> str:
    records = series.records
    first, last = records[0], records[-1]
    count = f"{len(records)} record{'s' if len(records) > 1 else ''}"
    title = f"{clipped(series.image, 80)} {clipped(series.platform, 40)}: {format_size(last.size)}, {count}"
    if len(records) > 1:
        title += f", {format_delta(last.size - first.size)} since {first.time:%Y-%m-%d}"
    rows = list(zip(records, series.changes(), strict=True))
    shown = rows[-limit:] if limit else rows
    heaviest = max(record.size for record in records)
    table = tabulate(
        [_row(record, change, heaviest) for record, change in shown],
        headers=("date", "commit", "release", "size", "change", "packed", "wasted", "layers", ""),
        tablefmt="plain",
        disable_numparse=True,
        colalign=("left", "left", "left", "right", "right", "right", "right", "right", "left"),
    )
    hidden = f"… {len(rows) - len(shown)} older; --limit 0 shows all\n" if len(shown) < len(rows) else ""
    return f"{title}\n\n{hidden}{table}\n" + (f"\n{jump}\n" if jump else "")


def _row(record: Record, change: int | None, heaviest: int) -> tuple[str, ...]:
    packed = f"{'≈ ' if record.packed.estimated else ''}{format_size(record.packed.size)}"
    return (
        f"{record.time:%Y-%m-%d}",
        record.commit[:7],
        clipped(record.release or "", 24),
        format_size(record.size),
        "" if change is None else format_delta(change) if change else "=",
        packed,
        format_size(record.wasted),
        str(len(record.layers)),
        bar(record.size, heaviest),
    )


def bar(size: int, heaviest: int) -> str:
    """A bar from zero, in eighths of a character; `heaviest` bytes fill it."""
    eighths = round(size * _BAR * 8 / heaviest) if heaviest else 0
    whole, part = divmod(eighths, 8)
    return "█" * whole + (_BLOCKS[part - 1] if part else "")


def jump_line(jump: tuple[Record, Record] | None, *, adjacent: bool) -> str:
    """Which commit made the biggest jump; `adjacent` where nothing lies between the two records."""
    if jump is None:
        return ""
    before, after = jump
    name = after.commit[:12] + (f" ({clipped(after.release, 24)})" if after.release else "")
    grew = f"{format_delta(after.size - before.size)}, from {format_size(before.size)} to {format_size(after.size)}"
    if adjacent:
        return f"biggest jump: {name}, {grew}"
    ask = f"weighbridge check --base {before.commit[:12]} --head {after.commit[:12]}"
    return f"biggest jump: between {before.commit[:12]} and {name}, {grew}; {ask} tells why"


def as_json(series: Sequence[Series]) -> str:
    """All series with whole records and their changes."""
    value = {
        "schema": SCHEMA,
        "series": [
            {
                "image": each.image,
                "platform": each.platform,
                "biggest_jump": _jump(each),
                "records": [
                    {**record_value(record), "change": change}
                    for record, change in zip(each.records, each.changes(), strict=True)
                ],
            }
            for each in series
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _jump(series: Series) -> dict[str, object] | None:
    jump = series.biggest_jump()
    if jump is None:
        return None
    before, after = jump
    return {"from": before.commit, "to": after.commit, "change": after.size - before.size}


def as_csv(series: Sequence[Series]) -> str:
    """A row a record, sizes in bytes; what is unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_COLUMNS, "change"))
    for each in series:
        for record, change in zip(each.records, each.changes(), strict=True):
            value = record_value(record)
            writer.writerow([_cell(value[column]) for column in _COLUMNS] + [_cell(change)])
    return text.getvalue()


def _cell(value: object) -> object:
    """A spreadsheet runs text that begins like a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
