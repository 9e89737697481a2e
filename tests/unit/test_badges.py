"""Badges say what is known, in the colour of the budget, and are files that any XML parser takes."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.goldens import SCENES, scene
from tests.support.reports import image, report, unbuilt
from weighbridge.core.badges.choices import Kind, Style
from weighbridge.core.badges.figures import Figures, figures
from weighbridge.core.badges.kinds import badge
from weighbridge.core.badges.layout import Badge, Color, endpoint, svg
from weighbridge.core.badges.widths import Font, width
from weighbridge.model.budget import Status
from weighbridge.model.image import PackedSize

# https://shields.io/badges/endpoint-badge: other keys are refused.
_KEYS = {
    "schemaVersion", "label", "message", "color", "labelColor", "isError", "namedLogo", "logoSvg", "logoColor",
    "logoWidth", "logoPosition", "style", "cacheSeconds",
}  # fmt: skip
MEASURED = Figures(
    size=120_000_000,
    packed=PackedSize(size=41_200_000, estimated=True),
    layers=12,
    before=100_000_000,
    since="v1.2.0",
    saving=30_000_000,
)


def told(kind: Kind, **changed: object) -> tuple[str, str, str]:
    given = {field: getattr(MEASURED, field) for field in Figures.__dataclass_fields__}
    made = badge(kind, Figures(**(given | changed)))
    return made.label, made.message, made.color.value


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.SIZE, ("image size", "120.0 MB", "blue")),
        (Kind.PACKED, ("image pull size", "≈ 41.2 MB", "blue")),
        (Kind.CHANGE, ("size since v1.2.0", "+20.0 MB (+20.0 %)", "yellow")),
        (Kind.LAYERS, ("image layers", "12", "blue")),
        (Kind.SAVING, ("proven saving", "−30.0 MB (−25.0 %)", "orange")),
    ],
)
def test_what_badges_say(kind: Kind, expected: tuple[str, str, str]) -> None:
    assert expected == told(kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_unknown_is_grey_and_not_zero(kind: Kind) -> None:
    nothing = badge(kind, Figures(status=Status.UNKNOWN))
    assert ("unknown", Color.LIGHTGREY) == (nothing.message, nothing.color)


@pytest.mark.parametrize(
    ("status", "color"),
    [(Status.PASS, "brightgreen"), (Status.WARN, "yellow"), (Status.FAIL, "red"), (Status.UNKNOWN, "lightgrey")],
)
def test_a_size_has_the_colour_of_its_budget(status: Status, color: str) -> None:
    assert color == told(Kind.SIZE, limited=True, status=status)[2]


def test_a_change_is_green_unless_the_image_grew_and_red_over_budget() -> None:
    assert ("−20.0 MB (−16.7 %)", "brightgreen") == told(Kind.CHANGE, size=100_000_000, before=120_000_000)[1:]
    assert ("no change", "brightgreen") == told(Kind.CHANGE, size=7, before=7)[1:]
    assert ("+7 B", "yellow") == told(Kind.CHANGE, size=7, before=0)[1:]
    assert "red" == told(Kind.CHANGE, status=Status.FAIL)[2]


def test_nothing_to_save_is_told_only_where_it_was_looked_for() -> None:
    assert ("none found", "brightgreen") == told(Kind.SAVING, saving=0)[1:]
    assert ("unknown", "lightgrey") == told(Kind.SAVING, saving=None)[1:]


def test_several_images_are_summed_and_unknown_if_one_is() -> None:
    two = figures(report(image("api", 1), image("worker", 2)))
    assert ("size of 2 images", "200.0 MB") == (badge(Kind.SIZE, two).label, badge(Kind.SIZE, two).message)
    assert "unknown" == badge(Kind.SIZE, figures(report(image("api", 1), unbuilt("worker")))).message


def test_a_label_of_ones_own_stands_in_place_of_ours_and_may_be_empty() -> None:
    assert "weight" == badge(Kind.SIZE, MEASURED, "weight").label
    assert "" == badge(Kind.SIZE, MEASURED, "").label


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("kind", list(Kind))
def test_a_document_has_what_shields_needs_and_nothing_that_it_refuses(name: str, kind: Kind) -> None:
    document = json.loads(json.dumps(endpoint(badge(kind, figures(scene(name))))))
    assert _KEYS >= document.keys()
    assert 1 == document["schemaVersion"]
    assert all(isinstance(document[key], str) and document[key] for key in ("label", "message"))


@given(st.text(), st.text(), st.sampled_from(Style))
def test_a_badge_of_any_text_is_well_formed_and_says_it(label: str, message: str, style: Style) -> None:
    made = Badge(label=label, message=f"1{message}", color=Color.BLUE)
    root = ET.fromstring(svg(made, style))  # noqa: S314 - ours
    assert {"svg", "title", "filter", "feGaussianBlur", "linearGradient", "stop", "clipPath", "rect", "g", "text"} >= {
        each.tag.rpartition("}")[2] for each in root.iter()
    }
    shown = {text.upper() if style is Style.FOR_THE_BADGE else text for text in (made.label, made.message)}
    assert shown - {""} == {each.text for each in root.iter("{http://www.w3.org/2000/svg}text")}
    assert 0 < float(root.attrib["width"]) < 5000


def test_an_empty_message_is_refused_as_shields_refuses_it() -> None:
    with pytest.raises(ValueError, match="message"):
        Badge(label="size", message=" \u200b ", color=Color.BLUE)


def test_a_letter_that_no_table_knows_is_as_wide_as_an_m() -> None:
    assert width("m", Font.NORMAL_11) == width("\U0001f433", Font.NORMAL_11) > width("i", Font.NORMAL_11)
