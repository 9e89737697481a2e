"""Python packages installed into a folder of their own, where the first stage has tools among them.

What poetry exports is installed beside poetry itself, and every one of its dependencies. `pip install --prefix` puts
the program's packages where they can be copied without those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes.split import Copy
from weighbridge.core.installs import find_install
from weighbridge.dockerfile.runs import run_script
from weighbridge.dockerfile.source import Edit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.dockerfile.shell import Command
    from weighbridge.model.dockerfile import Instruction
    from weighbridge.model.files import Placed

_FOLDER = "/install"
_TOOLS_TEXT = "poetry poetry-plugin-export poetry-core pipenv pip-tools uv pdm hatch tox nox build virtualenv"
_TOOLS = frozenset(_TOOLS_TEXT.split())
_SMALL = frozenset({"pip", "setuptools", "wheel"})
_SITE = re.compile(r"usr/local/(?:bin|lib/python3\.\d+|share|etc|include)/")
_INTO_IT = frozenset({"poetry", "uv", "pipenv", "pdm"})
_ELSEWHERE = ("--prefix", "--target", "-t", "--user", "--root")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefixed:
    """`edits` install apart, `copy` brings what they install, and `layers` are those that hold it in the original."""

    edits: tuple[Edit, ...]
    copy: Copy
    layers: frozenset[int]

    def without(self, kept: Mapping[str, Placed]) -> dict[str, Placed]:
        """What is left of the freight."""
        return {
            path: placed for path, placed in kept.items() if placed.layer not in self.layers or not _SITE.match(path)
        }


def prefixed(anatomy: Anatomy, kept: Collection[str], started: Collection[str]) -> Prefixed | None:
    """None where there are no tools to leave behind, or something else than pip installs the program's packages.

    `started` are the names of what a container starts.
    """
    tools = {name for each in anatomy.body for name in _tools(anatomy, each)}
    if not tools - _SMALL or not tools.isdisjoint(started) or any(path.endswith("/pyvenv.cfg") for path in kept):
        return None
    edits: list[Edit] = []
    layers: set[int] = set()
    for each in anatomy.body:
        found = _installing(anatomy, each)
        if found is None:
            return None
        edits += found
        if found or any(True for _ in _tools(anatomy, each)):
            layers |= {number for number, made in anatomy.makers.items() if made is each}
    if not edits:
        return None
    return Prefixed(
        edits=tuple(edits), copy=Copy(sources=(_FOLDER,), destination="/usr/local"), layers=frozenset(layers)
    )


def _commands(anatomy: Anatomy, instruction: Instruction) -> tuple[Command, ...]:
    if instruction.keyword != "RUN":
        return ()
    script = run_script(instruction, anatomy.source)
    return tuple(command for command in script.commands if command.words)


def _tools(anatomy: Anatomy, instruction: Instruction) -> Iterator[str]:
    for command in _commands(anatomy, instruction):
        names = _names(command)
        if names and names <= _TOOLS | _SMALL:
            yield from names


def _names(command: Command) -> frozenset[str]:
    """The packages that a pip command names; none of files, folders and addresses."""
    install = find_install(command.argv) if command.program in ("pip", "pip3") else None
    return (
        frozenset(re.split(r"[\[@;]", name)[0].strip() for name in install.names)
        if install is not None
        else frozenset()
    )


def _installing(anatomy: Anatomy, instruction: Instruction) -> list[Edit] | None:
    """Edits of the commands that install the program's packages; None where they cannot be told to do so apart."""
    edits = []
    for command in _commands(anatomy, instruction):
        verb = command.words[1] if len(command.words) > 1 else None
        if command.program in _INTO_IT and verb is not None and verb.text in ("install", "sync", "pip"):
            return None
        if command.argv[1:3] in (("-m", "pip"), ("-m", "venv")):
            return None
        if command.program not in ("pip", "pip3") or verb is None or verb.text != "install":
            continue
        names = _names(command)
        if names and names <= _TOOLS | _SMALL:
            continue
        if instruction.json or any(word.startswith(_ELSEWHERE) for word in command.argv):
            return None
        edits.append(Edit(start=verb.end, end=verb.end, text=f" --ignore-installed --prefix={_FOLDER}"))
    return edits
