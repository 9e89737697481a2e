"""Edits that keep the Dockerfile's shape: a flag, or a clean-up in the RUN that made the mess."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from weighbridge.core.fixes.rewritten import rewritten
from weighbridge.dockerfile.runs import is_heredoc, run_script
from weighbridge.dockerfile.shell import Place
from weighbridge.dockerfile.source import Edit
from weighbridge.model.fix import Candidate, Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.dockerfile.shell import Command, Script
    from weighbridge.model.dockerfile import Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flag:
    """A flag behind a verb. `unless` are words of the command with which it is not wanted.

    `about_cache` flags are not wanted where the RUN keeps a cache in a mount.
    """

    programs: frozenset[str]
    verbs: frozenset[str]
    flag: str
    unless: tuple[str, ...]
    rule: str
    about_cache: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _CleanUp:
    """A command behind the last one. `unless` are texts of the script with which it is not wanted."""

    programs: frozenset[str]
    verbs: frozenset[str]
    command: str
    unless: tuple[str, ...]
    rule: str


_APT = frozenset({"apt-get", "apt"})
_UPDATE, _INSTALL = frozenset({"update"}), frozenset({"install"})
_FLAGS = (
    _Flag(
        programs=_APT,
        verbs=frozenset({"install"}),
        flag="--no-install-recommends",
        unless=("--no-install-recommends", "--install-recommends", "APT::Install-Recommends"),
        rule="apt-no-recommends",
        about_cache=False,
    ),
    _Flag(
        programs=frozenset({"apk"}),
        verbs=frozenset({"add"}),
        flag="--no-cache",
        unless=("--no-cache",),
        rule="apk-cache",
    ),
    _Flag(
        programs=frozenset({"pip", "pip3"}),
        verbs=frozenset({"install"}),
        flag="--no-cache-dir",
        unless=("--no-cache-dir", "--cache-dir"),
        rule="pip-cache",
    ),
)
_CLEAN_UPS = (
    _CleanUp(
        programs=_APT,
        verbs=frozenset({"update", "install", "upgrade", "dist-upgrade"}),
        command="rm -rf /var/lib/apt/lists/*",
        unless=("/var/lib/apt/lists", "/var/lib/apt/*", "/var/lib/apt "),
        rule="apt-lists-kept",
    ),
    _CleanUp(
        programs=frozenset({"npm"}),
        verbs=frozenset({"ci", "install", "i"}),
        command="npm cache clean --force",
        unless=("npm cache clean", ".npm"),
        rule="npm-cache",
    ),
    _CleanUp(
        programs=frozenset({"yarn"}),
        verbs=frozenset({"install", ""}),
        command="yarn cache clean",
        unless=("yarn cache clean",),
        rule="yarn-cache",
    ),
    _CleanUp(
        programs=frozenset({"dnf", "yum", "microdnf"}),
        verbs=frozenset({"install", "update", "upgrade"}),
        command="dnf clean all",
        unless=("clean all", "/var/cache/dnf", "/var/cache/yum"),
        rule="no-clean-same-layer",
    ),
)


def plans(anatomy: Anatomy) -> Iterator[Candidate]:
    """One candidate with all edits; none where there is nothing to edit."""
    found = [each for instruction in anatomy.body for each in _edits(anatomy, instruction)]
    found += _joined(anatomy)
    if found:
        yield rewritten(
            anatomy,
            [edit for edit, _ in found],
            strategy="in-place/tidy",
            family=Family.IN_PLACE,
            title="Leaves caches, lists and recommended packages out of the layers",
            rules=tuple(dict.fromkeys(rule for _, rules in found for rule in rules)),
        )


def _joined(anatomy: Anatomy) -> Iterator[tuple[Edit, tuple[str, ...]]]:
    """An update in a RUN of its own goes to the install that follows: only there can its lists be taken away."""
    source = anatomy.source
    for first, second in pairwise(anatomy.body):
        both = first, second
        if any(each.keyword != "RUN" or each.json or each.flags or is_heredoc(each) for each in both):
            continue
        update, install = run_script(first, source), run_script(second, source)
        updates = update.commands and all(_verb(each, _APT, _UPDATE) is not None for each in update.commands)
        installs = install.commands and _verb(install.commands[0], _APT, _INSTALL) is not None
        between = source.text[update.end : source.span(second)[0]]
        if updates and installs and update.sound and install.sound and not between.strip():
            yield (
                Edit(start=update.end, end=install.start, text=f" {source.escape}{source.newline}    && "),
                ("apt-lists-kept",),
            )


def _edits(anatomy: Anatomy, instruction: Instruction) -> Iterator[tuple[Edit, tuple[str, ...]]]:
    """Each edit with the rules that it answers."""
    script = run_script(instruction, anatomy.source)
    if instruction.json or not script.sound or not script.commands:
        return
    cached = any("type=cache" in flag for flag in instruction.flags)
    for command in script.commands:
        written = anatomy.source.text[command.start : command.end]
        for flag in _FLAGS:
            verb = _verb(command, flag.programs, flag.verbs)
            if verb is None or any(word in written for word in flag.unless) or (cached and flag.about_cache):
                continue
            yield Edit(start=verb, end=verb, text=f" {flag.flag}"), (flag.rule,)
    if not cached:
        yield from _clean_ups(anatomy, instruction, script)


def _clean_ups(anatomy: Anatomy, instruction: Instruction, script: Script) -> Iterator[tuple[Edit, tuple[str, ...]]]:
    text = anatomy.source.text[script.start : script.end]
    added = [
        each
        for each in _CLEAN_UPS
        if any(_verb(command, each.programs, each.verbs) is not None for command in script.commands)
        and not any(word in text for word in each.unless)
        # A later `apt-get install` without its own update lives on the lists that this RUN leaves.
        and not (each.programs is _APT and _lists_needed_later(anatomy, instruction))
    ]
    # In a heredoc each command has its line; elsewhere they are one chain, which must not end in a pipe or a loop.
    if is_heredoc(instruction):
        joint = anatomy.source.newline
    elif script.commands[-1].place is Place.TOP:
        joint = f" {anatomy.source.escape}{anatomy.source.newline}    && " if "\n" in text else " && "
    else:
        return
    if added:
        joined = "".join(f"{joint}{each.command}" for each in added)
        yield Edit(start=script.end, end=script.end, text=joined), tuple(each.rule for each in added)


def _lists_needed_later(anatomy: Anatomy, instruction: Instruction) -> bool:
    """Whether a later RUN installs without an update of its own."""
    later = anatomy.body[anatomy.body.index(instruction) + 1 :]
    for each in later:
        commands = [command for command in anatomy.commands(each) if command[0] in _APT]
        if any("update" in command for command in commands):
            return False
        if any("install" in command for command in commands):
            return True
    return False


def _verb(command: Command, programs: frozenset[str], verbs: frozenset[str]) -> int | None:
    """Where the verb of such a command ends; None if it is another command."""
    if command.program not in programs:
        return None
    for word in command.words[1:]:
        if word.text in verbs:
            return word.end
        if not word.text.startswith("-"):
            return None
    return command.words[0].end if "" in verbs else None
