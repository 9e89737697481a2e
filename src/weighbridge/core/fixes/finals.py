"""What a program can be shipped on, smallest first: data, so that it can be read, tested and extended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.model.programs import Programs

_GLIBC_TEXT = (
    "libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libresolv.so.2 libutil.so.1 libnsl.so.1 "
    "libanl.so.1 libnss_dns.so.2 libnss_files.so.2 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1"
)
_GLIBC = frozenset(_GLIBC_TEXT.split())
_CC = _GLIBC | frozenset({"libgcc_s.so.1", "libstdc++.so.6", "libgomp.so.1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """An image to stand on. `glibc` is its version, None where there is none of it; `libraries` are sonames in it.

    `manager` is its package manager, None where there is none; `certificates`, `zones` and `temporary` whether it has
    TLS roots, time zones and a /tmp.
    """

    name: str
    title: str
    glibc: tuple[int, int] | None = None
    musl: bool = False
    libraries: frozenset[str] = frozenset()
    has_shell: bool = False
    manager: str | None = None
    certificates: bool = False
    zones: bool = False
    temporary: bool = False


SCRATCH = Ground(name="scratch", title="scratch")
STATIC = Ground(
    name="gcr.io/distroless/static-debian12", title="distroless/static", certificates=True, zones=True, temporary=True
)
BASE = Ground(
    name="gcr.io/distroless/base-debian12",
    title="distroless/base",
    glibc=(2, 36),
    libraries=_GLIBC | {"libssl.so.3", "libcrypto.so.3"},
    certificates=True,
    zones=True,
    temporary=True,
)
CC = Ground(
    name="gcr.io/distroless/cc-debian12",
    title="distroless/cc",
    glibc=(2, 36),
    libraries=_CC | {"libssl.so.3", "libcrypto.so.3"},
    certificates=True,
    zones=True,
    temporary=True,
)
ALPINE = Ground(
    name="alpine:3.20", title="alpine", musl=True, has_shell=True, manager="apk", certificates=True, temporary=True
)

_DEBIAN = {"buster": (2, 28), "bullseye": (2, 31), "bookworm": (2, 36), "trixie": (2, 41)}
_UBUNTU = {"14.04": (2, 19), "16.04": (2, 23), "18.04": (2, 27), "20.04": (2, 31), "22.04": (2, 35), "24.04": (2, 39)}
_FIELD = re.compile(r"^([A-Z_]+)=\"?([^\"\n]*)\"?$", re.MULTILINE)


def os_release(programs: Programs) -> Mapping[str, str]:
    """The fields of os-release(5)."""
    for path in ("etc/os-release", "usr/lib/os-release"):
        if path in programs.texts:
            return dict(_FIELD.findall(programs.texts[path].decode("utf-8", "replace")))
    return {}


def same_family(programs: Programs, base: str) -> Ground | None:
    """The slimmest image of the distribution and release that an image is made of; None where that is not known."""
    release = os_release(programs)
    kind, codename, version = release.get("ID"), release.get("VERSION_CODENAME", ""), release.get("VERSION_ID", "")
    if re.match(r"(?:docker\.io/(?:library/)?)?ubuntu:", base):
        # The author stands on it already, and it has no slimmer kind.
        return Ground(
            name=base, title=base, glibc=_UBUNTU.get(base.rpartition(":")[2], (2, 19)), libraries=_GLIBC,
            has_shell=True, manager="apt", temporary=True,
        )  # fmt: skip
    if kind == "debian" and codename in _DEBIAN:
        return Ground(
            name=f"debian:{codename}-slim", title=f"debian:{codename}-slim", glibc=_DEBIAN[codename], libraries=_GLIBC,
            has_shell=True, manager="apt", temporary=True,
        )  # fmt: skip
    if kind == "ubuntu" and version in _UBUNTU:
        return Ground(
            name=f"ubuntu:{version}", title=f"ubuntu:{version}", glibc=_UBUNTU[version], libraries=_GLIBC,
            has_shell=True, manager="apt", temporary=True,
        )  # fmt: skip
    if kind == "alpine" and re.fullmatch(r"[0-9.]+", version):
        name = f"alpine:{'.'.join(version.split('.')[:2])}"
        return Ground(
            name=name, title=name, musl=True, has_shell=True, manager="apk", certificates=True, temporary=True
        )
    return None
