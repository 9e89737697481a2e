"""Shell scripts to their simple commands, with where each word stands: to name, judge and edit them, never to run them.

The grammar is tree-sitter's of bash, which takes what a POSIX shell takes, and goes on past what it does not
understand.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import tree_sitter_bash
from tree_sitter import Language, Parser

from weighbridge.dockerfile.words import resolved, without_launchers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from weighbridge.dockerfile.words import Word

MAX_SCRIPT = 32_000
"""Characters of a script that is parsed; real ones stay far below."""

_MAX_STRUCTURE = 600
"""Characters that open something. The parser's time grows with their square: 600 cost it some 30 ms."""

_STRUCTURE = re.compile(r"[|(<{]")
# The parser counts bytes and we count characters; one that it can't stumble over stands for each that is not ASCII.
_FOREIGN = re.compile(r"[^\t\n\r\x20-\x7e]")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})
_MAX_DEPTH = 4

_SIMPLE = frozenset({"command", "declaration_command", "unset_command", "test_command"})
_ASSIGNMENTS = frozenset({"variable_assignment", "variable_assignments"})
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_TRANSPARENT = frozenset({"program", "redirected_statement", "negated_command"})


class Place(StrEnum):
    """Where a command stands in its script.

    TOP: in the chain of `&&` and `;` that the script is. PIPE: in a pipeline there. NESTED: in anything else (a
    subshell, a condition, a loop, a substitution, behind `||`, in the text that a `sh -c` is given).
    """

    TOP = "top"
    PIPE = "pipe"
    NESTED = "nested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A simple command. `start` and `end` (not one of its characters) are offsets into the text, redirections included.

    `words` have no quotes, redirections, assignments and launchers (`sudo`, `env`, `exec`, …), which stand in
    `redirects` (operator and target), `assignments` and `launchers`. A command without words only assigns.
    """

    words: tuple[Word, ...]
    start: int
    end: int
    place: Place
    assignments: tuple[tuple[str, str], ...] = ()
    launchers: tuple[str, ...] = ()
    redirects: tuple[tuple[str, str], ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The words' texts."""
        return tuple(word.text for word in self.words)

    @property
    def program(self) -> str:
        """The first word without its directory; empty for a command that only assigns."""
        return self.words[0].text.rpartition("/")[2] if self.words else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script's commands in the order in which they begin. `start` and `end` enclose all that is not blank or comment.

    `sound` is false where the parser met something that it could not read, or the script is too large to be parsed:
    then it may be judged by what was read, but not edited.
    """

    commands: tuple[Command, ...]
    start: int
    end: int
    sound: bool


def read_script(text: str, offsets: Sequence[int] | None = None) -> Script:
    """Parses a script. `offsets` gives each character's place in another text, and then all spans are places there."""
    return _read(text, offsets if offsets is not None else range(len(text)), 0)


def split_commands(script: str) -> tuple[tuple[str, ...], ...]:
    """The words of a script's commands; nothing for a script that is too large to be parsed."""
    return tuple(command.argv for command in read_script(script).commands if command.words)


def _read(text: str, offsets: Sequence[int], depth: int) -> Script:
    plain = _FOREIGN.sub("x", text)
    begin, stop = _place(offsets, 0), _place(offsets, len(text))
    if len(text) > MAX_SCRIPT or len(_STRUCTURE.findall(text)) > _MAX_STRUCTURE:
        return Script(commands=(), start=begin, end=stop, sound=False)
    root = _parser().parse(plain.encode("ascii")).root_node
    statements = [node for node in root.named_children if node.type != "comment"]
    found = list(_Walk(text=text, offsets=offsets, depth=depth).commands(root))
    return Script(
        commands=tuple(sorted(found, key=lambda command: (command.start, -command.end))),
        start=_place(offsets, statements[0].start_byte) if statements else begin,
        end=_after(offsets, statements[-1].end_byte) if statements else begin,
        sound=not root.has_error,
    )


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def _place(offsets: Sequence[int], position: int) -> int:
    """Where the character at a position stands; past the last one, where it ends."""
    return offsets[position] if position < len(offsets) else _after(offsets, position)


def _after(offsets: Sequence[int], position: int) -> int:
    """Where the character before a position ends: never past what a joined line left out."""
    return offsets[min(position, len(offsets)) - 1] + 1 if position and offsets else _first(offsets)


