"""BuildKit's provenance: which step made which layer, and nothing from what only looks like one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.dockerfile.provenance import base_digest, parse_provenance
from weighbridge.model.build import Provenance

if TYPE_CHECKING:
    from collections.abc import Sequence


Json = dict[str, Any]
INSIDE = "https://mobyproject.org/buildkit@v1#metadata"


def chain(*digests: str) -> list[list[Json]]:
    """A step's output: its one result, the layers up to it."""
    return [[{"mediaType": "application/vnd.docker.image.rootfs.diff.tar", "digest": each} for each in digests]]


def at(*lines: int) -> Json:
    """A step's place in the Dockerfile."""
    return {"locations": [{"ranges": [{"start": {"line": line}, "end": {"line": line}} for line in lines]}]}


def step(number: int, *inputs: str, image: str | None = None) -> Json:
    """A step of the build; `image` is what FROM names."""
    source = {"source": {"identifier": f"docker-image://{image}"}} if image else {"exec": {}}
    return {"id": f"step{number}", "op": {"Op": source}, "inputs": list(inputs)}


def metadata(steps: Sequence[object], layers: Json, locations: Json, materials: object = ()) -> Json:
    """What buildx writes beside the image."""
    inside = {"source": {"locations": locations, "infos": []}, "layers": layers}
    return {
        "buildx.build.provenance": {
            "buildConfig": {"llbDefinition": steps},
            "materials": materials,
            "metadata": {INSIDE: inside},
        }
    }


# As BuildKit writes a build of two stages: FROM go (1), RUN (2), FROM busybox (4), RUN over two lines (5-6), COPY (7).
STEPS = [
    step(0, image="docker.io/library/busybox:1.36"),
    step(1, "step0:0"),
    step(2, image="docker.io/library/golang:1"),
    step(3, "step2:0"),
    step(4, "step1:0", "step3:0"),
    step(5, "step4:0"),
]
LAYERS = {
    "step0:0": chain("b"),
    "step1:0": chain("b", "run"),
    "step2:0": chain("g1", "g2"),
    "step3:0": chain("g1", "g2", "build"),
    "step4:0": chain("b", "run", "copy"),
}
LOCATIONS = {"step0": at(4), "step1": at(5, 6), "step2": at(1), "step3": at(2), "step4": at(7)}


def told(found: Provenance | None) -> list[tuple[str, str | None, bool]]:
    """Digest, line, and whether FROM brought it."""
    assert found is not None
    return [(each.digest, None if each.line is None else str(each.line), each.from_base) for each in found.layers]


def test_every_layer_has_the_lines_of_the_step_that_made_it() -> None:
    found = parse_provenance(metadata(STEPS, LAYERS, LOCATIONS), "sub/Dockerfile")

    assert [
        ("b", None, True), ("run", "sub/Dockerfile:5-6", False), ("copy", "sub/Dockerfile:7", False),
    ] == told(found)  # fmt: skip


def test_a_step_that_changed_nothing_does_not_take_the_layer_of_the_one_before() -> None:
    steps = [step(0, image="x"), step(1, "step0:0"), step(2, "step1:0"), step(3, "step2:0")]
    layers = {"step0:0": chain("b"), "step1:0": chain("b", "one"), "step2:0": chain("b", "one")}

    found = parse_provenance(metadata(steps, layers, {"step1": at(2), "step2": at(3)}), "D")

    assert [("b", None, True), ("one", "D:2", False)] == told(found)


def test_a_layer_from_scratch_is_not_the_bases() -> None:
    found = parse_provenance(metadata([step(0), step(1, "step0:0")], {"step0:0": chain("a")}, {"step0": at(2)}), "D")

    assert [("a", "D:2", False)] == told(found)


def test_a_step_without_a_place_leaves_the_line_open() -> None:
    found = parse_provenance(metadata(STEPS, LAYERS, {"step4": at(7), "step1": {}}), "D")

    assert [("b", None, True), ("run", None, False), ("copy", "D:7", False)] == told(found)


def test_the_images_that_were_used_are_its_materials() -> None:
    materials = [
        {"uri": "pkg:docker/busybox@1.36?platform=linux%2Famd64", "digest": {"sha256": "00"}},
        {"uri": "no digest"},
        "nonsense",
        {"uri": 5, "digest": {"sha256": "00"}},
    ]

    found = parse_provenance(metadata(STEPS, LAYERS, LOCATIONS, materials), "D")

    assert found is not None
    assert (("pkg:docker/busybox@1.36?platform=linux%2Famd64", "sha256:00"),) == found.materials


@pytest.mark.parametrize(
    "value",
    [
        None, 5, [], {}, {"buildx.build.provenance": None}, {"buildx.build.provenance": {"metadata": {INSIDE: {}}}},
        metadata([], LAYERS, LOCATIONS), metadata(STEPS, {}, LOCATIONS),
        metadata([step(0)] * 20_001, LAYERS, LOCATIONS),
        metadata([*STEPS, step(6, "step9:0")], LAYERS, LOCATIONS),
        metadata(STEPS, {**LAYERS, "step4:0": [["b"]]}, LOCATIONS),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_no_provenance(value: object) -> None:
    assert parse_provenance(value, "D") is None


_keys = st.sampled_from(["id", "op", "Op", "inputs", "step0", "step1:0", "digest", "line"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["step0", "step1:0", "b", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.data())
def test_any_json_is_understood_or_not(data: st.DataObject) -> None:
    """Parts of a real one are replaced, so that the damage is deep inside."""
    steps = [data.draw(_json) if data.draw(st.booleans()) else each for each in STEPS]
    layers = {key: data.draw(_json) if data.draw(st.booleans()) else value for key, value in LAYERS.items()}
    places = {key: data.draw(_json) if data.draw(st.booleans()) else value for key, value in LOCATIONS.items()}

    found = parse_provenance(metadata(steps, layers, places, data.draw(_json)), "D")

    assert found is None or all(each.line is None or each.line.start >= 1 for each in found.layers)


@pytest.mark.parametrize(
    ("base_name", "digest"),
    [
        ("debian:12-slim", "sha256:01"),
        ("docker.io/library/debian:12-slim", "sha256:01"),
        ("index.docker.io/debian:12-slim", "sha256:01"),
        ("golang", "sha256:02"),
        ("ghcr.io/octocat/base:1", "sha256:03"),
        ("localhost:5000/base:1", "sha256:04"),
        ("debian:12", None),
        ("octocat/debian:12-slim", None),
        ("debian:12-slim@sha256:ff", "sha256:ff"),
        (None, None),
    ],
)
def test_the_digest_of_froms_image_is_that_of_the_material_of_its_name(
    base_name: str | None, digest: str | None
) -> None:
    materials = (
        ("pkg:docker/debian@12-slim?platform=linux%2Famd64", "sha256:01"),
        ("pkg:docker/golang@latest?platform=linux%2Famd64", "sha256:02"),
        ("pkg:docker/ghcr.io/octocat/base@1", "sha256:03"),
        ("pkg:docker/localhost%3A5000/base@1", "sha256:04"),
        ("pkg:github/octocat/debian@12-slim", "sha256:05"),
    )

    assert digest == base_digest(Provenance(layers=(), materials=materials), base_name)


def test_without_provenance_only_a_pinned_name_tells_the_digest() -> None:
    assert base_digest(None, "debian:12") is None
    assert "sha256:ff" == base_digest(None, "debian@sha256:ff")
