"""The tables of the HTML page: finished text with the numbers that sorting goes by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import Span, plain, spans
from weighbridge.core.rendering.links import line_url
from weighbridge.core.rendering.units import format_delta, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.model.image import SourceLine
    from weighbridge.model.report import Report

_ROWS = 500
"""More rows than this nobody reads; the JSON has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`number` columns stand right and sort from the largest; `code` ones are names as they are in the image.

    `minor` ones are left out where there is no room for them.
    """

    name: str
    number: bool = False
    code: bool = False
    minor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `key` is what sorting goes by; `share` (−100…100) draws a bar; `trend` is "up", "down" or "".

    `parts` tell code from words, where the text is a sentence.
    """

    text: str
    key: int | str
    href: str | None = None
    exact: str = ""
    share: int | None = None
    trend: str = ""
    parts: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a heading; `hidden` rows were left out; `opened` ones are shown unfolded."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Field, ...], ...]
    hidden: int = 0
    opened: bool = False
    hint: str = ""

    @property
    def slug(self) -> str:
        """The title without its numbers, as a part of an address."""
        return re.sub(r"[^a-z]+", "-", re.split(r"[:(]", self.title)[0].lower()).strip("-")


def make_table(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[tuple[Field, ...]],
    *,
    opened: bool = False,
    hint: str = "",
) -> Table:
    """A table of at most so many rows as a browser sorts at once."""
    every = tuple(rows)
    return Table(
        title=title,
        columns=tuple(columns),
        rows=every[:_ROWS],
        hidden=max(0, len(every) - _ROWS),
        opened=opened,
        hint=hint,
    )


def size_field(size: int | None, *, estimated: bool = False, largest: int = 0) -> Field:
    """Bytes; None is unknown. With a bar where there is a largest to compare with."""
    if size is None:
        return Field(text="unknown", key=-1)
    text = ("≈ " if estimated else "") + format_size(size)
    return Field(text=text, key=size, exact=f"{size:,} bytes", share=_share(size, largest) if largest else None)


def delta_field(delta: int | None, largest: int = 0) -> Field:
    """A difference in bytes; None is unknown. With a bar where there is a largest (absolute) to compare with."""
    if delta is None:
        return Field(text="unknown", key=0)
    exact = f"{delta:+,} bytes".replace("-", "−")
    trend = "up" if delta > 0 else "down" if delta < 0 else ""
    share = _share(delta, largest) if largest else None
    return Field(text=format_delta(delta), key=delta, exact=exact, share=share, trend=trend)


def _share(part: int, largest: int) -> int:
    return round(100 * part / largest)


def count_field(count: int) -> Field:
    """A number of things."""
    return Field(text=f"{count:,}", key=count)


def text_field(text: str, limit: int = 300) -> Field:
    """A name or a word."""
    shown = plain(text, limit)
    return Field(text=shown, key=shown)


def prose_field(text: str, limit: int = 500) -> Field:
    """A sentence, code between backticks."""
    parts = spans(text, limit)
    shown = "".join(part.text for part in parts)
    return Field(text=shown, key=shown, parts=parts)


def line_field(line: SourceLine | None, report: Report, *, in_base: bool = False, exact: bool = True) -> Field:
    """A line of the Dockerfile, a link where there is a forge; `≈` where the history was matched."""
    if line is None:
        return Field(text="", key=0)
    text = ("" if exact else "≈ ") + plain(str(line), 120) + (" (base)" if in_base else "")
    return Field(text=text, key=line.start, href=line_url(line, report, in_base=in_base))
