"""Bytes of files that compress like real ones, the same on every machine and in every run."""

from __future__ import annotations

import random
from enum import StrEnum
from functools import cache

_POOL_BYTES = 4 << 20
_WORD_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


class Texture(StrEnum):
    """What a file is like inside; gzip makes about a third, a half, and nothing of them."""

    TEXT = "text"
    BINARY = "binary"
    MEDIA = "media"


def content(source: random.Random, texture: Texture, size: int) -> bytes:
    """`size` bytes that hardly another file has: a window of the texture's pool, behind bytes of its own."""
    own = source.randbytes(min(size, 16)).hex().encode()[:size]
    pool = _pool(texture)
    start = source.randrange(len(pool))
    parts, missing = [own], size - len(own)
    while missing > 0:
        part = pool[start : start + missing]
        parts.append(part)
        missing -= len(part)
        start = 0
    return b"".join(parts)


@cache
def _pool(texture: Texture) -> bytes:
    source = random.Random(f"pool of {texture}")  # noqa: S311 - it must be the same everywhere
    if texture is Texture.MEDIA:
        return source.randbytes(_POOL_BYTES)
    made = _text(source) if texture is Texture.TEXT else _machine_code(source)
    return made[:_POOL_BYTES]


def _text(source: random.Random) -> bytes:
    words = ["".join(source.choices(_WORD_LETTERS, k=source.randint(2, 11))) for _ in range(6000)]
    # Words of a language are as frequent as their rank is low (Zipf).
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    lines = []
    for _ in range(_POOL_BYTES // 40):
        line = " ".join(source.choices(words, weights, k=source.randint(3, 12)))
        lines.append(" " * 4 * source.randint(0, 3) + line)
    return "\n".join(lines).encode()


def _machine_code(source: random.Random) -> bytes:
    """Few operations, often; operands that hardly repeat."""
    operations = [source.randbytes(source.randint(2, 5)) for _ in range(300)]
    weights = [1 / rank for rank in range(1, len(operations) + 1)]
    chosen = source.choices(operations, weights, k=_POOL_BYTES // 4)
    return b"".join(
        operation + source.randbytes(2) if position % 3 == 0 else operation for position, operation in enumerate(chosen)
    )
