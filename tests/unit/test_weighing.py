"""Whole images, from tar bytes to the report: sums that hold for any image, and names that do no harm in any output."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from tests.support.archives import Recipe, Step, archive, docker_archive, oci_layout, recipe
from tests.support.layers import Item, file, tar
from tests.support.strategies import layers
from tests.support.weigh import NoCache, indexed, no_engine
from weighbridge import pipeline
from weighbridge.core import rendering, wire
from weighbridge.core.compare import compare
from weighbridge.core.filediff import diff_trees
from weighbridge.core.rollup import roll_up
from weighbridge.dockerfile.lines import attribute
from weighbridge.model.change import Change
from weighbridge.model.report import WeighedImage
from weighbridge.naming import ImageName, Transport, parse_image_name
from weighbridge.pipeline import Limits
from weighbridge.reading.config import description
from weighbridge.reading.image import assemble
from weighbridge.weighing import Scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from weighbridge.model.image import Image
    from weighbridge.model.report import Report

unhurried = settings(deadline=None)
SCHEMA = Draft202012Validator(json.loads(wire.report_schema()))

_instructions = st.sampled_from(
    ["RUN make", "RUN apt-get install -y gcc", "RUN apt-get install -y gcc git", "COPY . /", "RUN chown -R 1 /a", ""]
)
_steps = st.builds(Step, created_by=_instructions, layer=layers().map(tar))
recipes = st.lists(_steps, max_size=4).map(lambda steps: Recipe(steps=tuple(steps), tags=("app:1",)))


def weighed(made: Recipe) -> Image:
    """The image, all but the archive around it."""
    found = description(
        made.configuration(), reference="app:1", image_id="sha256:0", packed_sizes=(None,) * len(made.layers)
    )
    indexes = {each: indexed(data) for each, data in zip(made.diff_ids, made.layers, strict=True)}
    return assemble(found, indexes, attribute(found, None, None))


class Ready:
    """Stands in for a Scale whose images are read already."""

    def __init__(self, *images: Image) -> None:
        self._images = images

    @contextmanager
    def named_images(self, names: Sequence[ImageName]) -> Iterator[tuple[Image, ...]]:
        """See Scale."""
        yield self._images[: len(names)]


def compared(base: Image, head: Image) -> Report:
    """The report of `weighbridge compare`."""
    names = (ImageName(text=text, transport=Transport.DAEMON, reference=text) for text in ("base:1", "head:1"))
    return pipeline.compare_images(next(names), next(names), cast(Scale, Ready(base, head)), Limits())


@unhurried
@given(recipes)
def test_an_image_does_not_differ_from_itself(made: Recipe) -> None:
    diff = compare(weighed(made), weighed(made))

    assert (0, 0, 0) == (diff.size, diff.packed.size, diff.wasted)
    assert ((), (), (), ()) == (diff.causes, diff.layers, diff.files, diff.packages)


@unhurried
@given(recipes, recipes)
def test_all_sums_add_up_to_the_difference(one: Recipe, other: Recipe) -> None:
    base, head = weighed(one), weighed(other)

    diff = compare(base, head)

    assert sum(layer.size for layer in head.layers) - sum(layer.size for layer in base.layers) == diff.size
    assert diff.size == sum(cause.delta for cause in diff.causes)
    assert diff.size == sum(layer.delta for layer in diff.layers)
    assert head.tree.size - base.tree.size == sum(row.delta for row in diff.files) == diff.size - diff.wasted
    assert head.waste.total - base.waste.total == diff.wasted
    assert [] == [cause for cause in diff.causes if not cause.phrase.strip() or not cause.phrase.isprintable()]


@unhurried
@given(recipes, recipes)
def test_comparing_backwards_turns_every_sign(one: Recipe, other: Recipe) -> None:
    base, head = weighed(one), weighed(other)

    there, back = compare(base, head), compare(head, base)

    assert (-there.size, -there.packed.size, -there.wasted) == (back.size, back.packed.size, back.wasted)
    assert sorted((row.path, -row.delta, row.files) for row in there.files) == sorted(
        (row.path, row.delta, row.files) for row in back.files
    )
    turned = {Change.ADDED: Change.REMOVED, Change.REMOVED: Change.ADDED}
    assert sorted((row.path, turned.get(row.change, row.change)) for row in there.files) == sorted(
        (row.path, row.change) for row in back.files
    )


@unhurried
@given(recipes, recipes, st.sampled_from([2, 3, 200]))
def test_every_changed_file_is_in_exactly_one_row(one: Recipe, other: Recipe, limit: int) -> None:
    diff = diff_trees(weighed(one).tree, weighed(other).tree)

    rows = roll_up(diff, limit)

    assert len(diff.changes) == sum(row.files for row in rows)
    assert len(rows) <= limit
    whole = [row.path for row in rows if row.directory and row.change is not Change.CHANGED]
    assert [] == [row.path for row in rows for path in whole if row.path.startswith(f"{path}/")]


@settings(deadline=None, max_examples=50)
@given(recipes, recipes)
def test_a_report_comes_back_from_json_as_it_was(one: Recipe, other: Recipe) -> None:
    report = compared(weighed(one), weighed(other))

    text = wire.dump(report)

    assert report == wire.load(text)
    SCHEMA.validate(json.loads(text))


@settings(deadline=None, max_examples=50)
@given(recipes)
def test_what_a_report_lists_adds_up_to_what_it_says(made: Recipe) -> None:
    report = compared(weighed(made), weighed(made))

    head = report.images[0].head
    assert isinstance(head, WeighedImage)
    assert head.size == sum(layer.size for layer in head.layers)
    assert head.size - head.wasted == head.tree.size
    assert head.wasted == sum(row.size for row in head.wasted_paths)


NASTY = [
    "new\nline", "esc\x1b[31mred\x1b[0m", "bell\x07", "caf\udce9", "\udcff\udcfe", "pi|pe", "`tick`", "@mention",
    "<b>html</b>", "<!-- comment", "-->", "[link](x)", "rtl\u202eoverride", "sep\u2028arator", "nul\u2400", "a" * 255,
    " lead", "trail ", "''", '"quoted"', "&amp;", "$(cmd)", "%0A::error::", "::set-output name=x::y", "\U0001f4a9",
    "con\u0301", "</script>",
]  # fmt: skip


def nasty_image() -> Recipe:
    """Every name, text and number of an image that a stranger chooses, chosen badly."""
    everywhere = "".join(NASTY)
    names = [name.encode("utf-8", "surrogateescape") for name in NASTY]
    stanzas = "\n\n".join(f"Package: {name}\nVersion: {name}" for name in NASTY)
    manifests = [json.dumps({"name": name, "version": name}).encode() for name in NASTY]
    items = [
        *(Item(name=name + b"/" + other, content=name * 2000) for name in names for other in names[::6]),
        *(Item(name=b"l" + name, typeflag=b"2", link=name) for name in names),
        file("var/lib/dpkg/status", stanzas.encode("utf-8", "replace")),
        *(file(f"node_modules/p{number}/package.json", text) for number, text in enumerate(manifests)),
    ]
    gone = tar(Item(name=b".wh." + name) for name in names[::3])
    config = {
        "Env": NASTY, "Cmd": NASTY, "Entrypoint": [everywhere], "Labels": dict.fromkeys(NASTY, everywhere),
        "User": "\x1b", "WorkingDir": everywhere, "Volumes": {name: {} for name in NASTY},
        "ExposedPorts": {name: {} for name in NASTY},
    }  # fmt: skip
    instructions = (f"COPY {everywhere}", "\x1b[31m", "", f"RUN apt-get install {everywhere}")
    steps = [
        Step(created_by=f"RUN {everywhere}", layer=tar(items)),
        *(Step(created_by=instruction, layer=gone) for instruction in instructions),
    ]
    return Recipe(steps=tuple(steps), tags=tuple(NASTY), config={"config": config})


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report on such an image beside a decent one."""
    path = tmp_path_factory.mktemp("nasty")
    scale = Scale(engine=no_engine, cache=NoCache(), progress=lambda _what, _count: None)
    base = archive(oci_layout(recipe("tag a:1\nRUN make\n    usr/bin/app 5000")), path / "base.tar")
    head = archive(docker_archive(nasty_image()), path / "head.tar")
    base_name, head_name = (parse_image_name(f"docker-archive:{each}") for each in (base, head))
    return pipeline.compare_images(base_name, head_name, scale, Limits())


