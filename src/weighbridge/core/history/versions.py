"""Releases in the order of their versions (semver.org), not of their dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semver import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

# `v1.2.3`, `1.2`, `app-v1.2.3-rc.1`, `app/1.2.3+build`: one component and its version. Leading zeros (2026.01.05) are
# no semver, but people write them.
_TAG = re.compile(
    r"(?P<component>(?:[A-Za-z][A-Za-z0-9._]*[-/@_])*)v?0*(?P<major>\d{1,9})\.0*(?P<minor>\d{1,9})(?:\.0*(?P<patch>\d{1,9}))?"
    r"(?:-(?P<pre>[0-9A-Za-z.-]{1,64}))?(?:\+(?P<build>[0-9A-Za-z.-]{1,64}))?"
)


@dataclass(frozen=True, slots=True)
class Release:
    """A tag that names a version. `component` is what stands before it, empty for most repositories."""

    tag: str
    component: str
    version: Version

    @property
    def prerelease(self) -> bool:
        """Whether it comes before a release proper (`-rc.1`)."""
        return bool(self.version.prerelease)


def release_of(tag: str) -> Release | None:
    """The version in a tag; None where it names none, as `latest` and `v1` do not."""
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    suffix = (f"-{found['pre']}" if found["pre"] else "") + (f"+{found['build']}" if found["build"] else "")
    try:
        version = Version.parse(f"{found['major']}.{found['minor']}.{found['patch'] or 0}{suffix}")
    except ValueError:
        return None
    return Release(tag, found["component"], version)


def previous_release(tag: str, others: Iterable[str]) -> str | None:
    """The highest of the other tags that is lower and of the same component; None where there is none.

    A release proper is compared with releases proper only, a pre-release with both.
    """
    release = release_of(tag)
    if release is None:
        return None
    lower = [
        other
        for other in map(release_of, others)
        if other is not None
        and other.component == release.component
        and other.version < release.version
        and (release.prerelease or not other.prerelease)
    ]
    return max(lower, key=lambda other: (other.version, other.tag)).tag if lower else None


def in_order(tags: Iterable[str]) -> list[str]:
    """Tags by component and version, the lowest first; those that name no version before them, by name."""
    return sorted(tags, key=_key)


def _key(tag: str) -> tuple[bool, str, Version, str]:
    release = release_of(tag)
    nothing = Version(0)
    return (release is not None, release.component if release else "", release.version if release else nothing, tag)
