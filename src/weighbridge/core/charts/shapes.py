"""What a chart is made of, in the units of its view box; the template writes it, and `kind` is a class of its style."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.core.badges.widths import Font, width
from weighbridge.core.rendering.escape import plain

TEXT = 13
"""Pixels of the labels' font."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A line or an area; `data` is what SVG calls path data."""

    kind: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A circle."""

    kind: str
    x: str
    y: str
    r: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A small square: what a name in a legend stands for."""

    kind: str
    x: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A part of a label that is written from left or right on its own, whatever stands beside it."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text; `anchor` is `start`, `middle` or `end`."""

    x: str
    y: str
    runs: tuple[Run, ...]
    kind: str = "dim"
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture; what comes later is painted over what came before."""

    width: int
    height: int
    title: str
    description: str
    paths: tuple[Path, ...]
    dots: tuple[Dot, ...]
    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]


def number(value: float) -> str:
    """A tenth of a pixel is more than anybody sees."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def measured(text: str, *, bold: bool = False) -> float:
    """Pixels that a label takes up at most: no usual font is wider than Verdana."""
    return width(text, Font.BOLD_10 if bold else Font.NORMAL_10) * TEXT / 10


def fitted(text: str, room: float, *, bold: bool = False) -> str:
    """The text as one visible line of at most `room` pixels; the middle is cut, since both ends tell most."""
    text = plain(text, 200)
    if measured(text, bold=bold) <= room:
        return text
    shortest, longest = 0, len(text)
    while shortest < longest:
        kept = (shortest + longest + 1) // 2
        if measured(_cut(text, kept), bold=bold) <= room:
            shortest = kept
        else:
            longest = kept - 1
    return _cut(text, shortest)


def _cut(text: str, kept: int) -> str:
    tail = kept // 3
    return f"{text[: kept - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"
