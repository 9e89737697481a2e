"""What is known of a base image by its name alone: which toolchain it brings, and whether it is the slim one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from weighbridge.errors import WeighbridgeError

_MIRRORS = re.compile(
    r"^(?:(?:index\.)?docker\.io|public\.ecr\.aws/docker|mirror\.gcr\.io|registry-1\.docker\.io)/", re.IGNORECASE
)
_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)")
_SLIM = re.compile(
    r"slim|alpine|musl|glibc|uclibc|busybox|distroless|chiseled|cbl|minimal|nano(?:server)?|jre|runtime|headless|static"
)
_DISTROS = ("alpine", "debian", "ubuntu")
_MUSL = re.compile(r"alpine|musl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What the images of one name have in common.

    `toolchain` is what they compile with, in words; empty where they bring none. `slim_too` tells whether the slim
    variants bring it as well. `slimmer` are the suffixes of smaller tags, None where there are none. `pinned` is how
    many numbers a tag needs before it keeps its promises. `jdk` marks the images of a Java development kit.
    """

    toolchain: str = ""
    slim_too: bool = False
    slimmer: tuple[str, ...] = ()
    pinned: int = 1
    jdk: bool = False


_BUILDPACK = "gcc, make and the headers of Debian's buildpack-deps"
_FAT = Family(toolchain=_BUILDPACK, slimmer=("slim", "alpine"))
_JDK = Family(toolchain="a Java development kit", slim_too=True, jdk=True)
_MAVEN = Family(toolchain="a build tool and a Java development kit", slim_too=True, jdk=True)

