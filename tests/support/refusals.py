"""What the tests of hostile archives share: an image to spoil, and the one line that weighing it must end with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.archives import Parts, Recipe, archive, docker_archive, folder, recipe
from tests.support.weigh import weigh
from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.layers import Item

APP = recipe("""
tag app:1
ADD rootfs.tar /
    etc/
    etc/passwd 900
    usr/lib/libc.so 6000
RUN rm /etc/passwd
    - etc/passwd
    usr/lib/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/name 50
""")


def refused(name: str) -> str:
    """The message that weighing ends with: one line that can be printed."""
    with pytest.raises(MalformedImage) as caught:
        weigh(name)
    assert str(caught.value).isprintable()
    return str(caught.value)


def refused_parts(parts: Parts, path: Path) -> str:
    """The same message from the archive, the zipped archive and the folder, each without its own path."""
    target = path / "parts"
    target.mkdir(parents=True, exist_ok=True)
    names = [
        f"docker-archive:{archive(parts, target / 'a.tar')}",
        f"docker-archive:{archive(parts, target / 'a.tgz', zipped=True)}",
        f"oci:{folder(parts, target / 'folder')}",
    ]
    messages = {refused(name).replace(name.partition(":")[2], "").removeprefix(": ") for name in names}
    assert 1 == len(messages), messages
    return messages.pop()


def replaced(parts: Parts, find: bytes, by: bytes) -> Parts:
    """The parts with some of their bytes changed."""
    assert any(isinstance(part, bytes) and find in part for part in parts.values())
    return {name: part.replace(find, by) if isinstance(part, bytes) else part for name, part in parts.items()}


def of_config(change: dict[str, Any], made: Recipe = APP) -> Parts:
    """The image with another configuration, all digests right."""
    return docker_archive(Recipe(steps=made.steps, tags=made.tags, config=change))


def text(part: bytes | Item) -> bytes:
    """A part that is a file."""
    assert isinstance(part, bytes)
    return part
