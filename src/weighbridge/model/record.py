"""What is remembered of one image on one platform at one commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from weighbridge.model.budget import Status
    from weighbridge.model.image import PackedSize
    from weighbridge.model.packages import Ecosystem

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""A whole commit ID of git, of SHA-1 or SHA-256, for `fullmatch`."""


class RecordKey(NamedTuple):
    """What there is one record of."""

    commit: str
    image: str
    platform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why and for what is recorded: the fields mean what they mean in Record. `recipes` are by the image's name.

    `event` is GitHub's name of what started the run, empty outside of a workflow; `default_branch` that of the
    repository, None where nobody knows.
    """

    commit: str
    time: datetime
    recorded: datetime
    ref: str | None
    release: str | None
    recipes: Mapping[str, str]
    event: str = ""
    default_branch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLayer:
    """One layer. `id` is the first sixteen hexadecimal digits of the diff ID; sizes are bytes.

    `created_by` is the instruction, clipped; `from_base` marks what FROM brought.
    """

    id: str
    size: int
    packed: PackedSize
    created_by: str
    from_base: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPackage:
    """One of the largest packages; `size` is unpacked bytes."""

    ecosystem: Ecosystem
    name: str
    version: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EcosystemWeight:
    """All packages of an ecosystem: unpacked bytes of those whose size is known, and the number of all."""

    ecosystem: Ecosystem
    size: int
    packages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryWeight:
    """A directory of the final file system, with the unpacked bytes below it."""

    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What an image weighed. Sizes are bytes; `size` and `wasted` are unpacked.

    `time` is when the commit was made, `recorded` when it was weighed, both in UTC and whole seconds. `ref` is the
    branch (or, where only a tag is known, the tag) that it was weighed for, without `refs/…/`; `release` the tag of a
    release. `recipe` is a digest of how it was built, which another build must share to be comparable, None where
    nobody knows. `base_digest` is that of FROM's image (`sha256:…`). `max_size` is the budget at that time. `saving`
    is what the best proven fix would save; None where no fix was looked for.
    """

    commit: str
    image: str
    platform: str
    time: datetime
    recorded: datetime
    ref: str | None
    release: str | None
    recipe: str | None
    size: int
    packed: PackedSize
    wasted: int
    file_count: int
    layers: tuple[RecordedLayer, ...]
    packages: tuple[RecordedPackage, ...]
    ecosystems: tuple[EcosystemWeight, ...]
    directories: tuple[DirectoryWeight, ...]
    build_seconds: float | None
    base_name: str | None
    base_digest: str | None
    verdict: Status
    max_size: int | None
    saving: int | None
    tool_version: str

    @property
    def key(self) -> RecordKey:
        """Which record it is."""
        return RecordKey(self.commit, self.image, self.platform)
