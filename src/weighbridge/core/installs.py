"""Commands that install packages: which manager, which packages were asked for, which flags take a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.model.packages import Ecosystem

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """`command` is how people call it (`apt-get install`); `wanted` its package arguments, in order.

    `ecosystem` is None for a package manager whose records are not read.
    """

    command: str
    ecosystem: Ecosystem | None
    wanted: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The packages without the versions or architectures that were asked for."""
        return tuple(re.split(r"[=~<>:]", each)[0] for each in self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manager:
    verbs: frozenset[str]
    ecosystem: Ecosystem | None = None
    dropped: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()


_APT = _Manager(
    verbs=frozenset({"install", "dist-upgrade", "full-upgrade", "upgrade", "build-dep"}),
    ecosystem=Ecosystem.APT,
    dropped=frozenset({"-o", "-t", "-c", "--option", "--target-release", "--default-release", "--config-file"}),
)
_APK = _Manager(
    verbs=frozenset({"add", "upgrade"}),
    ecosystem=Ecosystem.APK,
    dropped=frozenset({"-t", "--virtual", "-X", "--repository", "-p", "--root", "--keys-dir", "--arch"}),
)
_PIP_FLAGS_WITH_VALUE = (
    "-i --index-url --extra-index-url --index -f --find-links -c --constraint -t --target --prefix --root "
    "--trusted-host --timeout --retries --proxy --cert --platform --python-version --python --no-binary "
    "--only-binary --cache-dir --progress-bar --index-strategy"
)
_PIP = _Manager(
    verbs=frozenset({"install", "sync"}),
    ecosystem=Ecosystem.PIP,
    dropped=frozenset(_PIP_FLAGS_WITH_VALUE.split()),
    kept=frozenset({"-r", "--requirement", "-e", "--editable"}),
)
_NPM = _Manager(
    verbs=frozenset({"install", "i", "ci", "add"}),
    ecosystem=Ecosystem.NPM,
    dropped=frozenset({"--prefix", "--registry", "--omit", "--include", "--cache", "--loglevel", "-C", "--dir", "-w"}),
)
_RPM = _Manager(verbs=frozenset({"install", "update", "upgrade", "groupinstall", "in"}))
_OTHER = _Manager(verbs=frozenset({"install", "add", "require", "sync"}))

_MANAGERS: dict[str, _Manager] = {
    "apt-get": _APT,
    "apt": _APT,
    "aptitude": _APT,
    "apk": _APK,
    "pip": _PIP,
    "pip3": _PIP,
    "npm": _NPM,
    "yarn": _NPM,
    "pnpm": _NPM,
    "dnf": _RPM,
    "yum": _RPM,
    "microdnf": _RPM,
    "zypper": _RPM,
    "gem": _OTHER,
    "bundle": _OTHER,
    "composer": _OTHER,
    "cargo": _OTHER,
    "poetry": _OTHER,
    "conda": _OTHER,
    "mamba": _OTHER,
}

_RUN_AS_MODULE = 3
"""Words of `python -m pip`."""


def find_install(command: Sequence[str]) -> Install | None:
    """What a command (its words) installs; None if it is not an installing command at all."""
    words = _without_launcher(command)
    if not words:
        return None
    program = words[0].rpartition("/")[2]
    manager = _MANAGERS.get(program) or (_PIP if program.startswith("pip3.") else None)
    if manager is None:
        return None
    verb, rest = _verb(words[1:], manager)
    if verb is None:
        return None
    return Install(command=f"{program} {verb}", ecosystem=manager.ecosystem, wanted=_wanted(rest, manager))


def _without_launcher(words: Sequence[str]) -> Sequence[str]:
    """`python3 -m pip install x` and `uv pip install x` start at `pip`."""
    if len(words) >= _RUN_AS_MODULE and "python" in words[0] and words[1] == "-m":
        return words[2:]
    if len(words) > 1 and words[0].rpartition("/")[2] == "uv" and words[1] == "pip":
        return words[1:]
    return words


def _verb(words: Sequence[str], manager: _Manager) -> tuple[str | None, Sequence[str]]:
    """The subcommand, which options may precede."""
    skip = False
    for position, word in enumerate(words):
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in manager.dropped
        elif word in manager.verbs:
            return word, words[position + 1 :]
        else:
            return None, ()
    return None, ()


def _wanted(words: Sequence[str], manager: _Manager) -> tuple[str, ...]:
    found: list[str] = []
    remaining = iter(words)
    for word in remaining:
        if word in manager.dropped:
            next(remaining, None)
        elif word in manager.kept:
            value = next(remaining, None)
            found.append(word if value is None else f"{word} {value}")
        elif not word.startswith("-"):
            found.append(word)
    return tuple(found)
