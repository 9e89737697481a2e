"""Compilers, SDKs and headers that reach the final image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.builds import builds
from weighbridge.core.rules.case import NOTEWORTHY, command_shown, shown
from weighbridge.core.rules.rule import Rule
from weighbridge.model.finding import Evidence, Finding, Severity
from weighbridge.model.packages import Ecosystem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.contents import Contents
    from weighbridge.core.rules.installs import Installed
    from weighbridge.model.image import SourceLine
    from weighbridge.model.packages import Package

COMPILERS = re.compile(
    r"build-essential|build-base|base-devel|(?:gcc|g\+\+|gfortran|cpp|clang|llvm|gnat|ldc|gdc)(?:-[\d.]+)?"
    r"(?:-(?:multilib|base|x86-64-linux-gnu|aarch64-linux-gnu|c\+\+|gfortran|tools|dev))?|gcc-c\+\+"
    r"|(?:auto)?make|cmake(?:-data)?|ninja(?:-build)?|meson|autoconf|automake|libtool|bison|flex|nasm|yasm|binutils"
    r"|binutils-.*|dpkg-dev|pkg-config|pkgconf|go|golang|golang-.*|rust(?:c|up)?|cargo|ghc|fpc|nim|zig|crystal"
    r"|dotnet-sdk-.*|openjdk-\d+-jdk.*|maven|gradle|sbt|protobuf-compiler|checkinstall|linux-headers.*|kernel-headers"
)
"""System packages that compile, by name."""

_RPM_GROUPS = re.compile(r"development[ -]tools", re.IGNORECASE)
_HEADERS = re.compile(r".+-(?:dev|devel|headers)")
_JDK_PACKAGES = re.compile(
    r"openjdk-?\d+(?:-jdk(?:-headless)?)?|default-jdk(?:-headless)?|java-[\d.]+-openjdk-devel|temurin-\d+-jdk"
    r"|java-\d+-amazon-corretto-(?:jdk|devel)|zulu-?\d+(?:-jdk)?"
)
_RECOMMENDS_COMPILERS = frozenset({"python3-pip", "python-pip"})
"""Debian packages that bring build-essential along unless recommends are switched off."""

_TOOL_FILES = re.compile(
    r"(?:vs_?buildtools|buildtools|rustup-init|vs_community|dotnet-sdk)[^/\\]*\.(?:exe|sh|bat)$", re.IGNORECASE
)
_FOLDERS = (
    "usr/local/go", "usr/lib/go", "usr/local/rustup", "root/.rustup", "usr/local/cargo/bin", "usr/share/dotnet/sdk",
    "usr/lib/dotnet/sdk", "opt/ghc", "usr/lib/gcc", "usr/libexec/gcc", "usr/share/maven", "opt/maven", "opt/gradle",
    "usr/local/lib/gcc", "usr/local/libexec/gcc", "usr/local/cuda/nvvm",
)  # fmt: skip
_COMPILER_PROGRAMS = re.compile(
    r"(?:^|/)bin/(?:gcc|g\+\+|cc|clang|clang\+\+|go|gofmt|rustc|cargo|make|cmake|ld|as|javac|ghc|dotnet-sdk)(?:-[\d.]+)?$"
)
_JAVAC = "/bin/javac"
_JDK_ONLY = ("jmods", "include", "demo", "sample", "man", "lib/src.zip", "src.zip", "lib/ct.sym", "lib/tools.jar")


def _toolchain(rule: Rule, case: Case) -> Iterator[Finding]:
    static = list(_compiling(case))
    if case.contents is None:
        if static:
            yield case.found(rule, static[0][0], line=static[0][1], evidence=[shown(message) for message, _ in static])
        return
    size, evidence = _measured(case.contents)
    if size < NOTEWORTHY or not compiles(case.contents):
        return
    message, line = static[0] if static else ("compilers are in the final image", case.base_line)
    yield case.found(rule, f"{message}: {format_size(size)}", line=line, waste=size, evidence=evidence)


def _compiling(case: Case) -> Iterator[tuple[str, SourceLine | None]]:
    """What brings a toolchain, in words, and where: the base image, packages that stay, tools that are fetched."""
    base = case.base
    java = base.family.jdk or any(_JDK_PACKAGES.fullmatch(package.name) for package in _staying(case))
    if base.toolchain and not base.family.jdk:
        yield f"the base image {base.reference} brings {base.toolchain} into the final image", case.base_line
    elif java and (step := next((step for step, call in case.calls if builds(call)), None)) is not None:
        # A JDK that only runs a program is another rule's.
        yield "a Java program is built in the final image, which keeps what built it", step.line
    names = [package for package in _staying(case) if _is_compiler(package)]
    if names:
        listed = ", ".join(dict.fromkeys(package.name for package in names))
        yield f"`{names[0].call.program}` leaves {listed} in the final image", names[0].step.line
    for package in _staying(case):
        if package.name in _RECOMMENDS_COMPILERS and not _without_recommends(package.call.argv):
            yield f"{package.name} brings compilers by its recommendations", package.step.line
    for step, copy in case.copies:
        if any(_TOOL_FILES.search(source) for source in copy.sources):
            yield f"a toolchain's installer is added to the final image: {copy.sources[0]}", step.line


def _staying(case: Case) -> list[Installed]:
    return [package for package in case.packages if package.removed is None]


def _is_compiler(package: Installed) -> bool:
    return COMPILERS.fullmatch(package.name) is not None or _RPM_GROUPS.search(package.name) is not None


def _without_recommends(argv: Sequence[str]) -> bool:
    return "--no-install-recommends" in argv or any("Install-Recommends" in word for word in argv)


def compiles(contents: Contents) -> bool:
    """Whether the image has a compiler to call, be it a symbolic link."""
    return any("bin/" in path and _COMPILER_PROGRAMS.search(path) for path in contents.image.tree.nodes)


def _measured(contents: Contents) -> tuple[int, list[Evidence]]:
    """The toolchain's bytes in the image: packages by their own records, and folders that no package owns."""
    packages = [
        package
        for package in contents.image.packages
        if package.ecosystem in (Ecosystem.APT, Ecosystem.APK)
        and (COMPILERS.fullmatch(package.name) or _HEADERS.fullmatch(package.name))
        and not _JDK_PACKAGES.fullmatch(package.name)
    ]
    total, evidence = _weighed(packages)
    owned = {"usr/lib/gcc", "usr/libexec/gcc", "usr/lib/go"} if packages else set()
    for folder in _FOLDERS:
        size = 0 if folder in owned else contents.size_under(folder)
        if size >= NOTEWORTHY:
            total += size
            evidence.append(shown(f"/{folder} ({format_size(size)})", path=folder, size=size))
    evidence.sort(key=lambda each: -(each.size or 0))
    return total, evidence


