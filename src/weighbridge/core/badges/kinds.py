"""What badges there are, and their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.badges.choices import Kind
from weighbridge.core.badges.layout import Badge, Color
from weighbridge.core.rendering.units import format_delta, format_percent, format_size
from weighbridge.model.budget import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from weighbridge.core.badges.figures import Figures


_VERDICTS = {
    Status.PASS: Color.BRIGHTGREEN,
    Status.WARN: Color.YELLOW,
    Status.UNKNOWN: Color.LIGHTGREY,
    Status.FAIL: Color.RED,
}
_UNKNOWN = ("unknown", Color.LIGHTGREY)


def badge(kind: Kind, figures: Figures, label: str | None = None) -> Badge:
    """The badge of that kind. `label` stands in place of the one that it has by itself; it may be empty.

    Green, yellow and red tell how an image stands to its budget, or how it changed; blue is a number without a budget,
    grey what is unknown.
    """
    message, color = _KINDS[kind](figures)
    return Badge(label=_label(kind, figures) if label is None else label, message=message, color=color)


def _label(kind: Kind, figures: Figures) -> str:
    several = figures.images > 1
    return {
        Kind.SIZE: f"size of {figures.images} images" if several else "image size",
        Kind.PACKED: f"pull size of {figures.images} images" if several else "image pull size",
        Kind.CHANGE: f"size since {figures.since}" if figures.since else "size change",
        Kind.LAYERS: f"layers of {figures.images} images" if several else "image layers",
        Kind.SAVING: "proven saving",
    }[kind]


def _size(figures: Figures) -> tuple[str, Color]:
    if figures.size is None:
        return _UNKNOWN
    return format_size(figures.size), _held(figures)


def _packed(figures: Figures) -> tuple[str, Color]:
    """Budgets are of unpacked bytes, so that this one is never held against one."""
    if figures.packed is None:
        return _UNKNOWN
    return f"{'≈ ' if figures.packed.estimated else ''}{format_size(figures.packed.size)}", Color.BLUE


def _change(figures: Figures) -> tuple[str, Color]:
    if figures.size is None or figures.before is None:
        return _UNKNOWN
    delta = figures.size - figures.before
    share = format_percent(delta, figures.before)
    message = f"{format_delta(delta)} ({share})" if delta and share else format_delta(delta)
    if delta <= 0:
        return message if delta else "no change", Color.BRIGHTGREEN
    return message, Color.RED if figures.status is Status.FAIL else Color.YELLOW


def _layers(figures: Figures) -> tuple[str, Color]:
    return _UNKNOWN if figures.layers is None else (str(figures.layers), Color.BLUE)


def _saving(figures: Figures) -> tuple[str, Color]:
    if figures.saving is None or figures.size is None:
        return _UNKNOWN
    if not figures.saving:
        return "none found", Color.BRIGHTGREEN
    share = format_percent(-figures.saving, figures.size)
    return f"{format_delta(-figures.saving)} ({share})", Color.ORANGE


def _held(figures: Figures) -> Color:
    if figures.limited or figures.status is not Status.PASS:
        return _VERDICTS[figures.status]
    return Color.BLUE


_KINDS: dict[Kind, Callable[[Figures], tuple[str, Color]]] = {
    Kind.SIZE: _size,
    Kind.PACKED: _packed,
    Kind.CHANGE: _change,
    Kind.LAYERS: _layers,
    Kind.SAVING: _saving,
}
