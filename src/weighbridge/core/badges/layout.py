"""Badges, drawn as shields draws them: the npm package badge-maker 6.0.0 is what the tests compare with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from weighbridge.core.badges.choices import Style
from weighbridge.core.badges.widths import Font, width
from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.template import template

_LONGEST = 100
_LABEL_FILL = "#555"
_PADDING = 5
_SCALE = 10
"""Texts are set ten times as large and scaled down, since browsers round the sizes of fonts."""


class Color(StrEnum):
    """Colours by the names that the endpoint document takes."""

    BRIGHTGREEN = "brightgreen"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    BLUE = "blue"
    LIGHTGREY = "lightgrey"


_FILLS = {
    Color.BRIGHTGREEN: "#4b0",
    Color.YELLOW: "#d8b800",
    Color.ORANGE: "#ea7233",
    Color.RED: "#dd4343",
    Color.BLUE: "#007ec6",
    Color.LIGHTGREY: "#939393",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """What a badge says, as plain text: made one visible line of at most a hundred characters.

    `label` may be empty. Raises ValueError for an empty message, which shields refuses.
    """

    label: str
    message: str
    color: Color

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", plain(self.label, _LONGEST))
        object.__setattr__(self, "message", plain(self.message, _LONGEST))
        if not self.message:
            raise ValueError("a badge needs a message")

    @property
    def title(self) -> str:
        """What is read aloud."""
        return f"{self.label}: {self.message}" if self.label else self.message


def endpoint(badge: Badge) -> dict[str, object]:
    """A shields endpoint document: https://shields.io/badges/endpoint-badge."""
    return {"schemaVersion": 1, "label": badge.label, "message": badge.message, "color": badge.color.value}


def svg(badge: Badge, style: Style = Style.FLAT) -> str:
    """The badge as a file of its own. It asks for nothing: no font, script or address."""
    drawn = _wide(badge) if style is Style.FOR_THE_BADGE else _narrow(badge, _LOOKS[style])
    return template("badge.svg.j2").render(badge=drawn) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the narrow styles differ in. `stops` are those of the gradient: offset, colour and opacity."""

    height: int
    baseline: int
    radius: int = 0
    stops: tuple[tuple[str, str, str], ...] = ()


_LOOKS = {
    Style.FLAT: _Look(height=20, baseline=140, radius=3, stops=(("0", "#bbb", ".1"), ("1", "", ".1"))),
    Style.FLAT_SQUARE: _Look(height=20, baseline=140),
    Style.PLASTIC: _Look(
        height=18,
        baseline=130,
        radius=4,
        stops=(("0", "#fff", ".7"), (".1", "#aaa", ".1"), (".9", "#000", ".3"), ("1", "#000", ".5")),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """A coloured half; `x` is None where it stands at the left edge."""

    x: str | None
    width: str
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A text around `x`, as long as `length`, both in tenths of a pixel."""

    x: str
    length: str
    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """What the template writes. Numbers are pixels; `baseline` and `font_size` tenths of one."""

    title: str
    width: str
    height: int
    radius: int
    stops: tuple[tuple[str, str, str], ...]
    baseline: int
    font_size: int
    boxes: tuple[_Box, ...]
    texts: tuple[_Text, ...]


def _narrow(badge: Badge, look: _Look) -> _Drawn:
    label, message = (_odd(width(text, Font.NORMAL_11)) for text in (badge.label, badge.message))
    left = label + 2 * _PADDING if badge.label else 0
    right = message + 2 * _PADDING
    fill = _FILLS[badge.color]
    texts = [_text(badge.message, left - 1 if left else 0, message)]
    if badge.label:
        texts.insert(0, _text(badge.label, 1, label))
    return _Drawn(
        title=badge.title,
        width=_number(left + right),
        height=look.height,
        radius=look.radius,
        stops=look.stops,
        baseline=look.baseline,
        font_size=110,
        boxes=(
            _Box(x=None, width=_number(left), fill=_LABEL_FILL if left else fill),
            _Box(x=_number(left), width=_number(right), fill=fill),
        ),
        texts=tuple(texts),
    )


def _odd(length: float) -> int:
    """Whole pixels, an odd number of them, so that texts fall on the pixel grid more often."""
    return int(length) | 1


def _text(text: str, margin: float, length: int) -> _Text:
    middle = margin + length / 2 + _PADDING
    return _Text(x=_number(_SCALE * middle), length=_number(_SCALE * length), text=text)


_WIDE_MARGIN = 12
_LETTER_SPACING = 1.25


def _wide(badge: Badge) -> _Drawn:
    label, message = badge.label.upper(), badge.message.upper()
    label_length, message_length = _spaced(label, Font.NORMAL_10), _spaced(message, Font.BOLD_10)
    left = label_length + 2 * _WIDE_MARGIN if label else 0
    right = message_length + 2 * _WIDE_MARGIN
    boxes = [_Box(x=_number(left) if label else None, width=_number(right), fill=_FILLS[badge.color])]
    texts = [_wide_text(message, left, message_length, bold=True)]
    if label:
        boxes.insert(0, _Box(x=None, width=_number(left), fill=_LABEL_FILL))
        texts.insert(0, _wide_text(label, 0, label_length, bold=False))
    return _Drawn(
        title=f"{label}: {message}" if label else message,
        width=_number(left + right),
        height=28,
        radius=0,
        stops=(),
        baseline=175,
        font_size=100,
        boxes=tuple(boxes),
        texts=tuple(texts),
    )


def _spaced(text: str, font: Font) -> float:
    # JavaScript's length: two for a letter beyond the first plane.
    units = len(text.encode("utf-16-le")) // 2
    return int(width(text, font)) + _LETTER_SPACING * units


def _wide_text(text: str, start: float, length: float, *, bold: bool) -> _Text:
    middle = start + _WIDE_MARGIN + length / 2
    return _Text(x=_number(_SCALE * middle), length=_number(_SCALE * length), text=text, bold=bold)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
