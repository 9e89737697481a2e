"""What a program can be shipped on, smallest first: data, so that it can be read, tested and extended."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.core.proof.filesystem import os_release

if TYPE_CHECKING:
    from weighbridge.model.programs import Programs

_GLIBC_TEXT = (
    "libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libresolv.so.2 libutil.so.1 libnsl.so.1 "
    "libanl.so.1 libnss_dns.so.2 libnss_files.so.2 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1"
)
_GLIBC = frozenset(_GLIBC_TEXT.split())
_CC = _GLIBC | frozenset({"libgcc_s.so.1", "libstdc++.so.6", "libgomp.so.1"})
# What apt and dpkg themselves load, in every release.
_APT = _GLIBC | frozenset({"libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "libbz2.so.1.0"})


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


def same_family(programs: Programs, base: str) -> Ground | None:
    """The slimmest image of the distribution and release that an image is made of; None where that is not known."""
    release = os_release(programs)
    kind, codename, version = release.get("ID"), release.get("VERSION_CODENAME", ""), release.get("VERSION_ID", "")
    if re.match(r"(?:docker\.io/(?:library/)?)?ubuntu:", base):
        # The author stands on it already, and it has no slimmer kind.
        return _with_apt(base, _UBUNTU.get(base.rpartition(":")[2], (2, 19)))
    if kind == "debian" and codename in _DEBIAN:
        return _with_apt(f"debian:{codename}-slim", _DEBIAN[codename])
    if kind == "ubuntu" and version in _UBUNTU:
        return _with_apt(f"ubuntu:{version}", _UBUNTU[version])
    if kind == "alpine" and re.fullmatch(r"[0-9.]+", version):
        name = f"alpine:{'.'.join(version.split('.')[:2])}"
        return replace(ALPINE, name=name, title=name)
    return None


def _with_apt(name: str, glibc: tuple[int, int], libraries: frozenset[str] = _APT) -> Ground:
    """An image of Debian's kind, under its own name."""
    return Ground(
        name=name, title=name, glibc=glibc, libraries=libraries, has_shell=True, manager="apt", temporary=True
    )


_SLIM_LIBRARIES_TEXT = (
    "libgcc_s.so.1 libstdc++.so.6 libz.so.1 liblzma.so.5 libbz2.so.1.0 libcrypt.so.1 libselinux.so.1 libtinfo.so.6 "
    "liblz4.so.1 libzstd.so.1 libpcre2-8.so.0 libacl.so.1 libattr.so.1 libgnutls.so.30 libgcrypt.so.20 libblkid.so.1 "
    "libmount.so.1 libuuid.so.1"
)
_PYTHON_LIBRARIES_TEXT = (
    "libssl.so.3 libcrypto.so.3 libsqlite3.so.0 libffi.so.8 libreadline.so.8 libncursesw.so.6 libncurses.so.6 "
    "libpanelw.so.6 libdb-5.3.so libgdbm.so.6 libgdbm_compat.so.4 libnsl.so.2 libtirpc.so.3 libexpat.so.1"
)
_SLIM_LIBRARIES = _GLIBC | frozenset(_SLIM_LIBRARIES_TEXT.split())
_PYTHON_LIBRARIES = _SLIM_LIBRARIES | frozenset(_PYTHON_LIBRARIES_TEXT.split())

# An image with its tools, and the same without: the language stays at its version and place.
_HUB = r"((?:docker\.io/)?(?:library/)?(?:python|ruby|node|perl))"
_TWINS = (
    (rf"{_HUB}:(\d[\w.]*|latest|lts)(?:-(bookworm|bullseye|trixie))?", r"\1:\2-\3slim"),
    (r"((?:docker\.io/)?(?:library/)?debian):(\d[\d.]*|bookworm|bullseye|trixie|stable|latest)", r"\1:\2-slim"),
    (r"maven:[\w.]+-(eclipse-temurin)-(\d+)(?:-(?:focal|jammy|noble))?", r"\1:\2-jre"),
    (r"gradle:[\w.]*-?jdk(\d+)(?:-(?:focal|jammy|noble))?", r"eclipse-temurin:\1-jre"),
    (r"(eclipse-temurin):(\d+)(?:-jdk)?(-(?:focal|jammy|noble|alpine))?", r"\1:\2-jre\3"),
    (r"openjdk:(\d+)(?:-jdk)?(?:-(?:slim|bullseye|buster))*", r"eclipse-temurin:\1-jre"),
)


def twin(base: str, programs: Programs) -> Ground | None:
    """The same image without its tools, or the image itself where it has none to lose; None where nothing is known."""
    name = base
    for pattern, slim in _TWINS:
        found = re.fullmatch(pattern, base)
        if found is not None:
            name = _named(found, slim)
            break
    kind = os_release(programs).get("ID")
    if kind == "alpine":
        return Ground(name=name, title=name, musl=True, has_shell=True, manager="apk", temporary=True)
    if kind not in ("debian", "ubuntu"):
        return None
    python = name.rpartition("/")[2].startswith("python")
    return _with_apt(name, (2, 99), _PYTHON_LIBRARIES if python else _SLIM_LIBRARIES)


def _named(found: re.Match[str], slim: str) -> str:
    """The name of the slim twin; a group that took no part stands for nothing."""
    text = re.sub(r"\\(\d)", lambda number: found[int(number[1])] or "", slim)
    for codename in ("bookworm", "bullseye", "trixie"):
        text = text.replace(
            f"-{codename}slim", f"-slim-{codename}" if "python" in text or "ruby" in text else f"-{codename}-slim"
        )
    return text.replace(":latest-slim", ":slim")
