"""Rows of many images over years, made up alike in every run, as the database's tables take them."""

from __future__ import annotations

import hashlib
import json
import random
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.support.records import record  # noqa: E402 - found by the line above

from weighbridge.core.wire.records import dump_record  # noqa: E402
from weighbridge.service.values import packed  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, object]

OWNER = "fleet"
PLATFORM = "linux/amd64"
PER_REPOSITORY = 10
START = int(datetime(2022, 1, 1, tzinfo=UTC).timestamp())
END = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
MB = 1_000_000
MONTH = 30 * 86_400
_PACKAGES = 40
_RULES = ("apt-no-recommends", "pip-cache", "toolchain-in-final")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """`images` images of a tenth as many repositories, each with `depth` records on its default branch."""

    images: int
    depth: int

    @property
    def records(self) -> int:
        """All of them."""
        return self.images * self.depth

    def name(self, image: int) -> tuple[str, str]:
        """Repository and name of an image."""
        return f"{OWNER}/app-{image // PER_REPOSITORY:04d}", f"image-{image % PER_REPOSITORY}"

    def tables(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """Tables and their rows, in the order in which they refer to each other."""
        yield "repositories", self._repositories()
        yield "images", self._images()
        yield "records", self._records()
        yield "packages", self._packages()
        yield "findings", self._findings()

    def sizes(self, image: int) -> list[int]:
        """Weights of an image, the oldest first."""
        chance = random.Random(image)  # noqa: S311 - the same in every run
        size = chance.randrange(20, 900) * MB
        made = []
        for _ in range(self.depth):
            size = max(MB, size + chance.randrange(-MB, 2 * MB))
            made.append(size)
        return made

    def time(self, number: int) -> int:
        """When the record of a number was made."""
        return START + (END - START) * number // self.depth

    def _repositories(self) -> Iterator[Row]:
        for number in range(-(-self.images // PER_REPOSITORY)):
            name = f"{OWNER}/app-{number:04d}"
            yield {"id": number + 1, "name": name, "default_branch": "main", "private": False, "created": START}

    def _images(self) -> Iterator[Row]:
        for image in range(self.images):
            sizes = self.sizes(image)
            newest = self.time(self.depth - 1)
            before = [size for number, size in enumerate(sizes) if self.time(number) <= newest - MONTH]
            yield {
                "id": image + 1, "repository_id": image // PER_REPOSITORY + 1, "name": self.name(image)[1],
                "platform": PLATFORM, "record_id": (image + 1) * self.depth, "time": newest, "size": sizes[-1],
                "packed": sizes[-1] // 3, "packed_estimated": True, "wasted": sizes[-1] // 50, "layer_count": 9,
                "status": ("pass", "warn", "fail")[image % 3], "max_size": 900 * MB,
                "saving": image % 7 * 10 * MB or None, "month_change": sizes[-1] - before[-1] if before else None,
                "trend": json.dumps(sizes[-30:]), "packages_digest": "", "findings_digest": "",
            }  # fmt: skip

    def _records(self) -> Iterator[Row]:
        for image in range(self.images):
            sizes = self.sizes(image)
            line = packed(dump_record(record(image, sizes[-1], image=self.name(image)[1])).encode())
            before = sizes[0]
            for number, size in enumerate(sizes):
                commit = hashlib.sha1(f"{image} {number}".encode(), usedforsecurity=False).hexdigest()
                release = f"v1.{number // 10}.0" if number % 10 == 9 else None
                yield {
                    "id": image * self.depth + number + 1, "image_id": image + 1, "report_id": None, "commit": commit,
                    "pull": 0, "time": self.time(number), "recorded": self.time(number) + 300, "ref": "main",
                    "release": release, "trunk": True, "size": size, "packed": size // 3, "packed_estimated": True,
                    "wasted": size // 50, "layer_count": 9, "file_count": 3_000, "base_size": before,
                    "delta": size - before, "status": "pass", "max_size": 900 * MB, "saving": None, "line": line,
                }  # fmt: skip
                before = size

    def _packages(self) -> Iterator[Row]:
        for image in range(self.images):
            for number in range(_PACKAGES):
                name = f"lib{(image * 7 + number * 13) % 3_000}"
                yield {
                    "id": image * _PACKAGES + number + 1, "image_id": image + 1, "ecosystem": "apt", "name": name,
                    "version": f"1.{number}", "size": number * 10_000,
                }  # fmt: skip

    def _findings(self) -> Iterator[Row]:
        for image in range(self.images):
            for number, rule in enumerate(_RULES):
                yield {
                    "id": image * len(_RULES) + number + 1, "image_id": image + 1, "rule": rule, "severity": "medium",
                    "message": "brings what nobody needs", "file": "Dockerfile", "start": number + 2,
                    "waste": image % 97 * 100_000,
                }  # fmt: skip
