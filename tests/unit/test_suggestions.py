"""A fix in place as suggestions: what can be committed by a click, and what never is offered."""

from __future__ import annotations

import difflib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.fixes import DOCKERFILE, TIDY, edited_fix, tidy_fix
from tests.support.reports import image
from weighbridge.core.marker import marker
from weighbridge.core.rendering.suggestion import suggestion_body
from weighbridge.core.suggestions import (
    DiffLine,
    Suggestion,
    fits,
    identity_of,
    payload,
    scope_of,
    shown_lines,
    suggestions_of,
)

LINES = st.lists(st.sampled_from(["FROM a", "RUN b", "RUN c", "", "COPY . .", "```", "\tRUN d"]), max_size=12)


def committed(text: str, parts: tuple[Suggestion, ...]) -> str:
    """What GitHub makes of a file when all of them are committed."""
    lines = text.split("\n")
    for part in sorted(parts, key=lambda part: part.start, reverse=True):
        assert list(part.before) == lines[part.start - 1 : part.end]
        lines[part.start - 1 : part.end] = part.after
    return "\n".join(lines)


@given(LINES, LINES)
def test_committing_all_of_them_is_the_fix(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before) + "\n", "\n".join(after) + "\n"

    parts = suggestions_of(edited_fix(old, new))

    if parts is not None:
        assert new == committed(old, parts)
        assert len({part.id for part in parts}) == len(parts)


@given(LINES, LINES)
def test_the_lines_of_a_diff_are_those_of_the_head(before: list[str], after: list[str]) -> None:
    patch = "\n".join(list(difflib.unified_diff(before, after, lineterm=""))[2:])

    shown = shown_lines(patch)

    assert {number: line.text for number, line in shown.items()} == {
        number: after[number - 1] for number in shown if number <= len(after)
    }
    assert all(number in shown for number, line in enumerate(after, 1) if line not in before)


def test_one_line_is_one_suggestion() -> None:
    (part,) = suggestions_of(tidy_fix()) or ()

    assert (2, 2) == (part.start, part.end)
    assert (DOCKERFILE.splitlines()[1],) == part.before
    assert (TIDY.splitlines()[1],) == part.after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM a\r\nRUN b\r\n", "FROM a\r\nRUN c\r\n"),
        ("FROM a\nRUN b\u202e\n", "FROM a\nRUN c\u202e\n"),
        ("FROM a\nRUN \x1b[31m\n", "FROM a\nRUN c\n"),
        ("FROM a\n", "FROM a\n" + "RUN b\n" * 20),
        ("RUN a\n" * 10, "RUN b\n"),
        (None, "FROM a\n"),
        ("FROM a\n", None),
        ("x" * 3000, "y"),
    ],
    ids=["carriage returns", "hidden", "escapes", "much new", "much old", "new file", "deleted file", "long"],
)
def test_what_is_not_committed_as_it_is_shown_is_no_suggestion(before: str | None, after: str | None) -> None:
    assert suggestions_of(edited_fix(before, after)) is None


def test_a_line_must_be_in_the_diff_as_it_was_and_one_of_them_be_the_pull_requests() -> None:
    part = Suggestion(path="Dockerfile", start=2, end=3, before=("b", "c"), after=("x",), id="1")

    assert fits(part, {2: DiffLine("b", False), 3: DiffLine("c", True)})
    assert not fits(part, {2: DiffLine("b", False), 3: DiffLine("c", False)})
    assert not fits(part, {2: DiffLine("b", True)})
    assert not fits(part, {2: DiffLine("b", True), 3: DiffLine("moved", True)})
    assert not fits(part, {})


@pytest.mark.parametrize(
    "patch", ["", "nonsense", "@@ -1 +x @@\n+a", "+a\n+b", "@@ -1 +1 @@ f\n-a\n\\ No newline\n?b\n+c"]
)
def test_a_patch_that_makes_no_sense_shows_nothing(patch: str) -> None:
    assert {} == shown_lines(patch)


def test_a_comment_is_known_by_its_image_and_its_change() -> None:
    (part,) = suggestions_of(tidy_fix()) or ()
    scope = scope_of(image("api"))
    body = suggestion_body(image("api"), tidy_fix(), part, 1, marker("default", payload(scope, part)))

    assert (scope, part.id) == identity_of(body, "default")
    assert identity_of(body, "nightly") is None
    assert identity_of(f"x {body}", "default") is None
    assert scope != scope_of(image("web"))


def test_a_dockerfile_cannot_end_the_block_or_speak_outside_of_it() -> None:
    hostile = "RUN echo '```' '````' @octocat <img src=x> ![a](http://example.com/x)"
    fix = replace(edited_fix(f"{hostile}\n", f"{hostile} && true\n"))
    (part,) = suggestions_of(fix) or ()

    text = suggestion_body(image("a|`b` @octocat"), fix, part, 3, marker("default", "v1"))

    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    (block,) = [token for token in tokens if token.type == "fence"]
    assert ("suggestion", f"{hostile} && true\n") == (block.info, block.content)
    assert "@octocat" not in text.replace(f"{hostile} && true", "")
    assert [] == [each for token in tokens for each in token.children or () if each.type == "image"]
    assert "One of 3 changes that were proven together" in text
