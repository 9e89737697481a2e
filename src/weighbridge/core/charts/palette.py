"""The colours of charts: all text is told from the paper by 4.5 to 1, all lines and areas by 3 to 1."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours by what they are for; `series` in the order of lines and areas."""

    paper: str
    edge: str
    grid: str
    ground: str
    ink: str
    dim: str
    up: str
    down: str
    budget: str
    rest: str
    series: tuple[str, ...]


LIGHT = Palette(
    paper="#ffffff",
    edge="#d1d9e0",
    grid="#e6eaef",
    ground="#818b98",
    ink="#1f2328",
    dim="#59636e",
    up="#b3400a",
    down="#0a6675",
    budget="#cf222e",
    rest="#808fa3",
    series=("#0969da", "#d9600b", "#2b9140", "#8250df", "#12878a", "#bf3989", "#a07200", "#5b6bc0"),
)
DARK = Palette(
    paper="#0d1117",
    edge="#30363d",
    grid="#21262d",
    ground="#656c76",
    ink="#e6edf3",
    dim="#9198a1",
    up="#f7a072",
    down="#6fc7d6",
    budget="#ff6a69",
    rest="#7d8793",
    series=("#4493f8", "#e08b45", "#4fb563", "#ab7df8", "#3fb5b8", "#e275ad", "#c69026", "#8694e8"),
)
