"""Path patterns: the words that they say a path must hold are held by every path that they find something in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.models import image, step
from weighbridge.core.rules import caches, context_rules, dependencies, language_caches, leftovers
from weighbridge.core.rules.contents import Contents
from weighbridge.core.rules.path_pattern import PathPattern, paths
from weighbridge.core.rules.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator


def _patterns() -> Iterator[PathPattern]:
    """All that the rules have: in their modules, and in what examines for them."""
    for module in (context_rules, dependencies, language_caches, leftovers):
        yield from (value for value in vars(module).values() if isinstance(value, PathPattern))
    for rule in RULES:
        for given_value in getattr(rule.examine, "args", ()):
            if isinstance(given_value, caches.Cache):
                yield given_value.pattern


PATTERNS = sorted({pattern.regex.pattern: pattern for pattern in _patterns()}.items())


def test_the_rules_have_patterns() -> None:
    assert len(PATTERNS) >= 15


@pytest.mark.parametrize("pattern", [pattern for _, pattern in PATTERNS], ids=[text[:40] for text, _ in PATTERNS])
@given(data=st.data())
def test_what_a_pattern_finds_holds_one_of_its_words(pattern: PathPattern, data: st.DataObject) -> None:
    path = data.draw(st.from_regex(pattern.regex).filter(pattern.search))

    assert any(word in path for word in pattern.holds), path


@given(
    names=st.sets(st.text("ab/.\nx", min_size=1, max_size=8).filter(lambda name: name.strip("/") == name), max_size=30),
    words=st.sampled_from([("a",), ("ab", "b"), (".a", "xx"), ("\n",)]),
)
def test_contents_finds_what_looking_at_every_path_finds(names: set[str], words: tuple[str, ...]) -> None:
    pattern = paths("|".join(re.escape(word) for word in words), *words)
    contents = Contents(image(step("COPY . .", dict.fromkeys(names, 1), line=1)))

    assert [held for held in contents.own if pattern.search(held.path)] == contents.matching(pattern)
