"""What is wrong with made-up images: the files that it leaves, the rule that finds it, the patch that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.fleet.content import MB, WARES
from weighbridge.core.rules.registry import RULES
from weighbridge.model.finding import Evidence, Finding
from weighbridge.model.image import SourceLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SEVERITIES = {rule.id: rule.severity for rule in RULES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """`files` are left in the layer of `part`; `minus` and `plus` are its line before and after."""

    rule: str
    message: str
    part: str
    files: Mapping[str, int]
    minus: str
    plus: str


FLAWS: dict[str, Flaw] = {
    "apt-lists": Flaw(
        rule="apt-lists-kept",
        message="`apt-get update` leaves its package lists in the layer",
        part="system",
        files={"var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages.lz4": int(18.9 * MB)},
        minus="RUN apt-get update && apt-get install -y {packages}",
        plus="RUN apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*",
    ),
    "pip-cache": Flaw(
        rule="pip-cache",
        message="`pip install` leaves its cache in the layer",
        part="dependencies",
        files={"root/.cache/pip/http-v2/a/9/4/body": int(41.2 * MB), "root/.cache/pip/wheels/8f/numpy.whl": int(17.8 * MB)},
        minus="RUN pip install -r requirements.txt",
        plus="RUN pip install --no-cache-dir -r requirements.txt",
    ),
    "npm-cache": Flaw(
        rule="npm-cache",
        message="`npm install` leaves its cache in the layer",
        part="dependencies",
        files={"root/.npm/_cacache/content-v2/sha512/2c/a1": int(52.6 * MB), "root/.npm/_cacache/index-v5/05": int(1.1 * MB)},
        minus="RUN npm install",
        plus="RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev",
    ),
    "context": Flaw(
        rule="context-clutter",
        message="`COPY . .` brings the repository's history",
        part="program",
        files={"app/.git/objects/pack/pack-7d1f.pack": int(36.7 * MB), "app/.git/index": int(0.4 * MB)},
        minus="COPY . .",
        plus="COPY src ./src",
    ),
    "dev-deps": Flaw(
        rule="npm-dev-deps",
        message="`npm install` installs devDependencies: `@playwright/test`, `jest`, `storybook`",
        part="dependencies",
        files={"app/node_modules/jest/build/index.js": int(21.5 * MB), "app/node_modules/storybook/dist/core.js": int(48.3 * MB)},
        minus="RUN npm install",
        plus="RUN npm ci --omit=dev",
    ),
    "build-cache": Flaw(
        rule="build-cache-kept",
        message="`go build` leaves modules and intermediate files in the image",
        part="program",
        files={"root/.cache/go-build/3e/3e91-d": int(164.0 * MB), "go/pkg/mod/cache/download/k8s.io/api.zip": int(88.0 * MB)},
        minus="RUN go build -o /usr/local/bin/app ./cmd/app",
        plus="RUN --mount=type=cache,target=/root/.cache CGO_ENABLED=0 go build -o /usr/local/bin/app ./cmd/app",
    ),
    "logs": Flaw(
        rule="logs-kept",
        message="logs of the build stay in the image: `/var/log/dpkg.log`, `/var/cache/debconf`",
        part="system",
        files={"var/log/dpkg.log": int(0.4 * MB), "var/cache/debconf/templates.dat-old": int(1.2 * MB)},
        minus="RUN apt-get update && apt-get install -y {packages}",
        plus="RUN apt-get update && apt-get install -y {packages} && rm -rf /var/log/* /var/cache/*",
    ),
}  # fmt: skip

TOOLCHAINS = {
    "gcc-12": ("toolchain-in-final", "the compiler `gcc-12` is in the final image"),
    "g++-12": ("toolchain-in-final", "the compiler `g++-12` is in the final image"),
    "libpython3.11-dev": ("dev-headers-in-final", "headers and static libraries of `libpython3.11-dev` are in the image"),
    "openjdk-17-jdk-headless": ("jdk-in-final", "a development kit where a runtime is enough: `openjdk-17-jdk-headless`"),
    "git": ("debug-tools", "`git` is in the image, and nothing in it calls it"),
    "torch": ("gpu-wheels", "`torch` brings libraries for graphics processors"),
    "typescript": ("npm-dev-deps", "`typescript` is needed for the build only"),
}  # fmt: skip


def findings(
    flaws: Iterable[str], packages: Iterable[str], file: str, before: frozenset[str] | None
) -> tuple[Finding, ...]:
    """The heaviest first. `before` are the flaws and packages of the base, None where there is none."""
    lines = {"system": 4, "dependencies": 8, "program": 11}
    found = []
    for name in flaws:
        flaw = FLAWS[name]
        evidence = tuple(Evidence(text=f"/{path}", path=path, size=size) for path, size in flaw.files.items())
        found.append(
            _finding(flaw.rule, flaw.message, file, lines[flaw.part], sum(flaw.files.values()), name, before, evidence)
        )
    for name in packages:
        if name in TOOLCHAINS:
            rule, message = TOOLCHAINS[name]
            at = 4 if WARES[name].ecosystem.value == "apt" else 8
            found.append(_finding(rule, message, file, at, WARES[name].size, name, before, ()))
    return tuple(sorted(found, key=lambda finding: -(finding.waste or 0)))


def _finding(
    rule: str, message: str, file: str, line: int, waste: int, name: str, before: frozenset[str] | None,
    evidence: tuple[Evidence, ...],
) -> Finding:  # fmt: skip
    return Finding(
        rule=rule,
        severity=_SEVERITIES[rule],
        message=message,
        line=SourceLine(file=file, start=line, end=line),
        waste=waste,
        evidence=evidence,
        introduced=None if before is None else name not in before,
    )
