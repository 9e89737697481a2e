"""Which packages only build: by name, in the words of Debian, Ubuntu and Alpine."""

from __future__ import annotations

import re

_TOOLCHAIN = re.compile(
    r"""^(?:
    build-essential|build-base|alpine-sdk|gcc(?:-.*)?|g\+\+(?:-.*)?|cpp(?:-.*)?|clang(?:-.*)?|llvm(?:-.*)?|lld(?:-.*)?
    |make|cmake|ninja(?:-build)?|samurai|meson|scons|autoconf.*|automake.*|libtool(?:-bin)?|pkg-config|pkgconf|bison|flex|re2c
    |gettext|nasm|yasm|binutils.*|dpkg-dev|debhelper|devscripts|fakeroot|patch|m4|swig|ccache|gdb|strace|valgrind
    |golang(?:-.*)?|go|(?:rustc|cargo)(?:-.*)?|rustup|default-jdk.*|openjdk-?\d+(?:-jdk.*)?|maven|gradle|ant|sbt
    |npm|yarn|python3?-(?:dev|pip|setuptools|wheel|venv)|cython3?|php\d*-dev|ruby-dev
    |linux-(?:headers|libc-dev).*|musl-dev|libc6?-dev|.*-dev|.*-devel|.*-headers
    |software-properties-common|apt-utils|lsb-release|gnupg2?|dirmngr|apt-transport-https
    )$""",
    re.VERBOSE,
)
_FETCH_TEXT = (
    "git curl wget subversion mercurial unzip zip xz-utils bzip2 rsync openssh-client vim nano less sudo jq "
    "tree htop iputils-ping net-tools telnet man-db file"
)
_FETCH = frozenset(_FETCH_TEXT.split())
_COMPILERS_TEXT = "gcc g++ cc c++ clang clang++ make cmake ninja go cargo rustc javac mvn gradle"
COMPILERS = frozenset(_COMPILERS_TEXT.split())
"""Programs that compile, or have others compile."""

_JDK = re.compile(r"^(default|openjdk-\d+)-jdk((?:-headless)?)$")


def is_toolchain(package: str) -> bool:
    """Whether a package compiles, links or sets up repositories, and nothing that is built asks for it later."""
    return _TOOLCHAIN.match(package) is not None


def runtime_of(package: str) -> str:
    """The package that runs what another one compiles (a JRE for a JDK); the same one where there is no such pair."""
    return _JDK.sub(r"\1-jre\2", package)


def is_fetch_tool(package: str) -> bool:
    """Whether a package fetches sources or helps people at a prompt: wanted at run time only if something starts it."""
    return package in _FETCH
