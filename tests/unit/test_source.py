"""A Dockerfile edited by spans: what is not edited stays byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.source import Edit, Source, apply


def test_applies_edits_in_any_order_and_inserts_at_one_place_in_the_order_given() -> None:
    edits = [Edit(start=3, end=5, text="X"), Edit(start=0, end=0, text="1"), Edit(start=0, end=0, text="2")]

    assert "12abcXf" == apply("abcdef", edits)


def test_refuses_edits_that_touch_the_same_characters() -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply("abcdef", [Edit(start=0, end=3, text=""), Edit(start=2, end=4, text="")])


@given(st.text("ab\n\r", max_size=60), st.data())
def test_undoing_an_edit_gives_the_text_back(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    new = data.draw(st.text("xy\n", max_size=5))
    edited = apply(text, [Edit(start=start, end=end, text=new)])

    assert text == apply(edited, [Edit(start=start, end=start + len(new), text=text[start:end])])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_instruction_is_its_whole_lines(newline: str) -> None:
    text = newline.join(["# about", "FROM a", "", "# why", "RUN b \\", "  && c", "CMD d"])
    source = Source(text)
    run = parse(text, "Dockerfile").stages[0].instructions[1]

    assert f"RUN b \\{newline}  && c{newline}" == source.of(run)
    start, end = source.with_comment(run)
    assert f"# why{newline}RUN b \\{newline}  && c{newline}" == text[start:end]
    assert newline == source.newline


def test_a_directive_is_no_comment_of_the_instruction_below_it() -> None:
    text = "# syntax=docker/dockerfile:1\nFROM a\n"
    source = Source(text)

    assert (29, 36) == source.with_comment(parse(text, "Dockerfile").stages[0].instructions[0])
    assert "`" == Source("# escape=`\nFROM a\n").escape
