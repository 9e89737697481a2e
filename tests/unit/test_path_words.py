"""Which of many paths hold a word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.rules.path_words import PathWords

_PARTS = st.text(alphabet="ab.\n", min_size=1, max_size=3)
_PATHS = st.lists(st.lists(_PARTS, min_size=1, max_size=4).map("/".join), max_size=12, unique=True)


@given(paths=_PATHS, word=st.text(alphabet="ab./", min_size=1, max_size=6))
def test_every_path_that_holds_a_word_is_found_once(paths: list[str], word: str) -> None:
    assert sorted(PathWords(paths).holding(word)) == sorted(path for path in paths if word in path)


@given(paths=_PATHS, folder=st.lists(st.text(alphabet="ab.", min_size=1, max_size=3), max_size=3).map("/".join))
def test_every_path_below_a_folder_is_found_once(paths: list[str], folder: str) -> None:
    assert sorted(PathWords(paths).under(folder)) == sorted(path for path in paths if path.startswith(f"{folder}/"))


def test_a_word_may_reach_from_a_folder_into_a_name() -> None:
    words = PathWords(["usr/bin/javac", "opt/bin/javac-wrapper", "bin/javac", "opt/bin/java"])
    assert sorted(words.holding("/bin/javac")) == ["opt/bin/javac-wrapper", "usr/bin/javac"]
