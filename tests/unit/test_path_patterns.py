"""Path patterns: the words that they say a path must hold are held by every path that they find something in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.models import base_step, image, step
from weighbridge.core.rules import caches, context_rules, dependencies, language_caches, leftovers
from weighbridge.core.rules.contents import Contents, Held
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
    folder=st.sampled_from(["a", "ab", "a/b", "."]),
)
def test_contents_finds_what_looking_at_every_path_finds(names: set[str], words: tuple[str, ...], folder: str) -> None:
    pattern = paths("|".join(re.escape(word) for word in words), *words)
    contents = Contents(image(step("COPY . .", dict.fromkeys(names, 1), line=1)))
    files = [Held(name, 1, 0) for name in sorted(names)]

    assert [held for held in files if pattern.search(held.path)] == contents.matching(pattern)
    assert [held for held in files if held.path.startswith(f"{folder}/")] == contents.under(folder)
    assert contents.under(folder) == contents.own_under(folder)
    assert len(contents.under(folder)) == contents.size_under(folder)
    assert [held.path for held in files if held.path.endswith(words[0])] == contents.ending(words[0])
    assert files == [contents.own_file(name) for name in sorted(names)]
    assert contents.own_file("c") is None


def test_files_of_the_base_and_ignored_ones_are_not_ones_own() -> None:
    made = image(base_step({"usr/a.map": 1}), step("COPY . .", {"b.map": 1, "c.map": 1}, line=1))
    contents = Contents(made, ("c.*",))

    assert [Held("b.map", 1, 1)] == contents.matching(paths("map", "map"))
    assert [Held("usr/a.map", 1, 0)] == contents.under("usr")
    assert [] == contents.own_under("usr")
    assert [Held("b.map", 1, 1), None, None] == [contents.own_file(name) for name in ("b.map", "c.map", "usr/a.map")]
