"""Shell commands out of a RUN instruction: tolerant, since it only has to name them, never to run them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BOUND = 8_000
"""Characters that are looked at; what matters in a longer script is past naming."""

_SEPARATOR = re.compile(r"[;&|()\n]+")
_ROUGH_SEPARATOR = re.compile(r"&&|\|\||[;|&\n]")
_REDIRECTION = re.compile(r"[<>&|]*[<>][<>&|]*")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PREFIXES = frozenset(
    {"then", "do", "else", "elif", "if", "while", "until", "!", "{", "time", "exec", "command", "sudo", "env", "nice"}
)


def split_commands(script: str) -> tuple[tuple[str, ...], ...]:
    """The simple commands of a script as words, without quotes, redirections, assignments and keywords like `then`."""
    text = script[:_BOUND].replace("\\\r\n", " ").replace("\\\n", " ")
    commands: list[tuple[str, ...]] = []
    words: list[str] = []
    for token in [*_tokens(text), ";"]:
        if not _SEPARATOR.fullmatch(token):
            words.append(token)
            continue
        command = tuple(_strip_prefixes(_without_redirections(words)))
        if command:
            commands.append(command)
        words = []
    return tuple(commands)


def _tokens(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()<>\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # an unclosed quote: cut off, or not a POSIX shell's
        return list(_rough_tokens(text))


def _rough_tokens(text: str) -> Iterator[str]:
    for part in _ROUGH_SEPARATOR.split(text):
        yield from part.split()
        yield ";"


def _without_redirections(words: Iterable[str]) -> Iterator[str]:
    pending: str | None = None
    target_follows = False
    for word in words:
        if _REDIRECTION.fullmatch(word):
            if pending is not None and not pending.isdigit():
                yield pending
            pending, target_follows = None, True
        elif target_follows:
            target_follows = False
        else:
            if pending is not None:
                yield pending
            pending = word
    if pending is not None:
        yield pending


def _strip_prefixes(words: Iterable[str]) -> Iterator[str]:
    leading = True
    for word in words:
        if leading and (word in _PREFIXES or _ASSIGNMENT.match(word)):
            continue
        leading = False
        yield word
