"""System package managers: their caches, what they install without being asked, and upgrades of the whole system."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.caches import Cache, kept
from weighbridge.core.rules.case import NOTEWORTHY, command_shown, shown
from weighbridge.core.rules.installs import APK, APT, RPM, installs
from weighbridge.core.rules.path_pattern import paths
from weighbridge.core.rules.rule import Rule
from weighbridge.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.replay import Step

_SETUP_SCRIPT = re.compile(r"setup_[\w.]+|get\.docker\.com|install_apt|packagecloud", re.IGNORECASE)
_UPGRADES = frozenset({"upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade", "update", "distro-sync", "dup", "up"})
_APK_INDEX = frozenset({"--no-cache"})


def _apt_lists(call: Call) -> Sequence[str]:
    if call.program in APT and call.has("update", "upgrade", "install", "dist-upgrade") and not call.has("-h"):
        # `install` alone works on lists that are there already; `update` is what brings them.
        return ("/var/lib/apt/lists",) if call.has("update") else ()
    if call.program in ("curl", "wget") and any(_SETUP_SCRIPT.search(word) for word in call.argv[1:]):
        return ("/var/lib/apt/lists",) if "deb" in " ".join(call.argv) else ()
    return ("/var/lib/apt/lists",) if call.program == "add-apt-repository" else ()


def _apk_cache(call: Call) -> Sequence[str]:
    if call.program not in APK or _APK_INDEX & set(call.argv):
        return ()
    return ("/var/cache/apk",) if call.has("add", "update", "upgrade", "-U", "fix") else ()


def _rpm_cache(call: Call) -> Sequence[str]:
    if call.program not in RPM or not call.has("install", "update", "upgrade", "makecache", "in", "groupinstall", "up"):
        return ()
    return (f"/var/cache/{'zypp' if call.program == 'zypper' else 'dnf'}",)


def _recommends(rule: Rule, case: Case) -> Iterator[Finding]:
    if any("Install-Recommends" in word for _, call in case.calls for word in call.argv if call.program not in APT):
        return
    for step in case.steps:
        for call in step.calls:
            if _takes_recommends(call) and _anything_stays(case, step, call):
                yield case.found(
                    rule,
                    f"`{call.program} install` brings packages that are only recommended",
                    line=step.line,
                    evidence=[command_shown(call)],
                )
                break


def _takes_recommends(call: Call) -> bool:
    if not installs(call, APT) or call.has("--no-install-recommends"):
        return False
    return not any("Install-Recommends" in word for word in call.argv)


def _anything_stays(case: Case, step: Step, call: Call) -> bool:
    mine = [package for package in case.packages if package.call is call]
    return not mine or any(package.removed is not step for package in mine)


def _upgrade(rule: Rule, case: Case) -> Iterator[Finding]:
    image = case.subject.image
    for step in case.steps:
        call = next((call for call in step.calls if _upgrades_all(call)), None)
        if call is None:
            continue
        layer = case.layer_of(step)
        waste = None
        if image is not None:
            nodes = image.tree.nodes
            waste = sum(
                wasted.size
                for wasted in image.waste.largest
                if image.layers[wasted.layer].from_base and wasted.path in nodes and nodes[wasted.path].layer == layer
            )
            if layer is not None and waste < NOTEWORTHY:
                continue
        told = f": {format_size(waste)} of it are in the image twice" if waste else ""
        evidence = [command_shown(call)]
        if waste:
            evidence.append(
                shown(f"{format_size(waste)} of the base image's files were replaced", size=waste, layer=layer)
            )
        yield case.found(
            rule,
            f"the whole system is upgraded on top of the base image{told}",
            line=step.line,
            waste=waste or None,
            evidence=evidence,
        )


def _upgrades_all(call: Call) -> bool:
    words = [word for word in call.argv[1:] if not word.startswith("-")]
    if not words or call.program not in APT | APK | RPM or words[0] not in _UPGRADES:
        return False
    if call.program in RPM:
        return len(words) == 1
    return words[0] != "update" and (call.program not in APK or len(words) == 1)


SYSTEM_PACKAGES = (
    Rule(
        id="apt-lists-kept",
        severity=Severity.MEDIUM,
        title="apt's package lists stay in the image",
        why="`apt-get update` writes the lists of all packages into `/var/lib/apt/lists`. They are of no use once the "
        "packages are installed, and deleting them in a later instruction frees nothing.",
        how="End the same `RUN` with `rm -rf /var/lib/apt/lists/*`, or give apt a cache mount.",
        bad="FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends tini\n",
        good="FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends tini \\\n"
        " && rm -rf /var/lib/apt/lists/*\n",
        others=("hadolint DL3009", "trivy DS-0017", "dockle DKL-DI-0005"),
        examine=kept(
            Cache(
                what="apt's package lists",
                places=_apt_lists,
                pattern=paths(
                    r"^var/(?:lib/apt/lists/(?!lock$|partial/?$)|cache/apt/(?:archives/.+\.deb$|\w+\.bin$)).",
                    "var/lib/apt/lists/",
                    "var/cache/apt/",
                ),
            )
        ),
    ),
    Rule(
        id="apt-no-recommends",
        severity=Severity.MEDIUM,
        title="apt installs recommended packages too",
        why="Debian's packages recommend others that are useful on a desktop or to a developer. `python3-pip`, for "
        "one, brings a compiler that way.",
        how="Add `--no-install-recommends`, and name what is needed after all, often `ca-certificates`.",
        bad="FROM debian:13-slim\nRUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*\n",
        good="FROM debian:13-slim\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*\n",
        examine=_recommends,
        others=("hadolint DL3015",),
    ),
    Rule(
        id="dist-upgrade",
        severity=Severity.MEDIUM,
        title="The whole system is upgraded",
        why="What the upgrade replaces is in the image twice: in the base image's layers and in the new one. The "
        "result depends on the day of the build.",
        how="Use a newer base image, and let a bot move its digest. Upgrade single packages where a fix can't wait.",
        bad="FROM debian:13-slim\nRUN apt-get update && apt-get upgrade -y && rm -rf /var/lib/apt/lists/*\n",
        good="FROM debian:13-slim\n"
        "RUN apt-get update && apt-get install -y --only-upgrade --no-install-recommends libssl3 \\\n"
        " && rm -rf /var/lib/apt/lists/*\n",
        examine=_upgrade,
        others=("hadolint DL3005", "hadolint DL3017", "hadolint DL3031", "hadolint DL3035"),
    ),
    Rule(
        id="apk-cache",
        severity=Severity.LOW,
        title="apk's index stays in the image",
        why="`apk add` without `--no-cache`, and `apk update`, leave the index of all packages in `/var/cache/apk`.",
        how="Write `apk add --no-cache`; then `apk update` is not needed either.",
        bad="FROM alpine:3.22\nRUN apk update && apk add curl\n",
        good="FROM alpine:3.22\nRUN apk add --no-cache curl\n",
        others=("hadolint DL3018", "hadolint DL3019"),
        examine=kept(
            Cache(
                what="apk's index",
                places=_apk_cache,
                pattern=paths(r"^(?:var/cache/apk|etc/apk/cache)/.", "var/cache/apk/", "etc/apk/cache/"),
            )
        ),
    ),
    Rule(
        id="rpm-cache",
        severity=Severity.MEDIUM,
        title="The cache of dnf, yum, microdnf or zypper stays in the image",
        why="They keep the metadata of all repositories, and often the packages, below `/var/cache`.",
        how="End the same `RUN` with `dnf clean all` (`yum`, `microdnf`, `zypper clean --all`), or mount a cache.",
        bad="FROM fedora:43\nRUN dnf install -y httpd\n",
        good="FROM fedora:43\nRUN dnf install -y httpd && dnf clean all\n",
        others=("hadolint DL3032", "hadolint DL3036", "hadolint DL3040"),
        examine=kept(
            Cache(
                what="the package manager's cache",
                places=_rpm_cache,
                pattern=paths(r"^var/cache/(?:dnf|yum|libdnf5|zypp|tdnf)/.", "var/cache/"),
                cleaners=tuple((program, "clean") for program in sorted(RPM)),
            )
        ),
    ),
)
