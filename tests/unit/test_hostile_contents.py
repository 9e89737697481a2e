"""What archives hold, made to do harm: JSON without end, bombs, contradictions, each told in one line."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.support.archives import (
    MANIFEST,
    Parts,
    Recipe,
    Step,
    add_blob,
    add_image,
    add_index,
    archive,
    blob_name,
    digest,
    docker_archive,
    dumps,
    layout_of,
    oci_layout,
    recipe,
)
from tests.support.layers import file, header, tar
from tests.support.refusals import APP, of_config, refused, refused_parts, text
from tests.support.weigh import weigh
from weighbridge.cli import app
from weighbridge.errors import WeighbridgeError
from weighbridge.reading import allowance, blobs, manifests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that could be left behind would be left here."""
    for name in ("tmp", "cache", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


JSONS = [
    b"", b"null", b"5", b'"x"', b"[]", b"{}", b"[5]", b"[[]]", b"[{}]", b"{", b"\xff\xfe", b"\0", b"[" * 200_000,
    b'{"a":' * 200_000, b'[{"Config":5,"Layers":[]}]', b'[{"Config":"a","Layers":[5]}]',
    b'[{"Config":"a","Layers":{}}]',
    b'{"manifests":5}', b'{"manifests":[5]}', b'{"manifests":[{}]}', b'{"manifests":{"digest":"a"}}', b"NaN",
    b"1" * 10_000, b'{"manifests":[{"digest":"sha256:00","size":"x"}]}',
]  # fmt: skip


@pytest.mark.parametrize("content", JSONS)
def test_manifests_and_indexes_that_are_none_are_refused(content: bytes, tmp_path: Path) -> None:
    parts = docker_archive(APP)
    without = {name: part for name, part in parts.items() if name != "manifest.json"}

    assert refused_parts({**parts, "manifest.json": content}, tmp_path / "1")
    assert refused_parts({**without, "index.json": content}, tmp_path / "2")


@pytest.mark.parametrize("content", JSONS)
def test_manifests_and_configurations_behind_a_digest_that_are_none_are_refused(content: bytes, tmp_path: Path) -> None:
    stored: dict[str, bytes] = {}
    bad_manifest = add_blob(stored, content, MANIFEST)
    config = add_blob(stored, content, "application/vnd.oci.image.config.v1+json")
    bad_config = add_blob(stored, dumps({"config": config, "layers": []}), MANIFEST)

    assert refused_parts(layout_of(stored, [bad_manifest]), tmp_path / "1")
    if not content.startswith(b"{") or len(content) > 1000 or content == b"{":
        assert refused_parts(layout_of(stored, [bad_config]), tmp_path / "2")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["absent", digest(b"x")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_manifest_keys = [
    "Config",
    "Layers",
    "RepoTags",
    "manifests",
    "config",
    "layers",
    "digest",
    "size",
    "platform",
    "annotations",
]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_json_in_place_of_a_part_of_a_manifest_is_taken_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    parts = dict(data.draw(st.sampled_from([docker_archive(APP), oci_layout(APP)])))
    name = "manifest.json" if "manifest.json" in parts else "index.json"
    value = json.loads(text(parts[name]))
    entry = (value if isinstance(value, list) else value["manifests"])[0]
    entry[data.draw(st.sampled_from(_manifest_keys))] = data.draw(_json)
    try:
        weigh(f"docker-archive:{archive({**parts, name: dumps(value)}, tmp_path / 'a.tar')}")
    except WeighbridgeError as error:
        assert str(error).isprintable()


def test_json_of_any_size_is_refused_unread(tmp_path: Path) -> None:
    big = b"[" + b" " * manifests.MAX_JSON_BYTES + b"]"
    stored: dict[str, bytes] = {}
    layout = layout_of(stored, [add_blob(stored, big, MANIFEST)])
    layout.update(stored)

    assert "has 4,194,306 bytes, more than the 4,194,304 that are read" in refused_parts(
        {**docker_archive(APP), "manifest.json": big}, tmp_path / "1"
    )
    assert "more than the 4,194,304 that are read" in refused_parts(layout, tmp_path / "2")


@pytest.mark.timeout(60)
def test_indexes_that_fan_out_without_end_are_refused(tmp_path: Path) -> None:
    stored: dict[str, bytes] = {}
    entry = add_image(stored, APP, "gzip")
    for _ in range(6):
        entry = add_index(stored, [entry] * 200)

    assert "its indexes name more than 1,000 manifests" in refused_parts(layout_of(stored, [entry]), tmp_path)


def test_an_archive_of_more_images_than_anyone_saves_is_refused(tmp_path: Path) -> None:
    parts = docker_archive(APP)
    entries = json.loads(text(parts["manifest.json"])) * 1001

    assert "it holds more than 1,000 images" in refused_parts({**parts, "manifest.json": dumps(entries)}, tmp_path)


def test_a_manifest_of_more_layers_than_an_image_has_is_refused(tmp_path: Path) -> None:
    parts = docker_archive(APP)
    (entry,) = json.loads(text(parts["manifest.json"]))
    entry["Layers"] = entry["Layers"][:1] * 2000

    assert "its configuration names 2 layers, its manifest 2000" in refused_parts(
        {**parts, "manifest.json": dumps([entry])}, tmp_path
    )


def test_a_configuration_that_contradicts_its_layers_is_refused(tmp_path: Path) -> None:
    for number, diff_ids in enumerate(
        [[], APP.diff_ids[:1], APP.diff_ids * 2, [digest(b"a"), digest(b"b")], ["x", "y"], 5]
    ):
        parts = of_config({"rootfs": {"type": "layers", "diff_ids": diff_ids}})

        assert refused_parts(parts, tmp_path / str(number))


def test_a_history_that_contradicts_the_layers_does_no_harm(tmp_path: Path) -> None:
    histories: list[object] = [
        None, 5, "x", [], [5, None], [{"created_by": 5}], [{"created_by": f"RUN {n}"} for n in range(50)],
        [{"created_by": "RUN a", "empty_layer": True}] * 3,
    ]  # fmt: skip
    for number, history in enumerate(histories):
        path = archive(of_config({"history": history}), tmp_path / f"{number}.tar")

        (image,) = weigh(f"docker-archive:{path}")

        assert [6900, 50] == [made.size for made in image.layers]


def test_an_image_without_layers_may_have_a_history(tmp_path: Path) -> None:
    made = Recipe(steps=(), tags=("a:1",), config={"history": [{"created_by": "RUN a"}]})

    (image,) = weigh(f"docker-archive:{archive(docker_archive(made), tmp_path / 'a.tar')}")

    assert () == image.layers


def with_layer(stored: bytes, plain: bytes) -> Parts:
    """An image of one layer, stored as given and claiming to be the plain one."""
    parts = docker_archive(Recipe(steps=(Step(created_by="RUN x", layer=plain),), tags=("a:1",)))
    name = blob_name(plain)
    return {each: stored if each == name else part for each, part in parts.items()}


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_compressed_layer_that_ends_too_early_is_refused(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    plain = tar([file(f"f{number}", os.urandom(700)) for number in range(30)])
    whole = pack(plain)
    for number, end in enumerate([5, 10, 100, len(whole) // 2, len(whole) - 9, len(whole) - 1]):
        message = refused_parts(with_layer(whole[:end], plain), tmp_path / str(number))

        assert "truncated" in message or "damaged" in message


@pytest.mark.parametrize(
    "stored",
    [
        b"\x1f\x8b", b"\x1f\x8b" + b"\xff" * 600, b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd" + b"\xff" * 600, b"x",
        b"x" * 5000,
        gzip.compress(b"no tar at all" * 100), b'{"a": 5}', gzip.compress(tar([]))[:-8] + bytes(8),
        gzip.compress(APP.layers[0]) + b"garbage" * 100, header(b"a", size=b"\x80" + b"\xff" * 11) + bytes(1024),
    ],
    # Made of the bytes, the names would hold the time at which they were packed.
    ids=map(str, range(11)),
)  # fmt: skip
def test_a_layer_that_is_none_is_refused(stored: bytes, tmp_path: Path) -> None:
    for zipped in (False, True):
        path = archive(with_layer(stored, APP.layers[0]), tmp_path / "a.tar", zipped=zipped)

        assert refused(f"docker-archive:{path}")


def test_a_window_that_takes_gigabytes_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=30, enable_ldm=True, write_content_size=False)
    stored = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = stored.compress(APP.layers[0]) + stored.flush()

    assert "its zstd data is damaged" in refused_parts(with_layer(data, APP.layers[0]), tmp_path)


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 9),
    "gzip of many members": lambda data: gzip.compress(data[: len(data) // 100], 9) * 100,
    "zstd": zstandard.ZstdCompressor(level=19).compress,
    "zstd of many frames": lambda data: zstandard.ZstdCompressor().compress(data[: len(data) // 100]) * 100,
    "nested": lambda data: gzip.compress(gzip.compress(data, 9), 9),
}


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.timeout(60)
def test_a_bomb_is_refused_at_the_bound_and_never_in_memory(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MAX_UNPACKED_BYTES", 40 << 20)
    inside = tar([file("a", b"x")]) + bytes(60 << 20)
    if kind == "nested":
        parts, zipped = with_layer(gzip.compress(inside, 9), inside), True
    else:
        parts, zipped = with_layer(BOMBS[kind](inside), inside), False
    path = archive(parts, tmp_path / "a.tar", zipped=zipped)
    del inside, parts
    tracemalloc.start()
    try:
        message = refused(f"docker-archive:{path}")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert "its layers unpack to more than 41,943,040 bytes" in message or "truncated" in message
    assert peak < 12 << 20


def test_an_archive_that_is_a_bomb_itself_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "MAX_UNPACKED_BYTES", 40 << 20)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(header(b"a", size=60 << 20) + bytes(60 << 20), 9))

    assert "its layers unpack to more than 41,943,040 bytes" in refused(f"docker-archive:{path}")


def test_layers_that_keep_within_bounds_are_refused_where_they_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MAX_ENTRIES", 250)
    monkeypatch.setattr(allowance, "MAX_EVIDENCE_BYTES", 2500)
    many = [Step(created_by="", layer=tar(file(f"{n}/{m}") for m in range(100))) for n in range(3)]
    status = file("var/lib/dpkg/status", b"x" * 1000)
    records = [Step(created_by="", layer=tar([status, file(str(number))])) for number in range(3)]

    assert "its layers hold more than 250 entries" in refused_parts(
        docker_archive(Recipe(steps=tuple(many))), tmp_path / "1"
    )
    assert "its package records take more than 2,500 bytes" in refused_parts(
        docker_archive(Recipe(steps=tuple(records))), tmp_path / "2"
    )


def test_an_archive_of_more_members_than_an_image_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "MAX_MEMBERS", 50)
    parts: Parts = {**{str(number): b"" for number in range(50)}, **docker_archive(APP)}
    for zipped in (False, True):
        path = archive(parts, tmp_path / "a.tar", zipped=zipped)

        assert "it has more than 50 members" in refused(f"docker-archive:{path}")


def test_a_layer_of_another_image_in_a_zipped_archive_may_be_damaged(tmp_path: Path) -> None:
    other = recipe("tag other:1\nRUN x\n    x 5000")
    parts = {**docker_archive(APP, other), blob_name(other.layers[0]): other.layers[0][:200].ljust(2048, b"x")}

    (image,) = weigh(f"docker-archive:{archive(parts, tmp_path / 'a.tgz', zipped=True)}:app:1")

    assert 6950 == image.size


HOSTILE: dict[str, Callable[[], Parts]] = {
    "truncated layer": lambda: with_layer(gzip.compress(APP.layers[0])[:-20], APP.layers[0]),
    "forged layer": lambda: with_layer(APP.layers[1], APP.layers[0]),
    "no manifest": lambda: {"etc/passwd": b"root"},
    "deep JSON": lambda: {"manifest.json": b"[" * 100_000},
    "escape codes": lambda: {"manifest.json": dumps([{"Config": "\x1b[31m\nred", "Layers": []}])},
    "climbing names": lambda: docker_archive(recipe("RUN x\n    ../../../etc/passwd 5")),
    "looping links": lambda: docker_archive(recipe("RUN x\n    a -> b\n    b -> a\n    a/x 5")),
    "a size that lies": lambda: with_layer(lie := header(b"a", size=b"\xff" * 12) + bytes(1024), lie),
    "contradicting layers": lambda: of_config({"rootfs": {"diff_ids": list(APP.diff_ids[:1])}}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_command_line_says_it_in_one_line_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    path = archive(HOSTILE[kind](), tmp_path / "image.tar")
    before = sorted(each for each in tmp_path.rglob("*"))
    for arguments in (
        ["inspect", f"docker-archive:{path}"],
        ["compare", f"oci-archive:{path}", f"docker-archive:{path}"],
    ):
        result = CliRunner().invoke(app, [*arguments, "--format", "json"])

        assert 3 == result.exit_code
        assert "" == result.stdout
        assert result.stderr.endswith("\n")
        assert result.stderr[:-1].isprintable()
        assert result.stderr.startswith(f"weighbridge: {path}: ")
    assert before == sorted(each for each in tmp_path.rglob("*"))


def test_the_command_line_tells_wrong_choices_apart(tmp_path: Path) -> None:
    path = archive(docker_archive(APP, recipe("tag other:1\nRUN x\n    x 5")), tmp_path / "image.tar")
    runner = CliRunner()

    assert 2 == runner.invoke(app, ["inspect", f"docker-archive:{path}"]).exit_code
    assert 3 == runner.invoke(app, ["inspect", f"docker-archive:{path}:absent:1"]).exit_code
    assert 3 == runner.invoke(app, ["inspect", f"docker-archive:{path}:app:1", "--platform", "linux/s390x"]).exit_code
    assert 2 == runner.invoke(app, ["inspect", f"docker-archive:{path}:app:1", "--platform", "linux"]).exit_code
    assert 2 == runner.invoke(app, ["inspect", "docker-archive:/absent"]).exit_code
    assert 0 == runner.invoke(app, ["inspect", f"docker-archive:{path}:app:1", "--platform", "linux/amd64"]).exit_code
