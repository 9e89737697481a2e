"""What the service answers. Fields that later versions add are ignored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations when it runs

from weighbridge.model.budget import Status  # noqa: TC001


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of one image: `created`, `updated`, or `unchanged` where all of it was known."""

    image: str
    platform: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the service keeps from now on. `pull_request` is a number, None where there is none."""

    repository: str
    commit: str
    pull_request: int | None
    images: tuple[Taken, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image on one platform with its newest weight on the default branch.

    `saving` is what the best proven fix would save, `month_change` bytes against a month before that weight; `trend`
    runs from the oldest.
    """

    repository: str
    name: str
    platform: str
    time: datetime | None
    size: int | None
    packed_size: int | None
    packed_size_estimated: bool | None
    wasted: int | None
    layers: int | None
    status: Status | None
    max_size: int | None
    saving: int | None
    month_change: int | None
    trend: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What an image weighed at a commit. `delta` is bytes against what it was compared with."""

    commit: str
    time: datetime
    ref: str | None
    release: str | None
    size: int
    packed_size: int
    packed_size_estimated: bool
    wasted: int
    layers: int
    files: int
    delta: int | None
    status: Status
    max_size: int | None
    saving: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """An image with its weights on the default branch and in releases, the newest first."""

    image: Image
    records: tuple[Weight, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """Diff IDs of layers whose files are not there."""

    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesPage:
    """A page of the list of images; `next` is the cursor of the one after it."""

    images: tuple[Image, ...]
    next: str | None