def _first(offsets: Sequence[int]) -> int:
    return offsets[0] if offsets else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """One pass over a tree, without recursion: its depth is its author's choice."""

    text: str
    offsets: Sequence[int]
    depth: int

    def commands(self, root: Node) -> Iterator[Command]:
        pending: list[tuple[Node, Place]] = [(root, Place.TOP)]
        redirects: list[Node] = []
        found: list[tuple[Command, int]] = []
        while pending:
            node, place = pending.pop()
            if node.type in _REDIRECTS:
                redirects.append(node)
            if node.type in _SIMPLE or node.type in _ASSIGNMENTS:
                command = self._command(node, place)
                if command.words or command.assignments:
                    found.append((command, node.end_byte))
                    found += [(inner, node.end_byte) for inner in self._scripts_inside(command)]
                pending += [(child, Place.NESTED) for child in reversed(_substitutions(node))]
            else:
                pending += [(child, _place_of(child, node, place)) for child in reversed(node.named_children)]
        yield from self._with_redirects(found, redirects)

    def _command(self, node: Node, place: Place) -> Command:
        parts = [node] if node.type == "variable_assignment" else _parts(node)
        assigned, words, leading = [], [], node.type != "declaration_command"
        for part in parts:
            if part.start_byte == part.end_byte:
                # What the parser misses it puts in.
                continue
            word = resolved(self.text, part.start_byte, part.end_byte, self.offsets)
            if leading and part.type == "variable_assignment":
                name, _, value = word.text.partition("=")
                assigned.append((name, value))
            else:
                words.append(word)
                leading = False
        launchers, rest, more = without_launchers(words)
        return Command(
            words=tuple(rest),
            start=_place(self.offsets, node.start_byte),
            end=_after(self.offsets, node.end_byte),
            place=place,
            assignments=(*assigned, *more),
            launchers=tuple(launchers),
        )

    def _scripts_inside(self, command: Command) -> Iterator[Command]:
        """The commands of `sh -c 'text'`."""
        if self.depth >= _MAX_DEPTH or command.program not in _SHELLS:
            return
        options = 1
        while options < len(command.words) and command.words[options].text.startswith(("-", "+")):
            options += 1
        if options == len(command.words) or not re.fullmatch(r"-[a-z]*c", command.words[options - 1].text):
            return
        word = command.words[options]
        for inner in _read(word.text, word.offsets, self.depth + 1).commands:
            yield replace(inner, place=Place.NESTED)

    def _with_redirects(self, found: Sequence[tuple[Command, int]], redirects: Sequence[Node]) -> Iterator[Command]:
        """Gives each redirection to the last command before it, whose it is unless a group's."""
        given: dict[int, list[Node]] = {}
        ends = sorted((end, -number) for number, (command, end) in enumerate(found) if command.words)
        for redirect in redirects:
            before = bisect_right(ends, (redirect.start_byte, 0))
            if before:
                given.setdefault(-ends[before - 1][1], []).append(redirect)
        for number, (command, _) in enumerate(found):
            own = given.get(number, ())
            yield replace(
                command,
                redirects=tuple(self._redirect(node) for node in own),
                end=max([command.end, *(_after(self.offsets, node.end_byte) for node in own)]),
            )

    def _redirect(self, node: Node) -> tuple[str, str]:
        target = node.child_by_field_name("destination")
        if target is None:
            return ("<<", "")
        operator = self.text[node.start_byte : target.start_byte].strip()
        return (operator, resolved(self.text, target.start_byte, target.end_byte, self.offsets).text)


def _parts(node: Node) -> list[Node]:
    """The assignments and words of a command, in order."""
    if node.type == "test_command":
        return [child for each in node.children for child in ([each] if not each.is_named else _leaves(each))]
    first = [node.children[0]] if node.type in ("declaration_command", "unset_command") else []
    kinds = _REDIRECTS | {"comment", "ERROR"}
    return first + [child for child in node.named_children if child.type not in kinds]


def _leaves(node: Node) -> list[Node]:
    """The words of a test, where operators and operands are nodes of their own."""
    pending, leaves = [node], []
    while pending:
        each = pending.pop()
        if each.type in ("unary_expression", "binary_expression", "negation_expression", "parenthesized_expression"):
            pending += reversed(each.children)
        else:
            leaves.append(each)
    return leaves


def _substitutions(node: Node) -> list[Node]:
    """The outermost nodes inside a command that hold commands of their own, and its redirections."""
    pending, found = list(reversed(node.named_children)), []
    while pending:
        each = pending.pop()
        if each.type in ("command_substitution", "process_substitution") or each.type in _REDIRECTS:
            found.append(each)
        else:
            pending += reversed(each.named_children)
    return found


def _place_of(child: Node, parent: Node, place: Place) -> Place:
    if place is Place.NESTED or parent.type in _TRANSPARENT:
        return place
    if parent.type == "pipeline":
        return Place.PIPE
    if parent.type == "list":
        first = parent.named_children[0] if parent.named_children else None
        may_not_run = child != first and any(each.type == "||" for each in parent.children)
        return Place.NESTED if may_not_run else place
    return Place.NESTED
