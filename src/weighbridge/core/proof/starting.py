"""What a container starts, as far as its configuration and its shell scripts tell: commands, interpreters, tools."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.dockerfile.shell import split_commands
from weighbridge.model.fix import GapKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.proof.filesystem import FileSystem

_MAX_DEPTH = 5
_MAX_STARTED = 400

SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
# They start what their arguments name.
_LAUNCHER_NAMES = """
tini tini-static dumb-init catatonit docker-init s6-setuidgid gosu su-exec setpriv chpst env nice ionice timeout nohup
stdbuf setsid catchsegv exec command sudo xvfb-run
"""
_LAUNCHERS = frozenset(_LAUNCHER_NAMES.split())
# What a shell does itself; a program by such a name is not asked for.
_BUILTIN_NAMES = """
. : [ [[ alias bg break builtin cd command continue declare dirs disown echo enable eval exec exit export false fc fg
function getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly
return set shift shopt source suspend test times trap true type typeset ulimit umask unalias unset wait if then else
elif fi for while until do done case esac in { } ! time select coproc
"""
_BUILTINS = frozenset(_BUILTIN_NAMES.split())
_PLAIN_NAME = re.compile(r"[\w./+@-]{1,4096}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A program by the name that it is started by, and the file that this is (None: nothing).

    `by` is who starts it: `ENTRYPOINT`, `CMD`, `HEALTHCHECK`, or a script's path with a leading slash. `kind` is what
    its absence would be called. `certain` tells that it is started whatever happens, not just named by a script.
    """

    by: str
    name: str
    path: str | None
    kind: GapKind
    certain: bool = False


def started(files: FileSystem) -> tuple[Started, ...]:
    """Everything that the container's command and health check are seen to start, scripts followed."""
    return tuple(dict.fromkeys(_all(files)))


def _all(files: FileSystem) -> Iterator[Started]:
    config = files.config
    argv = (*config.entrypoint, *config.command)
    if argv:
        by = "ENTRYPOINT" if config.entrypoint else "CMD"
        yield from _bounded(_expand(files, by, argv, GapKind.COMMAND, certain=True))
    if config.entrypoint and config.command and _PLAIN_NAME.fullmatch(config.command[0]):
        # An entrypoint script ends with `exec "$@"`; elsewhere these are mere arguments.
        yield from _bounded(_expand(files, "CMD", config.command, GapKind.COMMAND, certain=False))
    test = config.health_check
    if test[:1] == ("CMD",) and len(test) > 1:
        yield from _bounded(_expand(files, "HEALTHCHECK", test[1:], GapKind.HEALTH_TOOL, certain=True))
    elif test[:1] == ("CMD-SHELL",) and len(test) > 1:
        shelled = ("/bin/sh", "-c", test[1])
        yield from _bounded(_expand(files, "HEALTHCHECK", shelled, GapKind.HEALTH_TOOL, certain=True))


def _bounded(found: Iterator[Started]) -> Iterator[Started]:
    for _, each in zip(range(_MAX_STARTED), found, strict=False):
        yield each


def _expand(
    files: FileSystem, by: str, argv: Sequence[str], kind: GapKind, *, certain: bool, depth: int = 0
) -> Iterator[Started]:
    name = argv[0]
    base = name.rpartition("/")[2]
    path = files.which(name)
    shell = base in SHELLS
    named = GapKind.SHELL if shell and kind is GapKind.COMMAND else kind
    yield Started(by=by, name=name, path=path, kind=named, certain=certain)
    if depth >= _MAX_DEPTH:
        return
    if shell and (script := _inline_script(argv)) is not None:
        yield from _commands(files, by, script, kind, depth)
    elif base in _LAUNCHERS:
        for position, word in enumerate(argv[1:], 1):
            if not word.startswith("-") and files.which(word) is not None:
                yield from _expand(files, by, argv[position:], kind, certain=certain, depth=depth + 1)
                break
    elif shell and len(argv) > 1 and not argv[1].startswith("-"):
        yield from _script(files, files.resolve(argv[1], relative_to=files.config.working_directory or "/"), depth)
    if path is not None:
        yield from _script(files, path, depth)


def _script(files: FileSystem, path: str | None, depth: int) -> Iterator[Started]:
    """What a script's `#!` line asks for, and the commands that a shell script holds."""
    words = files.programs.scripts.get(path or "", ())
    by = f"/{path}"
    if words:
        yield Started(by=by, name=words[0], path=files.executable(words[0]), kind=GapKind.INTERPRETER, certain=True)
        if words[0].rpartition("/")[2] == "env" and (target := env_target(words)) is not None:
            yield Started(by=by, name=target, path=files.which(target), kind=GapKind.INTERPRETER, certain=True)
    text = files.programs.texts.get(path or "")
    if text is not None and words and any(word.rpartition("/")[2] in SHELLS for word in words[:3]):
        yield from _commands(files, by, text.decode("utf-8", "replace"), GapKind.PROGRAM, depth)


def _commands(files: FileSystem, by: str, script: str, kind: GapKind, depth: int) -> Iterator[Started]:
    inner = GapKind.HEALTH_TOOL if kind is GapKind.HEALTH_TOOL else GapKind.PROGRAM
    for words in split_commands(script):
        if words[0] not in _BUILTINS and _PLAIN_NAME.fullmatch(words[0]):
            yield from _expand(files, by, words, inner, certain=False, depth=depth + 1)


def _inline_script(argv: Sequence[str]) -> str | None:
    """The text of `sh -c TEXT`."""
    for position, word in enumerate(argv[1:-1], 1):
        if not word.startswith("-"):
            return None
        if re.fullmatch(r"-[a-z]*c", word):
            return argv[position + 1]
    return None


def env_target(words: Sequence[str]) -> str | None:
    """The program that `#!/usr/bin/env …` finds by PATH."""
    for word in words[1:]:
        if not word.startswith("-") and "=" not in word:
            return word
    return None
