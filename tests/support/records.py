"""Records as model values, for tests of what becomes of them."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from weighbridge.model.budget import Status
from weighbridge.model.image import PackedSize
from weighbridge.model.packages import Ecosystem
from weighbridge.model.record import DirectoryWeight, EcosystemWeight, Record, RecordedLayer, RecordedPackage

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 1, 1, tzinfo=UTC)
RECIPE = "0123456789abcdef"


def commit(number: int) -> str:
    """The ID of a commit that there is not."""
    return hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()


def record(number: int = 0, size: int = 100_000_000, **changes: Any) -> Record:
    """A commit's record, an hour after the one before it."""
    time = START + timedelta(hours=number)
    made = Record(
        commit=commit(number),
        image="app",
        platform="linux/amd64",
        time=time,
        recorded=time + timedelta(minutes=5),
        ref="main",
        release=None,
        recipe=RECIPE,
        size=size,
        packed=PackedSize(size=size // 3, estimated=True),
        wasted=size // 50,
        file_count=3_000,
        layers=(
            layer(0, size // 2, "ADD rootfs.tar.xz / # buildkit", from_base=True),
            layer(number + 1, size - size // 2, "COPY . . # buildkit"),
        ),
        packages=(RecordedPackage(ecosystem=Ecosystem.APT, name="perl-base", version="5.36", size=7_000_000),),
        ecosystems=(EcosystemWeight(ecosystem=Ecosystem.APT, size=60_000_000, packages=88),),
        directories=(DirectoryWeight(path="/usr/lib", size=40_000_000),),
        build_seconds=12.3,
        base_name="debian:12-slim",
        base_digest=f"sha256:{'b' * 64}",
        verdict=Status.PASS,
        max_size=200_000_000,
        saving=None,
        tool_version="0.1.0",
    )
    return replace(made, **changes)


def layer(number: int, size: int, created_by: str, *, from_base: bool = False) -> RecordedLayer:
    """A layer that is not the one of another number."""
    return RecordedLayer(
        id=commit(-number)[:16],
        size=size,
        packed=PackedSize(size=size // 3, estimated=True),
        created_by=created_by,
        from_base=from_base,
    )


def years_of_work(count: int, *, days: int = 5 * 365, seed: int = 7) -> Iterator[Record]:
    """Records as a busy repository makes them: sizes that wander, layers and packages that change now and then."""
    dice = random.Random(seed)  # noqa: S311 - the same for every run
    layers = [layer(number, dice.randrange(10**5, 10**8), f"RUN step {number} of the build") for number in range(12)]
    packages = [
        RecordedPackage(ecosystem=Ecosystem.APT, name=f"library-{number}", version=f"1.{number}", size=10**6 * number)
        for number in range(1, 11)
    ]
    for number in range(count):
        for position in range(len(layers) - 1, 8 if dice.random() < 0.9 else 2, -1):
            changed = max(1, layers[position].size + dice.randrange(-50_000, 60_000))
            layers[position] = layer(1000 + number * 16 + position, changed, layers[position].created_by)
        if dice.random() < 0.05:
            position = dice.randrange(10)
            packages[position] = replace(packages[position], version=f"2.{number}", size=dice.randrange(10**7))
        size = sum(each.size for each in layers)
        time = START - timedelta(days=days * (1 - number / count))
        yield record(
            number,
            size,
            time=time.replace(microsecond=0),
            recorded=time.replace(microsecond=0),
            packed=PackedSize(size=size // 3 + dice.randrange(1000), estimated=True),
            wasted=dice.randrange(size // 20),
            file_count=9_000 + number // 20,
            layers=tuple(layers),
            packages=tuple(packages),
            release=f"v1.{number // 200}.0" if number % 200 == 0 else None,
            build_seconds=dice.randrange(100, 900) / 10,
        )
