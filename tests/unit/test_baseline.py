"""What a record tells of a base that is not built again, and when it would not be fair."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_engine import FakeLayerCache
from tests.support.models import Step, base_step, image, step
from tests.support.records import record
from weighbridge.baselines import StandIn, stand_in
from weighbridge.core.history.baseline import counterparts, layers_of, unfair
from weighbridge.core.history.make import created, short_id
from weighbridge.dockerfile.parse import parse
from weighbridge.model.build import BuildSpec
from weighbridge.model.files import LayerIndex
from weighbridge.model.record import Record, RecordedLayer

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.model.image import Image

MB = 1_000_000
ROOT = base_step({"bin/sh": 10 * MB})
INSTALL = (
    "RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates curl git less openssh-client"
)
SPEC = BuildSpec(name="app")


def built(*steps: Step, base_name: str | None = "debian:12-slim") -> Image:
    made = image(*steps, base_name=base_name)
    ids = [f"sha256:{hashlib.sha256(layer.diff_id.encode()).hexdigest()}" for layer in made.layers]
    layers = tuple(replace(layer, diff_id=own) for layer, own in zip(made.layers, ids, strict=True))
    return replace(made, layers=layers)


def of(made: Image) -> Record:
    """What is recorded of it."""
    layers = tuple(
        RecordedLayer(
            id=short_id(layer.diff_id),
            size=layer.size,
            packed=layer.packed,
            created_by=created(layer.created_by),
            from_base=layer.from_base,
        )
        for layer in made.layers
    )
    return record(size=made.size, wasted=made.waste.total, layers=layers, base_name=made.base_name)


def reason(before: Image, after: Image) -> str:
    recorded = of(before)
    return unfair(recorded, layers_of(recorded, None, SPEC), after)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([ROOT, step("RUN a", {"a": MB}), step("COPY . .", {"b": MB})], ""),
        ([ROOT, step("RUN a", {"a": MB}, content="later"), step("COPY . .", {"b": MB})], ""),
        ([ROOT, step("RUN a", {"a": 2 * MB}), step("COPY . .", {"b": MB})], "`a` comes out at another size"),
        ([ROOT, step("RUN a --more", {"a": 2 * MB}), step("COPY . .", {"b": MB})], ""),
        ([ROOT, step("RUN new", {"n": 1}), step("RUN a", {"a": 2 * MB}), step("COPY . .", {"b": MB})], ""),
        ([ROOT, step("RUN a", {"a": MB}), step("COPY . .", {"b": 9 * MB})], ""),
        ([base_step({"bin/sh": MB}), step("RUN a", {"a": MB})], "`debian:12-slim` has moved since it was recorded"),
    ],
)
def test_nobody_is_blamed_for_what_happened_by_itself(after: list[Step], expected: str) -> None:
    before = built(ROOT, step("RUN a", {"a": MB}), step("COPY . .", {"b": MB}))

    told = reason(before, built(*after))

    assert told.startswith(expected)
    assert bool(expected) == bool(told)


def test_another_base_image_is_the_heads_doing_but_one_that_nobody_knows_is_not() -> None:
    before, after = [ROOT], [base_step({"bin/sh": 30 * MB})]

    assert "" == reason(built(*before), built(*after, base_name="debian:12"))
    assert "the base image has moved" in reason(built(*before, base_name=None), built(*after, base_name=None))


def test_what_follows_a_copy_may_follow_from_it() -> None:
    before = built(ROOT, step("COPY package.json .", {"p": 5}), step("RUN npm ci", {"n": MB}))
    after = built(ROOT, step("COPY package.json .", {"p": 5}, content="1.2.4"), step("RUN npm ci", {"n": 2 * MB}))

    assert "" == reason(before, after)


def test_an_instruction_is_known_in_full_and_with_its_line_from_the_dockerfile() -> None:
    text = f"FROM debian:12-slim\nENV A=1\n{INSTALL}\nWORKDIR /srv\nCOPY . .\nCMD ['x']\n"
    recorded = of(built(ROOT, step(INSTALL, {"a": MB}), step("COPY . .", {"b": MB})))
    assert recorded.layers[1].created_by.endswith("…")

    layers = layers_of(recorded, parse(text, "Dockerfile"), SPEC)

    assert [None, "Dockerfile:3", "Dockerfile:5"] == [layer.line and str(layer.line) for layer in layers]
    assert INSTALL == layers[1].created_by


def test_a_dockerfile_that_says_something_else_tells_nothing() -> None:
    recorded = of(built(ROOT, step(INSTALL, {"a": MB}), step("COPY . .", {"b": MB})))

    layers = layers_of(recorded, parse("FROM debian:12-slim\nRUN other\nCOPY . .\n", "Dockerfile"), SPEC)

    assert [None, None, "Dockerfile:3"] == [layer.line and str(layer.line) for layer in layers]
    assert created(INSTALL) == layers[1].created_by


def test_an_edit_behind_what_is_kept_of_an_instruction_is_seen() -> None:
    recorded = of(built(ROOT, step(INSTALL, {"a": MB})))
    head = built(ROOT, step(f"{INSTALL} zsh", {"a": MB}, content="zsh"))

    layers = layers_of(recorded, parse(f"FROM debian:12-slim\n{INSTALL}\n", "Dockerfile"), SPEC)

    assert {0: 0} == counterparts(layers, head)


def test_layers_are_the_same_by_content_or_by_instruction_and_weight() -> None:
    before = built(ROOT, step("RUN a", {"a": MB}), step("RUN b", {"b": MB}), step("RUN c", {"c": MB}))
    after = built(ROOT, step("RUN b", {"b": MB}), step("RUN a", {"a": MB}, content="later"), step("RUN c", {"c": 7}))

    assert {0: 0, 1: 2, 2: 1} == counterparts(layers_of(of(before), None, SPEC), after)


@pytest.mark.parametrize(("wasted", "unread"), [(0, frozenset()), (7, frozenset({1}))])
def test_what_the_recorded_waste_contradicts_is_not_taken_for_the_same(
    tmp_path: Path, wasted: int, unread: frozenset[int]
) -> None:
    before = built(ROOT, step("RUN a", {"a": MB}))
    after = built(ROOT, step("RUN a", {"a": MB}, content="later"), step("RUN c", {"c": MB}))
    cache = FakeLayerCache()
    for layer in after.layers:
        cache.put(LayerIndex(diff_id=layer.diff_id, size=layer.size, packed_estimate=1, entries=()))

    base = stand_in(replace(of(before), wasted=wasted), after, tmp_path, SPEC, cache)

    assert isinstance(base, StandIn)
    assert (11 * MB, wasted, unread) == (base.image.size, base.image.waste.total, base.unread)


def test_without_anything_at_hand_there_are_weights(tmp_path: Path) -> None:
    before, after = built(ROOT, step("RUN a", {"a": MB})), built(ROOT, step("RUN b", {"b": MB}))

    base = stand_in(of(before), after, tmp_path, SPEC, FakeLayerCache())

    assert isinstance(base, StandIn)
    assert (11 * MB, frozenset({0, 1})) == (base.image.size, base.unread)
