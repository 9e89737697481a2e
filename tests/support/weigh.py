"""Weighing archives as the command line does, without an engine or a cache; and the steps of it one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tests.support.archives import digest
from tests.support.layers import layer, tar
from weighbridge.naming import parse_image_name
from weighbridge.reading.layer import index_layer
from weighbridge.reading.merge import merge
from weighbridge.reading.source import StreamSource
from weighbridge.weighing import Scale

if TYPE_CHECKING:
    from weighbridge.model.files import FileTree, LayerIndex
    from weighbridge.model.image import Image
    from weighbridge.ports import LayerCache


class NoCache:
    """Implements ports.LayerCache: forgets at once, and counts."""

    def __init__(self) -> None:
        self.kept: list[LayerIndex] = []

    def get(self, diff_id: str) -> None:
        """See the port."""

    def find(self, digits: str) -> None:
        """See the port."""

    def put(self, index: LayerIndex) -> None:
        """See the port."""
        self.kept.append(index)


def no_engine() -> NoReturn:
    """An archive is weighed without one."""
    raise AssertionError("an engine was asked for")


def weigh(*names: str, platform: str | None = None, cache: LayerCache | None = None) -> tuple[Image, ...]:
    """The images by these names."""
    scale = Scale(engine=no_engine, cache=cache or NoCache(), progress=lambda _what, _count: None)
    with scale.named_images([parse_image_name(name, platform) for name in names]) as images:
        pass
    return images


def indexed(data: bytes) -> LayerIndex:
    """The index of a plain layer."""
    return index_layer(StreamSource(iter([data])), digest(data))


def merged(*texts: str) -> FileTree:
    """The file system of layers that are written down as text."""
    return merge([indexed(tar(layer(text))) for text in texts])
