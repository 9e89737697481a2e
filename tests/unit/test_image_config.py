"""An image's configuration: a stranger's text, taken within bounds and as valid Unicode, or refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.errors import MalformedImage
from weighbridge.model.image import HistoryEntry, ImageConfig, ImageDescription
from weighbridge.reading.config import description, image_config, platform_of

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def read(raw: object, layers: int = 0) -> ImageDescription:
    """The description of an image whose manifest names so many layers."""
    return description(raw, reference="app:1", image_id="sha256:0", packed_sizes=(None,) * layers)


def refused(raw: object, layers: int = 0) -> str:
    """The message, one line that can be printed."""
    with pytest.raises(MalformedImage) as caught:
        read(raw, layers)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_everything_that_decides_how_a_container_behaves_is_taken() -> None:
    raw = {
        "Entrypoint": ["/app"], "Cmd": ["run"], "Env": ["A=b"], "ExposedPorts": {"80/tcp": {}, "443/tcp": {}},
        "User": "1:2", "WorkingDir": "/srv", "Volumes": {"/b": {}, "/a": {}}, "Labels": {"b": "2", "a": "1"},
        "StopSignal": "SIGINT", "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5},
        "OnBuild": ["COPY . /app"],
    }  # fmt: skip

    assert ImageConfig(
        entrypoint=("/app",), command=("run",), environment=("A=b",), exposed_ports=("443/tcp", "80/tcp"), user="1:2",
        working_directory="/srv", volumes=("/a", "/b"), labels=(("a", "1"), ("b", "2")), stop_signal="SIGINT",
        health_check=("CMD", "true"), on_build=("COPY . /app",),
    ) == image_config(raw)  # fmt: skip


def test_what_is_missing_or_null_is_empty() -> None:
    keys = [
        "Entrypoint",
        "Cmd",
        "Env",
        "ExposedPorts",
        "User",
        "WorkingDir",
        "Volumes",
        "Labels",
        "StopSignal",
        "Healthcheck",
        "OnBuild",
    ]

    assert ImageConfig() == image_config({}) == image_config(dict.fromkeys(keys))


def test_layers_history_and_platform_are_taken() -> None:
    found = read(
        {
            "os": "linux", "architecture": "arm64", "variant": "v8",
            "rootfs": {"type": "layers", "diff_ids": [ONE, TWO]},
            "history": [{"created_by": "a", "comment": "c"}, {"created_by": "b", "empty_layer": True}, {}, "nonsense"],
        },
        layers=2,
    )  # fmt: skip

    assert ("linux/arm64/v8", (ONE, TWO)) == (found.platform, found.diff_ids)
    assert (
        HistoryEntry(created_by="a", empty=False, comment="c"),
        HistoryEntry(created_by="b", empty=True),
        HistoryEntry(created_by="", empty=False),
    ) == found.history


def test_a_platform_that_nothing_tells_is_unknown() -> None:
    assert ["unknown", "linux", "linux/amd64"] == [
        platform_of(raw) for raw in ({}, {"os": "linux", "variant": None}, {"os": "linux", "architecture": "amd64"})
    ]


@pytest.mark.parametrize("raw", [None, [], 5, "{}"])
def test_a_configuration_that_is_no_object_is_refused(raw: object) -> None:
    assert "is not a JSON object" in refused(raw)


@pytest.mark.parametrize(
    ("diff_ids", "layers"), [([], 1), ([ONE], 0), ([ONE], 2), (None, 1), ("sha256", 1), ({ONE: 1}, 1), ([ONE, TWO], 1)]
)
def test_as_many_layers_as_the_manifest_names_are_needed(diff_ids: object, layers: int) -> None:
    message = refused({"rootfs": {"diff_ids": diff_ids}}, layers)

    assert f"layers, its manifest {layers}" in message


@pytest.mark.parametrize(
    "diff_id",
    [
        "",
        "sha256:",
        "sha256:xyz",
        ONE.upper(),
        f"{ONE}0",
        f"{ONE}\n",
        "sha512:" + "0" * 128,
        None,
        5,
        [ONE],
        "\x1b[31m",
    ],
)
def test_what_is_no_diff_id_is_refused(diff_id: object) -> None:
    assert "which is not a SHA-256 diff ID" in refused({"rootfs": {"diff_ids": [diff_id]}}, 1)


def test_more_layers_than_an_image_can_have_are_refused() -> None:
    assert 1000 == len(read({"rootfs": {"diff_ids": [ONE] * 1000}}, 1000).diff_ids)
    assert "more than the 1,000 that are read" in refused({"rootfs": {"diff_ids": [ONE] * 1001}}, 1001)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("User", "x" * 301), ("StopSignal", "x" * 301), ("ExposedPorts", {"x" * 301: {}}),
        ("WorkingDir", "x" * 200_000), ("Env", ["x" * 200_000]), ("Cmd", ["x"] * 5001),
        ("Labels", {str(number): "" for number in range(5001)}),
        ("Labels", {"x" * 200_000: ""}), ("Labels", {"x": "y" * 200_000}), ("Volumes", {"x" * 200_000: {}}),
        ("Healthcheck", {"Test": ["x" * 200_000]}), ("User", {"nested": "x" * 400}), ("Env", [["x" * 200_000]]),
    ],
)  # fmt: skip
def test_values_beyond_any_use_are_refused(key: str, value: object) -> None:
    assert "its configuration holds a" in refused({"config": {key: value}})


def test_names_of_platforms_beyond_any_use_are_refused() -> None:
    assert "more than 300 characters" in refused({"os": "x" * 301})


@pytest.mark.parametrize("name", ["a b", "\x1b[31m", "a\nb", "é", "a/b", "|", "<b>", ["linux"], {"a": 1}])
def test_what_is_no_name_of_a_platform_is_refused(name: object) -> None:
    for key in ("os", "architecture", "variant"):
        assert "as its platform" in refused({key: name})


def test_a_history_of_any_length_is_cut() -> None:
    found = read({"history": [{"created_by": "x" * 100_000, "comment": "y" * 100_000}] * 20_000})

    assert (10_000, 16_384, 16_384) == (
        len(found.history), len(found.history[0].created_by), len(found.history[0].comment),
    )  # fmt: skip


def test_halves_of_surrogate_pairs_become_question_marks() -> None:
    found = read({"config": {"User": "a\ud800", "Env": ["b\udfff"]}, "history": [{"created_by": "c\udc80"}]})

    assert ("a?", ("b?",), "c?") == (found.config.user, found.config.environment, found.history[0].created_by)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(ONE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_keys = st.sampled_from(
    [
        "os",
        "architecture",
        "variant",
        "config",
        "rootfs",
        "history",
        "Env",
        "Labels",
        "Healthcheck",
        "OnBuild",
        "diff_ids",
        "Volumes",
    ]
)


@settings(deadline=None)
@given(
    st.dictionaries(_keys, st.dictionaries(_keys, _json, max_size=4) | _json | st.lists(_json, max_size=3), max_size=6)
)
def test_any_json_is_taken_or_refused(raw: dict[str, Any]) -> None:
    try:
        found = read(raw)
    except MalformedImage as error:
        assert str(error).isprintable()
    else:
        assert repr(found).encode()
