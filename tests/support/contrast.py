"""The contrast ratio of WCAG 2.2."""

from __future__ import annotations


def contrast(one: str | list[int], other: str | list[int]) -> float:
    """Of two colours, as `#1f2328` or as red, green and blue up to 255: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str | list[int]) -> float:
    parts = list(bytes.fromhex(colour.removeprefix("#"))) if isinstance(colour, str) else colour
    linear = [_linear(part / 255) for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
