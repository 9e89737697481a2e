"""Platforms as `os/architecture[/variant]`, and whether one is meant by another. OCI image-spec, image-index.md."""

from __future__ import annotations

import platform
import re

_MACHINES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "arm/v7",
    "armv6l": "arm/v6",
    "i686": "386",
    "loongarch64": "loong64",
}
# What an architecture is where nothing is said of its variant; containerd's platforms package does the same.
_USUAL_VARIANT = {"arm64": "v8", "arm": "v7"}

_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?")


def is_platform(text: str) -> bool:
    """Whether it is written as one."""
    return _PLATFORM.fullmatch(text) is not None


def of_this_machine() -> str:
    """What images are run for here; the operating system is Linux also where an engine runs one inside another."""
    machine = platform.machine().lower()
    return f"linux/{_MACHINES.get(machine, machine)}"


def is_meant(found: str, wanted: str) -> bool:
    """Whether an image for `found` is one for `wanted`; a variant counts only where it is asked for."""
    have, want = _parts(found), _parts(wanted)
    return have[:2] == want[:2] and (want[2] == "" or _variant(have) == want[2])


def _parts(text: str) -> tuple[str, str, str]:
    system, _, rest = text.lower().partition("/")
    architecture, _, variant = rest.partition("/")
    return system, architecture, variant


def _variant(parts: tuple[str, str, str]) -> str:
    return parts[2] or _USUAL_VARIANT.get(parts[1], "")
