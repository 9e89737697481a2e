"""Which files of a build context `.dockerignore` keeps out, by BuildKit's rules, which are not git's.

Patterns are anchored at the context's root, `*` stops at a slash, `**` does not, a directory takes all below it along,
`!` brings back, and the last pattern that matches decides. Follows moby/patternmatcher (MatchesUsingParentResults and
ignorefile.ReadAll).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_PATTERNS = 1_000
_MAX_WILDCARDS = 20
_MAX_BACKTRACKING = 3
"""Wildcards in a pattern up to which a regular expression is bounded enough; longer ones are matched state by state."""

Matched = tuple[bool, ...]
"""Whether each pattern matched a directory or one above it."""


@dataclass(frozen=True, slots=True)
class _Token:
    """One piece of a pattern: what it matches once (None: nothing), and what it may skip before that."""

    one: str
    repeats: bool = False
    whole_names: bool = False


@dataclass(frozen=True)
class Pattern:
    """One line. `exception` is that of `!`."""

    text: str
    exception: bool

    def matches(self, path: str) -> bool:
        """Whether it matches this very path, directories above it apart."""
        kind, argument = self._kind
        if kind == "exact":
            return path == self.text
        if kind == "prefix":
            return path.startswith(argument)
        if kind == "suffix":
            return path.endswith(argument) or (argument[:1] == "/" and path == argument[1:])
        if self._regex is not None:
            return self._regex.fullmatch(path) is not None
        return _simulated(self._tokens, path)

    @cached_property
    def _kind(self) -> tuple[str, str]:
        """moby's short cuts, which do differ from its regular expressions: `**x` matches the end of any name."""
        wild = re.search(r"[*?\[\]\\]", self.text)
        if wild is None:
            return "exact", ""
        if self.text.startswith("**"):
            rest = self.text[2:]
            if not re.search(r"[*?\[\]\\]", rest):
                return "suffix", rest
        if re.fullmatch(r"[^*?\[\]\\]*\*\*/?", self.text):
            return "prefix", self.text.rstrip("/")[:-2]
        return "general", ""

    @cached_property
    def _tokens(self) -> tuple[_Token, ...]:
        return tuple(_tokens(self.text))

    @cached_property
    def _regex(self) -> re.Pattern[str] | None:
        if sum(token.repeats for token in self._tokens) > _MAX_BACKTRACKING:
            return None
        return re.compile("".join(_as_regex(token) for token in self._tokens), re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """The patterns of one ignore file, in order."""

    patterns: tuple[Pattern, ...]

    @property
    def has_exceptions(self) -> bool:
        """Whether a file below an excluded directory may be in the context."""
        return any(pattern.exception for pattern in self.patterns)

    def excludes(self, path: str) -> bool:
        """Whether a file (relative, slashes) is kept out, the directories above it considered."""
        matched: Matched | None = None
        excluded = False
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            excluded, matched = self.step("/".join(parts[:count]), matched)
        return excluded

    def step(self, path: str, above: Matched | None) -> tuple[bool, Matched]:
        """One path on a walk: whether it is kept out, and what its own entries are to be told as `above`."""
        excluded = False
        flags: list[bool] = []
        for number, pattern in enumerate(self.patterns):
            matched = above is not None and above[number]
            # Where it could change nothing, a pattern is not even asked: then it counts as not matched below, too.
            if not matched and pattern.exception == excluded:
                matched = pattern.matches(path)
            flags.append(matched)
            if matched:
                excluded = not pattern.exception
        return excluded, tuple(flags)


def read_ignore(text: str) -> Ignore:
    """The patterns of an ignore file's text. Those that BuildKit refuses, or with very many wildcards, are left out."""
    found = []
    for line in text.removeprefix("\ufeff").splitlines()[:MAX_PATTERNS]:
        pattern = "" if line.startswith("#") else line.strip()
        exception = pattern.startswith("!")
        pattern = pattern[1:].strip() if exception else pattern
        if pattern:
            cleaned = posixpath.normpath(re.sub(r"/{2,}", "/", pattern))
            found.append(Pattern(cleaned[1:] if len(cleaned) > 1 and cleaned[0] == "/" else cleaned, exception))
    return Ignore(patterns=tuple(pattern for pattern in found if _well_formed(pattern.text)))


def _well_formed(pattern: str) -> bool:
    unescaped = re.sub(r"\\.", "", pattern)
    if unescaped.count("*") > _MAX_WILDCARDS:
        return False
    return not unescaped.endswith("\\") and "[" not in re.sub(r"\[\^?[^\]]+\]", "", unescaped)


def _tokens(pattern: str) -> Iterator[_Token]:
    position = 0
    while position < len(pattern):
        letter = pattern[position]
        position += 1
        if letter == "*" and pattern[position : position + 1] == "*":
            position += 2 if pattern[position + 1 : position + 2] == "/" else 1
            yield _Token(".", repeats=True, whole_names=position < len(pattern))
        elif letter == "*":
            yield _Token("[^/]", repeats=True)
        elif letter == "?":
            yield _Token("[^/]")
        elif letter == "\\" and position < len(pattern):
            yield _Token(re.escape(pattern[position]))
            position += 1
        elif letter == "[" and (end := _class_end(pattern, position)) is not None:
            yield _Token(_class(pattern[position:end]))
            position = end + 1
        else:
            yield _Token(re.escape(letter))


def _class_end(pattern: str, position: int) -> int | None:
    end = position
    while end < len(pattern) and (pattern[end] != "]" or end == position):
        end += 2 if pattern[end] == "\\" else 1
    return end if end < len(pattern) else None


def _class(inside: str) -> str:
    """The inside of brackets as a regular expression's class; one that holds nothing where it makes no sense."""
    negated = inside.startswith("^")
    body = "".join(letter if letter in "-\\" or letter.isalnum() else "\\" + letter for letter in inside[negated:])
    text = f"[{'^' if negated else ''}{body}]"
    try:
        re.compile(text)
    except re.error:
        return r"(?!)"
    return text


def _as_regex(token: _Token) -> str:
    if not token.repeats:
        return token.one
    return f"(?:{token.one}*/)?" if token.whole_names else f"{token.one}*"


def _simulated(tokens: Sequence[_Token], path: str) -> bool:
    """Whether the tokens match the whole path, in time that grows with the product of both lengths."""
    singles = [re.compile(token.one, re.DOTALL) for token in tokens]
    # A state is how many tokens are done; `inside` are the `**` whose names are not ended by a slash yet.
    states, inside = _closure({0}, tokens), set[int]()
    for letter in path:
        reached: set[int] = set()
        inside |= {state for state in states if state < len(tokens) and tokens[state].whole_names}
        for state in states:
            if state < len(tokens) and not tokens[state].whole_names and singles[state].match(letter):
                reached.add(state if tokens[state].repeats else state + 1)
        if letter == "/":
            reached |= {state + 1 for state in inside}
        states = _closure(reached, tokens)
    return len(tokens) in states


def _closure(states: set[int], tokens: Sequence[_Token]) -> set[int]:
    """With the states that are reached without a character: what repeats may be left out."""
    found = set(states)
    for state in sorted(states):
        following = state
        while following < len(tokens) and tokens[following].repeats:
            following += 1
            found.add(following)
    return found
