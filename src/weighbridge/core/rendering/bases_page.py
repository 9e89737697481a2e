"""The comparison of bases as one HTML page that needs nothing from anywhere: the figure that it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.names import shown_path
from weighbridge.core.rendering.bases import (
    ANYHOW,
    UNKNOWN,
    base_cells,
    brought_words,
    headline,
    own_cells,
    own_word,
    ran_word,
    reason,
)
from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.html import asset, content_policy
from weighbridge.core.rendering.template import template
from weighbridge.core.rendering.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.bases import Comparison, Standing

_STATUS = {"yes": "pass", "no": "fail", "cannot": "fail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One base. `share` is percent of the largest row, None where the size is not known."""

    base: str
    size: str
    exact: str
    share: int | None
    alone: str
    libc: str
    tools: str
    ran: str
    status: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    name: str
    title: str
    platform: str
    program: str
    rows: tuple[_Row, ...]
    notes: tuple[str, ...]


def bases_html(compared: Sequence[Comparison]) -> str:
    """The page. Its content security policy lets nothing load but its own style, by its hash."""
    style = asset("report.css")
    pages = [_page(each) for each in compared]
    return template("bases.html.j2").render(pages=pages, style=style, policy=content_policy(style))


def _page(compared: Comparison) -> _Page:
    return _Page(
        name=plain(compared.name),
        title=headline(compared),
        platform=plain(compared.platform, 60),
        program=plain(", ".join(shown_path(path) for path in compared.program), 300),
        rows=tuple(_rows(compared)),
        notes=tuple(plain(note) for note in compared.notes),
    )


def _rows(compared: Comparison) -> Iterator[_Row]:
    largest = max([1, compared.size, *(each.size or 0 for each in compared.standings)])
    for each in compared.standings:
        alone, libc, tools = base_cells(each)
        ran = ran_word(each, compared)
        yield _Row(
            base=plain(each.base.image), size=UNKNOWN if each.size is None else format_size(each.size),
            exact="" if each.size is None else f"{each.size:,} bytes",
            share=None if each.size is None else round(100 * each.size / largest), alone=alone, libc=libc, tools=tools,
            ran=ran, status=_STATUS.get(ran, "unknown"), note=_note(each),
        )  # fmt: skip
    libc, tools = own_cells(compared)
    ran = own_word(compared)
    yield _Row(
        base=ANYHOW, size=format_size(compared.size), exact=f"{compared.size:,} bytes",
        share=round(100 * compared.size / largest), alone="", libc=libc, tools=tools, ran=ran,
        status=_STATUS.get(ran, "unknown"),
    )  # fmt: skip


def _note(each: Standing) -> str:
    why = reason(each)
    if why:
        return plain(why, 400)
    brought = brought_words(each).replace("`", "")
    return f"with {brought}" if brought else ""