def _weighed(packages: Iterable[Package]) -> tuple[int, list[Evidence]]:
    known = sorted(packages, key=lambda package: (-(package.size or 0), package.name))
    return sum(package.size or 0 for package in known), [
        shown(f"{package.name} ({format_size(package.size or 0)})", path=package.path, size=package.size)
        for package in known
    ]


def _in_layers(rule: Rule, case: Case) -> Iterator[Finding]:
    """Toolchains that a later instruction removes: the file system looks clean, the layers are not."""
    for step in case.steps:
        late = [
            package
            for package in case.packages
            if package.step is step and package.removed is not None and package.removed is not step
        ]
        tools = [package for package in late if _is_compiler(package) or _HEADERS.fullmatch(package.name)]
        if not tools:
            continue
        layer, image = case.layer_of(step), case.subject.image
        waste = image.waste.by_layer[layer] if image is not None and layer is not None else None
        if image is not None and (waste is None or waste < NOTEWORTHY):
            continue
        names = ", ".join(dict.fromkeys(package.name for package in tools))
        removed = tools[0].removed.line.start if tools[0].removed else 0
        yield case.found(
            rule,
            f"{names} are installed here and removed in line {removed}, which frees nothing",
            line=step.line,
            waste=waste,
            evidence=[command_shown(tools[0].call)],
        )


def _headers(rule: Rule, case: Case) -> Iterator[Finding]:
    if any(True for _ in _compiling(case)):
        return
    packages = [package for package in _staying(case) if _HEADERS.fullmatch(package.name)]
    if case.contents is not None:
        size, evidence = _weighed(
            package for package in case.contents.image.packages if _HEADERS.fullmatch(package.name)
        )
        if size < NOTEWORTHY or compiles(case.contents):
            return
        line = packages[0].step.line if packages else case.base_line
        message = f"{len(evidence)} packages of headers are in the final image, and nothing there compiles"
        yield case.found(rule, f"{message}: {format_size(size)}", line=line, waste=size, evidence=evidence)
    elif packages:
        names = ", ".join(dict.fromkeys(package.name for package in packages))
        yield case.found(
            rule,
            f"headers stay in the final image, where nothing compiles: {names}",
            line=packages[0].step.line,
            evidence=[command_shown(packages[0].call)],
        )


