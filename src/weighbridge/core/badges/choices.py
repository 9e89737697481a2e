"""What one may choose of a badge."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a badge tells."""

    SIZE = "size"
    PACKED = "packed"
    CHANGE = "change"
    LAYERS = "layers"
    SAVING = "saving"


class Style(StrEnum):
    """The styles of shields, but for the one that looks like a button."""

    FLAT = "flat"
    FLAT_SQUARE = "flat-square"
    PLASTIC = "plastic"
    FOR_THE_BADGE = "for-the-badge"
