"""What weighing the images of a registry asks of the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from weighbridge.model.files import LayerIndex
    from weighbridge.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A tag, weighed: `commit` and `time` (when the image was made) as the image itself tells them, None where not."""

    report: Report
    commit: str | None
    time: datetime | None
    layers: Sequence[LayerIndex]


class Weigher(Protocol):
    """Weighs images of registries. All raise UsageError, ImageNotFound, MalformedImage and OSError."""

    def tags(self, registry: str) -> tuple[str, ...]:
        """All tags of a registry's repository, such as `ghcr.io/octocat/app`."""
        ...

    def weigh(self, registry: str, tag: str, platform: str, consider: Callable[[str | None], None]) -> Release:
        """One of them. `consider` is told its commit before any layer is fetched, and what it raises ends it."""
        ...
