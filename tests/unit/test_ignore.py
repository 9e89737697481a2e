"""`.dockerignore` as BuildKit reads it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dockerfile.ignore import read_ignore


@pytest.mark.parametrize(
    ("text", "path", "excluded"),
    [
        ("node_modules", "node_modules/a/b", True),
        ("node_modules", "web/node_modules/a", False),
        ("**/node_modules", "web/node_modules/a", True),
        ("**/node_modules", "node_modules", True),
        ("*.md", "README.md", True),
        ("*.md", "docs/a.md", False),
        ("**/*.md", "docs/deep/a.md", True),
        ("docs/*", "docs/a/b", True),
        ("docs/**", "docs", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("/build/", "build/x", True),
        ("./a/../b", "b", True),
        ("[a-c]x", "bx", True),
        ("[^a]x", "ax", False),
        ("?x", "/x", False),
        ("\\#a", "#a", True),
        ("# node_modules", "node_modules", False),
        ("  spaced  ", "spaced", True),
        ("*\n!keep", "keep", False),
        ("*\n!src", "src/deep/a", False),
        ("src\n!src/keep\nsrc/keep/not", "src/keep/not", True),
        ("!", "a", False),
        ("[", "[", False),
        ("\ufeffa", "a", True),
        ("**/a/**/b/**/c/**/d*", "x/a/y/b/c/d1", True),
        ("**/a/**/b/**/c/**/d*", "x/a/y/b/cd1", False),
    ],
)
def test_the_last_pattern_that_matches_a_path_or_a_folder_above_it_decides(
    text: str, path: str, *, excluded: bool
) -> None:
    assert excluded is read_ignore(text).excludes(path)


@given(
    st.lists(st.text(alphabet="ab*?/!.[]^-\\", max_size=8), max_size=4),
    st.lists(st.sampled_from(["a", "b", "ab", ".a"]), min_size=1, max_size=4),
)
def test_a_walk_says_what_a_single_question_says(lines: list[str], parts: list[str]) -> None:
    ignore = read_ignore("\n".join(lines))
    matched = None
    excluded = False
    for count in range(1, len(parts) + 1):
        excluded, matched = ignore.step("/".join(parts[:count]), matched)

    assert excluded is ignore.excludes("/".join(parts))


def test_hostile_patterns_are_matched_in_bounded_time() -> None:
    began = time.monotonic()
    ignore = read_ignore("\n".join(["**/a" * 9 + "*x", "*a" * 20, "a*" * 500]))

    assert not ignore.excludes("a/" * 60 + "b" * 200)
    assert time.monotonic() - began < 5
