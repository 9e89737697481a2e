"""Which system packages the Dockerfile installs, and when it removes them again."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from weighbridge.core.installs import find_install

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.replay import Step

APT = frozenset({"apt-get", "apt", "aptitude"})
APK = frozenset({"apk"})
RPM = frozenset({"dnf", "yum", "microdnf", "tdnf", "zypper"})
SYSTEM = APT | APK | RPM

REMOVES = frozenset({"remove", "purge", "del", "erase", "rm", "autoremove"})
"""The verbs of package managers that take away."""

_INSTALLS = frozenset({"install", "add", "in", "groupinstall"})
_VIRTUAL = frozenset({"-t", "--virtual"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A package that a step asks for. `removed` is the step that takes it away, None where it stays."""

    name: str
    step: Step
    call: Call
    group: str | None = None
    removed: Step | None = None


@dataclass(slots=True)
class _Ledger:
    """What is installed, as far as the commands tell."""

    present: list[Installed] = field(default_factory=list)
    gone: list[Installed] = field(default_factory=list)

    def remove(self, names: Sequence[str], step: Step) -> None:
        staying = []
        for package in self.present:
            if any(_named(package, name) for name in names):
                self.gone.append(replace(package, removed=step))
            else:
                staying.append(package)
        self.present = staying

    def remove_made_automatic(self, step: Step) -> None:
        """`apt-mark auto '.*'` and then autoremove: all that this step brought, save what was marked manual since."""
        self.remove([package.name for package in self.present if package.step is step], step)


def installed(steps: Iterable[Step]) -> tuple[Installed, ...]:
    """Every package that a command of the final image's stages names, in order."""
    ledger = _Ledger()
    for step in steps:
        automatic = False
        for call in step.calls:
            if call.program == "apt-mark" and call.has("auto"):
                automatic = any("*" in word for word in call.argv)
            elif call.program in SYSTEM:
                verb = next((word for word in call.argv[1:] if not word.startswith("-")), "")
                if verb in REMOVES:
                    ledger.remove([word for word in call.argv[1:] if not word.startswith("-") and word != verb], step)
                    if automatic and (verb == "autoremove" or call.has("--auto-remove", "--autoremove")):
                        ledger.remove_made_automatic(step)
                else:
                    ledger.present += _added(call, step)
    return tuple(sorted([*ledger.gone, *ledger.present], key=lambda package: package.step.number))


def installs(call: Call, programs: frozenset[str] = SYSTEM) -> bool:
    """Whether it installs packages by one of some package managers."""
    found = find_install(call.argv) if call.program in programs else None
    return found is not None and found.command.rpartition(" ")[2] in _INSTALLS


def _added(call: Call, step: Step) -> list[Installed]:
    found = find_install(call.argv)
    if found is None or found.command.rpartition(" ")[2] not in _INSTALLS:
        return []
    group = None
    for option, value in zip(call.argv, call.argv[1:], strict=False):
        if option in _VIRTUAL and call.program in APK:
            group = value
        elif option.startswith("--virtual="):
            group = option.partition("=")[2]
    return [Installed(name=bare(name), step=step, call=call, group=group) for name in found.wanted]


def bare(name: str) -> str:
    """A package's name without version, architecture and repository: `gcc=4:12`, `libtbb@testing`, `g++:i386`."""
    for mark in ("=", "~", "<", ">", "@", "/"):
        head = name.partition(mark)[0]
        name = head or name
    head, colon, tail = name.partition(":")
    return head if colon and tail.isalnum() else name


def _named(package: Installed, name: str) -> bool:
    wanted = bare(name)
    if package.group == name or package.name == wanted or package.group == wanted:
        return True
    return "*" in wanted and fnmatch.fnmatchcase(package.name, wanted)
