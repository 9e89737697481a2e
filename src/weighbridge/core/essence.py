"""An instruction shortened to what a reviewer needs to recognise it: `apt-get install gcc`, not its whole RUN."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from weighbridge.core.installs import Install, find_install
from weighbridge.core.names import clipped
from weighbridge.dockerfile.shell import split_commands

if TYPE_CHECKING:
    from collections.abc import Collection

    from weighbridge.model.packages import Ecosystem

LIMIT = 72
"""Characters of an essence."""

_SHOWN_PACKAGES = 3
_BUILDER_SHELL = re.compile(r"\A(?:\|\d+ .*? )?/bin/(?:ba)?sh -c (?:#\(nop\)\s*)?", re.DOTALL)
_CONTENT_HASH = re.compile(r"\b(file|dir|multi):[0-9a-f]{64}")
_FLAG = re.compile(r"--[a-z-]+(?:=\S+)?\s+")

_HOUSEKEEPING_PROGRAMS = (
    "cd set export echo printf rm rmdir true : test [ [[ fi done esac sleep sync ls cat which grep find ldconfig "
    "unset trap exit case for mkdir ln apt-get apt apk pip pip3 npm yarn dnf yum update-ca-certificates #"
)
_HEAVY_PROGRAMS = (
    "curl wget git go make cmake cargo mvn gradle dotnet tar unzip cp mv dd fallocate truncate install chown chmod "
    "chgrp setfacl strip gcc g++ cc python python3 node bundle composer rustup conda"
)
_HOUSEKEEPING = frozenset(_HOUSEKEEPING_PROGRAMS.split())
_HEAVY = frozenset(_HEAVY_PROGRAMS.split())
_WITH_VERBS = frozenset(
    ["go", "git", "make", "cargo", "mvn", "gradle", "dotnet", "bundle", "composer", "rustup", "conda", "npm", "yarn"]
)
_VERB = re.compile(r"[a-z]{1,20}")
_PRODUCERS = _HEAVY - frozenset({"tar", "cp", "mv", "install", "chown", "chmod", "chgrp", "setfacl", "strip"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """An instruction of an image's history. `commands` are the words of a RUN's commands, empty for all others."""

    keyword: str
    text: str
    commands: tuple[tuple[str, ...], ...]
    installs: tuple[Install, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What similarity is told by: words without flags of the builder or hashes of contents."""
        return tuple(word for command in self.commands for word in command) or tuple(self.text.split())


@lru_cache(maxsize=512)
def understand(created_by: str) -> Instruction:
    """Splits an instruction as the history gives it, with or without its keyword and the builder's shell."""
    keyword, _, rest = created_by.strip().partition(" ")
    if not (keyword.isalpha() and keyword.isupper()):
        keyword, rest = "RUN", created_by.strip()
    text = _CONTENT_HASH.sub(r"\1", _BUILDER_SHELL.sub("", rest.strip()))
    if keyword != "RUN":
        return Instruction(keyword=keyword, text=text, commands=(), installs=())
    flags = _leading_flags(text)
    commands = split_commands(text[len(flags) :])
    installs = tuple(install for command in commands if (install := find_install(command)) is not None)
    return Instruction(keyword=keyword, text=text[len(flags) :], commands=commands, installs=installs)


def producing_command(instruction: Instruction) -> str | None:
    """The first command that fetches or builds something itself, not by a package manager; None if there is none."""
    for command in instruction.commands:
        if command[0].rpartition("/")[2] in _PRODUCERS and find_install(command) is None:
            return clipped(" ".join(command), LIMIT)
    return None


def family(instruction: Instruction) -> str:
    """What kind of instruction it is, whatever its arguments: `COPY`, `apt-get install`, `go build`, `curl`."""
    if instruction.keyword != "RUN":
        return instruction.keyword
    if instruction.installs:
        return instruction.installs[0].command
    commands = sorted(instruction.commands, key=_rank)
    if not commands:
        return "RUN"
    program = commands[0][0].rpartition("/")[2]
    verb = commands[0][1] if program in _WITH_VERBS and len(commands[0]) > 1 else ""
    return clipped(f"{program} {verb}" if _VERB.fullmatch(verb) else program, LIMIT)


def essence(
    instruction: Instruction, previous: Instruction | None = None, ecosystems: Collection[Ecosystem] = ()
) -> str:
    """The command that matters, in at most LIMIT characters.

    An installing command comes first (one of `ecosystems` before others), with the packages that `previous`,
    the same instruction in the base, did not ask for; then a command that `previous` lacks; then one that
    is known to write much; housekeeping last.
    """
    if instruction.keyword != "RUN":
        return clipped(f"{instruction.keyword} {_without_flags(instruction.text)}", LIMIT)
    chosen = _chosen_install(instruction, previous, ecosystems)
    if chosen is not None:
        return chosen
    known = frozenset(previous.commands) if previous else frozenset()
    commands = sorted(instruction.commands, key=lambda command: (command in known, _rank(command)))
    return clipped(" ".join(commands[0]) if commands else f"RUN {instruction.text}", LIMIT)


def _chosen_install(
    instruction: Instruction, previous: Instruction | None, ecosystems: Collection[Ecosystem]
) -> str | None:
    before = previous.installs if previous else ()
    named_before = {(install.ecosystem, wanted) for install in before for wanted in install.wanted}
    candidates: list[tuple[tuple[bool, bool, int], str]] = []
    for position, install in enumerate(instruction.installs):
        fresh = [wanted for wanted in install.wanted if (install.ecosystem, wanted) not in named_before]
        relevant = install.ecosystem in ecosystems
        if previous is not None and not fresh and not relevant and _has_other_news(instruction, previous):
            continue
        text = _with_packages(install.command, fresh or install.wanted)
        candidates.append(((not relevant, not fresh, position), text))
    return min(candidates)[1] if candidates else None


def _has_other_news(instruction: Instruction, previous: Instruction) -> bool:
    """Whether the edit brought a command that does something besides installing and tidying up."""
    return any(
        command not in previous.commands and find_install(command) is None and _rank(command) < _rank(("rm",))
        for command in instruction.commands
    )


def _with_packages(command: str, packages: Collection[str]) -> str:
    shown = list(packages)[:_SHOWN_PACKAGES]
    more = len(packages) - len(shown)
    end = f" and {more} more" if more else ""
    return clipped(" ".join([command, *shown]), LIMIT - len(end)) + end


def _rank(command: tuple[str, ...]) -> int:
    program = command[0].rpartition("/")[2]
    if program in _HEAVY:
        return 0
    return 2 if program in _HOUSEKEEPING else 1


def _leading_flags(text: str) -> str:
    end = 0
    while (match := _FLAG.match(text, end)) is not None:
        end = match.end()
    return text[:end]


def _without_flags(text: str) -> str:
    """COPY's and ADD's arguments; `--from` stays, since it says where the bytes come from."""
    flags = _leading_flags(text)
    kept = [flag for flag in flags.split() if flag.startswith("--from=")]
    return " ".join([*kept, text[len(flags) :]])