def test_a_report_on_any_names_is_valid_and_comes_back(nasty: Report) -> None:
    text = wire.dump(nasty)

    assert nasty == wire.load(text.encode())
    SCHEMA.validate(json.loads(text))
    assert wire.dump_image(nasty.images[0]).encode()


def test_no_name_reaches_a_terminal_as_more_than_its_letters(nasty: Report) -> None:
    text = rendering.render_text(nasty, color=False, width=100)

    assert [] == [character for character in set(text) - {"\n"} if not character.isprintable()]


def test_no_name_becomes_markup(nasty: Report) -> None:
    summary = MarkdownIt("commonmark", {"html": True}).enable("table").render(rendering.render_summary(nasty))

    for page in (summary, rendering.render_html(nasty)):
        assert page.encode()
        assert [] == [text for text in ("<b>html</b>", "<!-- comment", 'href="x"', "\x1b", "\u202e") if text in page]


def test_only_names_that_can_be_references_name_an_image(tmp_path: Path) -> None:
    path = archive(
        docker_archive(replace(nasty_image(), tags=("a\nb", "\x1b[31m", "x" * 2000, "good:1"))), tmp_path / "a"
    )
    scale = Scale(engine=no_engine, cache=NoCache(), progress=lambda _what, _count: None)

    with scale.named_images([parse_image_name(f"docker-archive:{path}")]) as (image,):
        pass

    assert "good:1" == image.reference
