"""Weighing archives as the command line does, without an engine and without a cache that outlives the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from weighbridge.naming import parse_image_name
from weighbridge.weighing import Scale

if TYPE_CHECKING:
    from weighbridge.model.files import LayerIndex
    from weighbridge.model.image import Image


class NoCache:
    """Implements ports.LayerCache: forgets at once, and counts."""

    def __init__(self) -> None:
        self.kept: list[LayerIndex] = []

    def get(self, diff_id: str) -> None:
        """See the port."""

    def put(self, index: LayerIndex) -> None:
        """See the port."""
        self.kept.append(index)


def no_engine() -> NoReturn:
    """An archive is weighed without one."""
    raise AssertionError("an engine was asked for")


def weigh(*names: str, platform: str | None = None, cache: NoCache | None = None) -> tuple[Image, ...]:
    """The images by these names."""
    scale = Scale(engine=no_engine, cache=cache or NoCache(), progress=lambda _what, _count: None)
    return scale.named_images([parse_image_name(name, platform) for name in names])
