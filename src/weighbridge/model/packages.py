"""Packages that package managers recorded in an image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ecosystem(StrEnum):
    """Who installed it."""

    APT = "apt"
    APK = "apk"
    PIP = "pip"
    NPM = "npm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package.

    `size` is bytes as the package manager's own record says (apt: Installed-Size × 1024; apk: I:;
    pip: RECORD; npm: the bytes below its directory, nested packages apart); None where it
    says nothing. `path` is the file that is the evidence.
    """

    ecosystem: Ecosystem
    name: str
    version: str
    size: int | None
    path: str
