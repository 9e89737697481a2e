"""What one may choose of a chart."""

from __future__ import annotations

from enum import StrEnum


class ChartKind(StrEnum):
    """What a chart shows."""

    SIZE = "size"
    PACKED = "packed"
    LAYERS = "layers"
    PACKAGES = "packages"


class Theme(StrEnum):
    """`AUTO` follows whoever looks at it."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"
