"""When a record stands for a base, and how a report says that it did."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.records import RECIPE, commit, record
from tests.support.reports import BASE, image, report
from weighbridge.baselines import UNREAD
from weighbridge.core import wire
from weighbridge.core.history.baseline import usable
from weighbridge.core.rendering import render_html, render_markdown, render_text
from weighbridge.core.trim import LEVELS, trim
from weighbridge.model.image import ImageConfig
from weighbridge.model.report import NO_TREE, ImageReport, WeighedImage


def recorded(made: ImageReport) -> ImageReport:
    assert isinstance(made.base, WeighedImage)
    return replace(made, base=replace(made.base, recorded=True))


def test_a_report_says_which_bases_were_not_built_again() -> None:
    said = f"as recorded at `{BASE[:7]}`, not built again"

    for render in (render_text, render_markdown):
        assert f"base {said}" in render(report(recorded(image())))
        assert f"base of app {said}" in render(report(recorded(image()), image("db")))
        assert "as recorded" not in render(report(image()))
    assert "as recorded" not in render_text(report(recorded(image()), base=None))
    assert f"main ({BASE[:7]}), as recorded" in render_html(report(recorded(image())))
    assert f"main ({BASE[:7]}), partly as recorded" in render_html(report(recorded(image()), image("db")))
    assert "as recorded" not in render_html(report(image()))


def test_it_survives_in_json_and_in_a_comment_and_old_reports_have_none() -> None:
    made = report(recorded(image()))

    assert made == wire.load(wire.dump(made))
    for level in LEVELS:
        base = trim(made, level).images[0].base
        assert isinstance(base, WeighedImage)
        assert base.recorded
    old = wire.dump(report(image())).replace('"recorded": false,', "").replace(',\n        "recorded": false', "")
    assert "recorded" not in old
    assert report(image()) == wire.load(old)


def test_what_a_record_cannot_tell_is_said_and_left_out_of_json() -> None:
    made = recorded(image())
    assert isinstance(made.base, WeighedImage)
    assert made.diff is not None
    side = replace(
        made.base,
        id="",
        config=ImageConfig(),
        packages=(),
        largest_files=(),
        wasted_paths=(),
        duplicates=(),
        tree=NO_TREE,
        weights_only=True,
    )
    unread = report(replace(made, base=side, diff=replace(made.diff, files=(), packages=(), unread=UNREAD)))

    for render in (render_text, render_markdown, render_html):
        assert "a record holds weights, not files, so only layers are compared" in render(unread)
    assert "only layers are compared" not in render_html(report(made))
    assert unread == wire.load(wire.dump(unread))
    (told,) = json.loads(wire.dump(unread))["images"]
    assert [None, None, None, None] == [told["base"][key] for key in ("id", "config", "packages", "tree")]
    assert ("record", UNREAD.reason) == (told["diff"]["unread"]["stage"], told["diff"]["unread"]["reason"])


def test_a_record_is_usable_for_its_commit_image_and_recipe() -> None:
    records = [
        record(0),
        record(0, platform="linux/arm64"),
        record(1),
        record(0, image="db"),
        record(0, recipe=None),
        record(0, recipe="f" * 16),
        record(0, layers=()),
    ]

    assert tuple(records[:2]) == usable(records, commit=commit(0), image="app", recipe=RECIPE)


@pytest.mark.parametrize("recipe", ["", "0" * 16])
def test_no_recipe_is_like_another(recipe: str) -> None:
    assert () == usable([record(0), record(0, recipe=None)], commit=commit(0), image="app", recipe=recipe)
