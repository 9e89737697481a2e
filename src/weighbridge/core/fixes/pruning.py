"""What only development and compiling need of dependencies: the command that takes it out, where nothing starts it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from weighbridge.dockerfile.shell import split_commands

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from weighbridge.core.fixes.anatomy import Anatomy

_MANAGERS = frozenset({"npm", "pnpm", "yarn"})
# What node-gyp leaves of compiling an addon, beside the addon.
_OBJECTS = re.compile(r"node_modules/.*/build/Release/obj\.target/")
_WITHOUT_OBJECTS = "find node_modules -type d -path '*/build/Release/obj.target' -prune -exec rm -rf '{}' +"


def pruner(anatomy: Anatomy, kept: Iterable[str]) -> str | None:
    """The command for the package manager that the author installs with; None where there is nothing to take out.

    `kept` are the paths that are shipped.
    """
    paths = tuple(kept)
    if any("node_modules/" in path for path in paths):
        compiled = any(_OBJECTS.search(path) is not None for path in paths)
        return " && ".join(each for each in (_of_node(anatomy), _WITHOUT_OBJECTS if compiled else None) if each) or None
    if any("vendor/composer/" in path for path in paths):
        return _of_php(anatomy)
    return None


def _of_php(anatomy: Anatomy) -> str | None:
    project = _project(anatomy, "composer.json")
    installs = [
        command
        for each in anatomy.body
        for command in anatomy.commands(each)
        if command[0].rpartition("/")[2] == "composer" and "install" in command
    ]
    if not installs or "--no-dev" in installs[-1] or (project is not None and not _mapping(project, "require-dev")):
        return None
    return f"{' '.join(installs[-1])} --no-dev"


def _of_node(anatomy: Anatomy) -> str | None:
    project = _project(anatomy, "package.json")
    development = _mapping(project, "devDependencies") if project is not None else None
    if development is not None and (
        not development or not set(_started(anatomy, project or {})).isdisjoint(development)
    ):
        return None
    found = None
    for each in anatomy.body:
        for command in anatomy.commands(each):
            program, verb = command[0].rpartition("/")[2], command[1:2]
            flags = " ".join(command)
            omits = "--omit=dev" in flags or "--production" in flags or "--only=prod" in flags or "--prod" in flags
            if program == "npm" and verb in (("install",), ("ci",), ("i",)) and "-g" not in command and not omits:
                found = "npm prune --omit=dev"
            elif program == "pnpm" and verb in (("install",), ("i",)) and not omits:
                found = "CI=true pnpm prune --prod"
            elif program == "yarn" and verb in (("install",), ()) and not omits:
                found = "yarn install --production --ignore-scripts --prefer-offline"
    return found


def _project(anatomy: Anatomy, name: str) -> Mapping[str, object] | None:
    """The project's JSON at the top of the context; None where there is none that can be read."""
    context = anatomy.subject.context
    try:
        found = json.loads(context.texts.get(name, "")) if context is not None else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _started(anatomy: Anatomy, project: Mapping[str, object]) -> Iterator[str]:
    """The words of what starts, and of the script that a package manager is told to run."""
    image = anatomy.subject.image
    words = [*image.config.entrypoint, *image.config.command] if image is not None else []
    commands = [tuple(words), *(command for word in words if " " in word for command in split_commands(word))]
    for command in commands:
        yield from command
        if command and command[0].rpartition("/")[2] in _MANAGERS:
            named = [word for word in command[1:] if not word.startswith("-") and word != "run"]
            script = _mapping(project, "scripts").get(named[0]) if named else None
            if isinstance(script, str):
                yield from (word for each in split_commands(script) for word in each)


def _mapping(project: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = project.get(key)
    return value if isinstance(value, dict) else {}
