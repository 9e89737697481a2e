"""Which releases are still to be weighed."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from weighbridge.core.history.versions import in_order, release_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.model.record import Record


def missing(
    tags: Iterable[str],
    records: Iterable[Record],
    images: Iterable[tuple[str, str | None]],
    *,
    pattern: str | None,
    prereleases: bool,
) -> tuple[str, ...]:
    """The tags of versions that lack a record of one of the images (name and platform, None: any), the highest first.

    With a `pattern` (as a shell has it) those that match, whether they name a version or not.
    """
    known: set[tuple[str | None, str, str | None]] = set()
    for record in records:
        known |= {(record.release, record.image, record.platform), (record.release, record.image, None)}
    wanted = [tag for tag in tags if _is_wanted(tag, pattern, prereleases=prereleases)]
    asked = tuple(images)
    return tuple(tag for tag in reversed(in_order(wanted)) if any((tag, *image) not in known for image in asked))


def _is_wanted(tag: str, pattern: str | None, *, prereleases: bool) -> bool:
    if pattern is not None:
        return fnmatchcase(tag, pattern)
    release = release_of(tag)
    return release is not None and (prereleases or not release.prerelease)