def _jdk(rule: Rule, case: Case) -> Iterator[Finding]:
    base = case.base
    line, message = None, ""
    if base.family.jdk and base.toolchain:
        line, message = case.base_line, f"{base.reference} is a development kit: a JRE, or jlink, is enough to run"
    packages = [package for package in _staying(case) if _JDK_PACKAGES.fullmatch(package.name)]
    packages = [package for package in packages if not package.name.endswith(("-jre", "-jre-headless", "-jre-base"))]
    if packages:
        line, message = packages[0].step.line, f"{packages[0].name} is a development kit: a JRE is enough to run"
    if case.contents is None:
        if message:
            yield case.found(rule, message, line=line)
        return
    homes = {path.removesuffix(_JAVAC) for path in case.contents.ending(_JAVAC)}
    for home in sorted(homes):
        size = _jdk_only(case.contents, home)
        if size >= NOTEWORTHY:
            yield case.found(
                rule,
                f"/{home} is a development kit: {format_size(size)} of it are no part of a JRE",
                line=line or case.base_line,
                waste=size,
                evidence=[shown(f"/{home}", path=home, size=size)],
            )


def _jdk_only(contents: Contents, home: str) -> int:
    """Bytes of a JDK's folder that a JRE would not have."""
    if contents.size_under(f"{home}/jre"):
        return contents.size_under(home) - contents.size_under(f"{home}/jre")
    own = 0
    for held in contents.under(home):
        below = held.path[len(home) + 1 :]
        own += held.size if below.startswith(tuple(f"{part}/" for part in _JDK_ONLY)) or below in _JDK_ONLY else 0
    return own


TOOLCHAINS = (
    Rule(
        id="toolchain-in-final",
        severity=Severity.HIGH,
        title="A compiler or SDK is in the final image",
        why="What builds a program is not needed to run it. A toolchain is usually the largest part of an image, and "
        "it hands an attacker a compiler.",
        how="Build in one stage and copy what was built into another one (`COPY --from`). Interpreted programs with "
        "compiled extensions keep the same distribution and version in both stages.",
        bad="FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nCMD [\"/app\"]\n",
        good="FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /app .\n"
        "FROM scratch\nCOPY --from=build /app /app\nCMD [\"/app\"]\n",
        examine=_toolchain,
        others=("hadolint#947",),
    ),
    Rule(
        id="toolchain-in-layers",
        severity=Severity.HIGH,
        title="A toolchain is removed in a later layer",
        why="A layer keeps what an instruction wrote. Removing packages in a later instruction hides them, and frees "
        "nothing.",
        how="Install, build and remove in one `RUN`, or build in another stage.",
        bad="FROM alpine:3.22\nRUN apk add --no-cache gcc musl-dev\nCOPY app.c /\nRUN gcc -o /app /app.c\n"
        "RUN apk del gcc musl-dev\n",
        good="FROM alpine:3.22\nCOPY app.c /\n"
        "RUN apk add --no-cache --virtual .build gcc musl-dev && gcc -o /app /app.c && apk del .build\n",
        examine=_in_layers,
    ),
    Rule(
        id="dev-headers-in-final",
        severity=Severity.MEDIUM,
        title="Headers of libraries are in the final image",
        why="Packages that end in `-dev` hold headers and static libraries, for compiling. A program that runs needs "
        "the library alone.",
        how="Install the `-dev` packages in a build stage, and the libraries' own packages in the final one.",
        bad="FROM php:8.3-alpine\nRUN apk add --no-cache icu-dev && docker-php-ext-install intl\n",
        good="FROM php:8.3-alpine\n"
        "RUN apk add --no-cache icu-libs && apk add --no-cache --virtual .build icu-dev \\\n"
        " && docker-php-ext-install intl && apk del .build\n",
        examine=_headers,
    ),
    Rule(
        id="jdk-in-final",
        severity=Severity.HIGH,
        title="A Java development kit where a runtime is enough",
        why="A JDK holds the compiler, the modules to link from and the sources of the class library. A program that "
        "is built runs on a JRE, which is less than half of it.",
        how="Use a `-jre` tag of the same vendor in the final stage, or make a runtime of the modules that the program "
        "needs by `jlink`.",
        bad="FROM eclipse-temurin:21\nCOPY app.jar /app.jar\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n",
        good="FROM eclipse-temurin:21-jre\nCOPY app.jar /app.jar\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n",
        examine=_jdk,
    ),
)  # fmt: skip