FAMILIES: dict[str, Family] = {
    "golang": Family(toolchain="the Go toolchain", slim_too=True, slimmer=("alpine",)),
    "rust": Family(toolchain="the Rust toolchain", slim_too=True, slimmer=("slim", "alpine")),
    "gcc": Family(toolchain="GCC", slim_too=True),
    "buildpack-deps": Family(toolchain=_BUILDPACK, slim_too=True),
    "node": _FAT,
    "python": Family(toolchain=_BUILDPACK, slimmer=("slim", "alpine"), pinned=2),
    "ruby": Family(toolchain=_BUILDPACK, slimmer=("slim", "alpine"), pinned=2),
    "perl": Family(toolchain=_BUILDPACK, slimmer=("slim",), pinned=2),
    "pypy": Family(toolchain=_BUILDPACK, slimmer=("slim",), pinned=1),
    "erlang": _FAT,
    "elixir": Family(toolchain=_BUILDPACK, slimmer=("slim", "alpine"), pinned=2),
    "php": Family(toolchain="gcc, make and autoconf, to build extensions", pinned=2),
    "haskell": Family(toolchain="GHC", slim_too=True, slimmer=("slim",)),
    "swift": Family(toolchain="the Swift toolchain", slimmer=("slim",)),
    "dart": Family(toolchain="the Dart SDK", slim_too=True),
    "mono": Family(toolchain="the Mono SDK", slimmer=("slim",)),
    "clojure": _MAVEN,
    "maven": _MAVEN,
    "gradle": _MAVEN,
    "sbtscala/scala-sbt": _MAVEN,
    "openjdk": Family(toolchain="a Java development kit", slim_too=True, slimmer=("slim",), jdk=True),
    "java": _JDK,
    "adoptopenjdk": _JDK,
    "eclipse-temurin": _JDK,
    "amazoncorretto": _JDK,
    "sapmachine": _JDK,
    "ibm-semeru-runtimes": _JDK,
    "azul/zulu-openjdk": _JDK,
    "azul/zulu-openjdk-alpine": _JDK,
    "bellsoft/liberica-openjdk-alpine": _JDK,
    "bellsoft/liberica-openjdk-debian": _JDK,
    "mcr.microsoft.com/openjdk/jdk": _JDK,
    "microsoft/dotnet": Family(toolchain="the .NET SDK", slim_too=True, slimmer=("runtime",)),
    "microsoft/aspnetcore-build": Family(toolchain="the .NET SDK", slim_too=True, slimmer=("runtime",)),
    "mcr.microsoft.com/dotnet/sdk": Family(toolchain="the .NET SDK", slim_too=True, slimmer=("runtime",)),
    "mcr.microsoft.com/dotnet/core/sdk": Family(toolchain="the .NET SDK", slim_too=True, slimmer=("runtime",)),
    "debian": Family(slimmer=("slim",)),
    "oven/bun": Family(slimmer=("slim", "alpine")),
    "denoland/deno": Family(slimmer=("alpine",)),
    "nvidia/cuda": Family(toolchain="the CUDA compiler and its headers", slimmer=("runtime", "base")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base image's reference, taken apart. `name` has no registry where the image is an official one."""

    reference: str
    name: str
    tag: str | None
    digest: str | None
    parts: tuple[str, ...] = field(default=())

    @property
    def family(self) -> Family:
        """What is known of its name; a family of nothing where nothing is."""
        family = FAMILIES.get(self.name, Family())
        if self.name == "microsoft/dotnet" and "sdk" not in self.parts and self.tag not in (None, "latest"):
            return Family()
        if self.name == "nvidia/cuda" and "devel" not in self.parts:
            return Family()
        return family

    @property
    def known(self) -> bool:
        """Whether anything is known of its name."""
        return self.name in FAMILIES

    @property
    def slim(self) -> bool:
        """Whether the tag names one of the smaller variants."""
        return any(_SLIM.match(part) for part in self.parts)

    @property
    def musl(self) -> bool:
        """Whether its C library is musl, as far as the name tells."""
        return self.name == "alpine" or any(_MUSL.match(part) for part in self.parts)

    @property
    def toolchain(self) -> str:
        """What it compiles with, in words; empty where it is not known to compile."""
        family = self.family
        if family.jdk and any(part.startswith("jre") for part in self.parts):
            return ""
        return "" if self.slim and not family.slim_too else family.toolchain

    @property
    def onbuild(self) -> bool:
        """Whether its ONBUILD triggers copy and install what the Dockerfile doesn't show."""
        return "onbuild" in self.parts

    @property
    def version(self) -> str | None:
        """The number that the tag begins with."""
        found = _VERSION.match(self.tag) if self.tag else None
        return found[1] if found else None


def parse_base(reference: str) -> Base:
    """Takes a reference apart, without asking anyone."""
    rest, _, digest = reference.partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    name = _MIRRORS.sub("", f"{head}{slash}{last}").lower()
    # A mirror of the official images under another registry keeps their folder.
    name = re.sub(r"^(?:.*/)?library/", "", name)
    parts = tuple(part for part in re.split(r"[-_]", tag.lower()) if part)
    return Base(reference=reference, name=name, tag=tag or None, digest=digest or None, parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A release that gets no more security fixes, in words, and since when."""

    what: str
    since: date


def ended(base: Base, today: date) -> Ended | None:
    """What of a base image had ended by `today`: its repository, its language or its distribution."""
    repositories, cycles = _data()
    since = repositories.get(base.name)
    if since is not None and since <= today:
        return Ended(what=f"{base.name} is no longer published", since=since)
    for product, version in _products(base):
        end = _end(cycles.get(product, {}), version)
        if end is not None and end <= today:
            return Ended(what=f"{product} {version}", since=end)
    return None


def _products(base: Base) -> list[tuple[str, str]]:
    """Products and versions that a reference names, the image's own first."""
    found: list[tuple[str, str]] = []
    own = base.name.rpartition("/")[2]
    if base.name.startswith(("mcr.microsoft.com/dotnet/", "microsoft/dotnet")):
        own = "dotnet"
    if base.parts:
        found.append((own, base.version or base.parts[0]))
    for part in base.parts:
        for distro in _DISTROS:
            named = part.removeprefix(distro)
            if named and (named != part or _VERSION.fullmatch(part) is None):
                found.append((distro, named))
    return found


def _end(cycles: dict[str, date], version: str) -> date | None:
    """The end of the longest cycle that the version belongs to: `3.10.2` to `3.10`, and not to `3.1`."""
    numbers = version.split(".")
    for count in range(len(numbers), 0, -1):
        end = cycles.get(".".join(numbers[:count]))
        if end is not None:
            return end
    return None


@cache
def _data() -> tuple[dict[str, date], dict[str, dict[str, date]]]:
    document: Any = json.loads(resources.files(__package__).joinpath("endoflife.json").read_text("utf-8"))
    try:
        repositories = {name: date.fromisoformat(day) for name, day in document["repositories"].items()}
        cycles = {
            product: {name: date.fromisoformat(day) for names, day in table.items() for name in names.split()}
            for product, table in document["cycles"].items()
        }
    except (KeyError, ValueError) as error:
        raise WeighbridgeError(f"endoflife.json: {error}") from error
    return repositories, cycles
