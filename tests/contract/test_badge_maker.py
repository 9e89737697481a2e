"""Badges are those that shields' own renderer draws, element by element; widths are those that it measures with."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any
from xml.etree.ElementTree import canonicalize

import pytest

from tests.support.tools import badge_maker, node
from weighbridge.core.badges.choices import Style
from weighbridge.core.badges.layout import Badge, Color, endpoint, svg
from weighbridge.core.badges.widths import Font, width

_DRAW = """
const {makeBadge} = await import(process.argv[1]);
const asked = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(asked.map(makeBadge)));
"""
_MEASURE = """
const {createRequire} = await import("node:module");
const measure = createRequire(process.argv[1])("anafanafo");
const [font, texts] = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(texts.map(text => measure(text, {font}))));
"""
_FONTS = {Font.NORMAL_11: "11px Verdana", Font.NORMAL_10: "10px Verdana", Font.BOLD_10: "bold 10px Verdana"}

LABELS = (
    "image size",
    "",
    "since v1.2.0",
    "pull size",
    "m",
    "iiiiiiiiii",
    "WWWWWWWWWW",
    "  padded  and   spaced\t",
    "a & b < c > d \"e\" 'f'",
    "</text><script>alert(1)</script>",
    "]]><!--x--><![CDATA[",
    "&amp; &#x41; &bogus;",
    "\x00\x01\x1b[31mred\x7f\x85",
    "\u202eright to left\u202c\u200b\u2066",
    "\ufeff\ufffe\uffff noncharacters",
    "\ud800 half of a pair",
    "größe straße ﬁn ŉ İı",
    "размер образа",
    "μέγεθος",
    "镜像大小",
    "イメージサイズ",
    "이미지 크기",
    "حجم الصورة",
    "ขนาดภาพ",
    "e\u0301\u0302\u0303",
    "👩‍👩‍👧‍👦 🐳 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "𝕎𝕖𝕚𝕘𝕙𝕥",
    "−41.3 MB (−39 %) ≈ … · →",
    "{{ 7*7 }} {% raw %}",
    "x" * 150,
)  # fmt: skip


def asked_of_node(script: str, asked: object) -> list[Any]:
    done = subprocess.run(
        [*node(), "--input-type=module", "--eval", script, str(badge_maker())],
        input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told: list[Any] = json.loads(done.stdout)
    return told


def differing(badges: list[Badge], style: Style) -> list[tuple[str, str]]:
    asked = [
        {"label": each.label, "message": each.message, "color": each.color.value, "style": style.value}
        for each in badges
    ]
    drawn = [(canonicalize(svg(each, style).strip()), canonicalize(other)) for each, other in zip(
        badges, asked_of_node(_DRAW, asked), strict=True)]  # fmt: skip
    return [pair for pair in drawn if pair[0] != pair[1]]


@pytest.mark.parametrize("style", list(Style))
def test_a_badge_is_the_one_that_shields_draws(style: Style) -> None:
    messages = [label for label in LABELS if label]
    badges = [Badge(label=label, message="98.2 MB", color=Color.BLUE) for label in LABELS]
    badges += [Badge(label="image size", message=message, color=Color.RED) for message in messages]
    badges += [Badge(label="", message=message, color=Color.RED) for message in messages]
    assert [] == differing(badges, style)


@pytest.mark.parametrize("style", list(Style))
def test_every_colour_is_the_one_that_shields_has_by_that_name(style: Style) -> None:
    assert [] == differing([Badge(label="layers", message="12", color=color) for color in Color], style)


@pytest.mark.parametrize("style", list(Style))
def test_any_text_is_as_wide_as_shields_makes_it(style: Style) -> None:
    chance = random.Random(5)  # noqa: S311 - no secret
    # Unicode 16 gave these two capitals, which not every Python knows.
    letters = [chr(point) for point in range(0x20, 0x20000) if chr(point).isprintable() and chr(point) not in "ƛɤ"]
    texts = ["".join(chance.choices(letters[:400] if number % 2 else letters, k=12)) for number in range(300)]
    badges = [Badge(label=text, message=text[::-1], color=Color.BLUE) for text in texts if text.strip()]
    assert [] == differing(badges, style)


@pytest.mark.parametrize("font", list(Font))
def test_every_letter_is_as_wide_as_in_the_table_that_shields_has(font: Font) -> None:
    letters = [chr(point) for point in range(0x20000) if not 0xD800 <= point < 0xE000]
    theirs = asked_of_node(_MEASURE, [_FONTS[font], letters])
    ours = [width(letter, font) for letter in letters]
    assert [] == [
        (letter, mine, other) for letter, mine, other in zip(letters, ours, theirs, strict=True) if mine != other
    ]


def test_the_endpoint_document_says_what_the_picture_says() -> None:
    badge = Badge(label="image\nsize", message="98.2 MB", color=Color.BRIGHTGREEN)
    assert {"schemaVersion": 1, "label": "image size", "message": "98.2 MB", "color": "brightgreen"} == endpoint(badge)
