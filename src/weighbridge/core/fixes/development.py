"""What a Python project is developed with: left out where it is installed, as the project's own files tell it apart.

A build step that needs it, such as a test, then fails: who tries this has the same without it to fall back on.
"""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from weighbridge.dockerfile.runs import run_script
from weighbridge.dockerfile.source import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.dockerfile.shell import Command
    from weighbridge.dockerfile.words import Word

_FOR_DEVELOPMENT = re.compile(
    r"(?:^|[-_./])(?:dev|devel|develop|development|tests?|testing|lint|docs?)(?:[-_./]|$)", re.IGNORECASE
)
_INCLUDED = re.compile(r"^[ \t]*(?:-r|--requirement)[ \t=]*(\S+)", re.MULTILINE)
_GROUPS = frozenset({"dev", "develop", "development", "test", "tests", "lint", "docs"})
_DECIDED = ("--no-dev", "--only", "--without", "--no-group", "--no-default-groups", "--only-group")


def without_development(anatomy: Anatomy) -> tuple[Edit, ...]:
    """Edits of the RUNs that install for development, too; none where there are no such."""
    return tuple(_edits(anatomy))


def _edits(anatomy: Anatomy) -> Iterator[Edit]:
    for each in anatomy.body:
        if each.keyword != "RUN" or each.json:
            continue
        script = run_script(each, anatomy.source)
        for command in script.commands if script.sound else ():
            yield from _of_command(anatomy, command)


def _of_command(anatomy: Anatomy, command: Command) -> Iterator[Edit]:
    words = list(command.words)
    if command.argv[1:3] == ("-m", "pip"):
        words = words[2:]
    program = "pip" if len(words) < len(command.words) else command.program
    verb = words[1].text if len(words) > 1 else ""
    match program, verb:
        case (("pip" | "pip3"), "install"):
            yield from _of_requirements(anatomy, words)
        case "poetry", "export":
            yield from _groups(words)
        case "poetry", "install":
            yield from _groups(words)
            yield from _flag(words, " --only main")
        case "uv", "sync":
            yield from _flag(words, " --no-dev")
        case "pipenv", ("install" | "sync"):
            yield from (_taken(word) for word in words[2:] if word.text in ("--dev", "-d"))


def _of_requirements(anatomy: Anatomy, words: Sequence[Word]) -> Iterator[Edit]:
    """`-r requirements-dev.txt` becomes what that file includes; it goes where the same command names that, too."""
    named = [(flag, word) for flag, word in pairwise(words) if flag.text in ("-r", "--requirement")]
    files = [word.text for _, word in named]
    for flag, word in named:
        included = _included(anatomy, word.text) if _FOR_DEVELOPMENT.search(posixpath.splitext(word.text)[0]) else None
        if included in files:
            yield Edit(start=flag.start - 1, end=word.end, text="")
        elif included is not None:
            yield Edit(start=word.start, end=word.end, text=included)


def _included(anatomy: Anatomy, path: str) -> str | None:
    """The one file of requirements for all that a file for development includes, as it would be written beside it."""
    context = anatomy.subject.context
    if context is None:
        return None
    name = posixpath.basename(path)
    texts = [text for known, text in context.texts.items() if known == path or posixpath.basename(known) == name]
    found = {include for text in texts for include in _INCLUDED.findall(text)}
    if len(texts) != 1 or len(found) != 1:
        return None
    written = found.pop()
    return (
        None
        if _FOR_DEVELOPMENT.search(posixpath.splitext(written)[0])
        else posixpath.join(posixpath.dirname(path), written)
    )


def _groups(words: Sequence[Word]) -> Iterator[Edit]:
    """Takes `--with dev` and `--dev` out."""
    for word, following in zip(words, [*words[1:], None], strict=True):
        if word.text == "--dev" or (word.text.startswith("--with=") and word.text.partition("=")[2] in _GROUPS):
            yield _taken(word)
        elif word.text == "--with" and following is not None and following.text in _GROUPS:
            yield Edit(start=word.start - 1, end=following.end, text="")


def _flag(words: Sequence[Word], flag: str) -> Iterator[Edit]:
    """Puts a flag behind the verb, unless the author decided it."""
    if not any(word.text.startswith(_DECIDED) for word in words[2:]):
        yield Edit(start=words[1].end, end=words[1].end, text=flag)


def _taken(word: Word) -> Edit:
    return Edit(start=word.start - 1, end=word.end, text="")
