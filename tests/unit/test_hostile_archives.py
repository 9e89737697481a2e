"""Archives that are truncated, lie or are made to do harm: one clear line, status 3, nothing left, bounded cost."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import (
    LAYER,
    MANIFEST,
    Parts,
    add_blob,
    add_image,
    archive,
    blob_name,
    docker_archive,
    dumps,
    folder,
    layout_of,
    oci_layout,
    old_docker_archive,
)
from tests.support.layers import Item
from tests.support.refusals import APP, refused, refused_parts, replaced, text
from tests.support.weigh import weigh
from weighbridge.errors import MalformedImage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITERS: dict[str, Callable[..., Parts]] = {
    "old": old_docker_archive,
    "new": docker_archive,
    "gzip": lambda made: docker_archive(made, packing="gzip"),
    "zstd": lambda made: oci_layout(made, packing="zstd"),
    "attested": lambda made: oci_layout(made, attested=True),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_truncated_archive_is_refused_wherever_it_ends(writer: str, zipped: bool, tmp_path: Path) -> None:
    whole = archive(WRITERS[writer](APP), tmp_path / "whole.tar", zipped=zipped)
    data, cut = whole.read_bytes(), tmp_path / "cut.tar"
    (expected,) = weigh(f"docker-archive:{whole}")
    ends = {*range(0, len(data), max(1, len(data) // 150)), *range(max(0, len(data) - 20), len(data))}
    ends |= {block + step for block in range(512, len(data), 512) for step in (-1, 0, 1) if block + step < len(data)}
    survived = []
    for end in sorted(ends):
        cut.write_bytes(data[:end])
        try:
            (image,) = weigh(f"docker-archive:{cut}")
        except MalformedImage as error:
            assert str(error).startswith(f"{cut}: ")
            assert str(error).isprintable()
        else:
            assert (expected.id, expected.layers, expected.tree) == (image.id, image.layers, image.tree)
            survived.append(end)

    # Only what no reader needs may be missing: the end of the tar, and what another file says too.
    assert [] == [end for end in survived if end < len(data) // (8 if zipped else 2)]


@pytest.mark.parametrize("writer", WRITERS)
def test_an_archive_with_a_missing_part_names_it(writer: str, tmp_path: Path) -> None:
    parts = WRITERS[writer](APP)
    refusals = []
    for name in parts:
        rest = {other: part for other, part in parts.items() if other != name}
        try:
            (image,) = weigh(f"docker-archive:{archive(rest, tmp_path / 'a.tar')}")
        except MalformedImage as error:
            refusals.append(name)
            assert name in str(error) or "neither manifest.json nor index.json is in it" in str(error)
        else:
            assert list(APP.diff_ids) == [layer.diff_id for layer in image.layers]

    layers = [blob_name(data) for data in APP.layers if blob_name(data) in parts]
    assert set(layers) <= set(refusals)
    assert 3 <= len(refusals)


def test_a_forged_layer_is_refused(tmp_path: Path) -> None:
    for number, writer in enumerate(WRITERS.values()):
        parts = writer(APP)
        stored = next(name for name, part in parts.items() if isinstance(part, bytes) and len(part) > 5000)
        other = APP.layers[1] if stored.endswith("layer.tar") or number == 1 else gzip.compress(APP.layers[1])

        message = refused_parts({**parts, stored: other}, tmp_path / str(number))

        assert "claims to be: truncated, damaged or forged" in message or "where its manifest says" in message


def test_layers_in_another_order_than_the_configuration_says_are_refused(tmp_path: Path) -> None:
    parts = docker_archive(APP)
    manifest = json.loads(text(parts["manifest.json"]))
    manifest[0]["Layers"].reverse()

    assert "claims to be: truncated, damaged or forged" in refused_parts(
        {**parts, "manifest.json": dumps(manifest)}, tmp_path
    )


def test_a_configuration_that_is_not_what_its_digest_says_is_refused(tmp_path: Path) -> None:
    for number, writer in enumerate(WRITERS.values()):
        forged = replaced(writer(APP), b'"os":"linux"', b'"os":"lunix"')

        assert "claims to be: damaged or forged" in refused_parts(forged, tmp_path / str(number))


def test_a_manifest_that_is_not_what_its_digest_says_is_refused(tmp_path: Path) -> None:
    right = b'"schemaVersion":2,"mediaType":"%s"' % MANIFEST.encode()
    forged = replaced(oci_layout(APP), right, right.replace(b"2", b"3", 1))

    assert "claims to be: damaged or forged" in refused_parts(forged, tmp_path)


@pytest.mark.parametrize("size", [-1, 0, 10, 1 << 70])
def test_sizes_of_a_manifest_that_are_not_true_are_refused(size: int, tmp_path: Path) -> None:
    stored: dict[str, bytes] = {}
    manifest = {
        "config": add_blob(stored, dumps(APP.configuration()), "application/vnd.oci.image.config.v1+json"),
        "layers": [{**add_blob(stored, data, LAYER), "size": size} for data in APP.layers],
    }
    entry = add_blob(stored, dumps(manifest), MANIFEST)

    assert f"where its manifest says {size:,}" in refused_parts(layout_of(stored, [entry]), tmp_path)
    assert f"where its manifest says {size:,}" in refused_parts(layout_of(stored, [{**entry, "size": size}]), tmp_path)


NAMES = [
    "", ".", "..", "/", "absent", "../../../../etc/passwd", "/etc/passwd", "blobs/../../../etc/passwd", "x" * 300,
    "x" * 5000, "a\0b", "a\nb\x1b[31m", "caf\udce9", "blobs", "\u202e", "loop", "loop/x",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_that_names_what_is_no_part_is_refused(name: str, tmp_path: Path) -> None:
    parts = {**docker_archive(APP), "loop": Item(name=b"loop", typeflag=b"2", link=b"loop")}
    (entry,) = json.loads(text(parts["manifest.json"]))
    for number, changed in enumerate([{**entry, "Config": name}, {**entry, "Layers": [name, entry["Layers"][1]]}]):
        message = refused_parts({**parts, "manifest.json": dumps([changed])}, tmp_path / str(number))

        assert "is named in it but not there" in message


DIGESTS: list[object] = [
    None, 5, [], {}, "", "sha256:", "sha256:../../../../etc/passwd", "md5:d41d8cd98f00b204e9800998ecf8427e",
    "sha256:" + "0" * 64, "sha512:" + "0" * 128, "sha256:" + "é" * 64, "sha256:\x1b[31m", "sha256:" + "a" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("wrong", DIGESTS)
def test_digests_that_are_none_or_lead_nowhere_are_refused(wrong: object, tmp_path: Path) -> None:
    stored: dict[str, bytes] = {}
    entry = add_image(stored, APP, "gzip")
    manifest = json.loads(stored[f"blobs/{entry['digest'].replace(':', '/')}"])
    changed = [
        {**manifest, "config": {**manifest["config"], "digest": wrong}},
        {**manifest, "layers": [{**manifest["layers"][0], "digest": wrong}, manifest["layers"][1]]},
    ]
    layouts = [layout_of(stored, [{**entry, "digest": wrong}])]
    for value in changed:
        more = dict(stored)
        layouts.append(layout_of(more, [add_blob(more, dumps(value), MANIFEST)]))
        layouts[-1].update(more)

    for number, parts in enumerate(layouts):
        message = refused_parts(parts, tmp_path / str(number))

        assert "is not a digest" in message or "is named in it but not there" in message or "cannot be read" in message


def test_a_layouts_symlinks_that_leave_it_or_loop_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(dumps(APP.configuration()))
    layout = folder(oci_layout(APP), tmp_path / "layout")
    config = layout / blob_name(dumps(APP.configuration()))
    for target in (secret, config, tmp_path / "absent", "/dev/zero"):
        config.unlink()
        config.symlink_to(target)

        assert "is named in it but not there" in refused(f"oci:{layout}")


def test_a_symlink_inside_of_a_layout_is_followed(tmp_path: Path) -> None:
    layout = folder(oci_layout(APP), tmp_path / "layout")
    config = layout / blob_name(dumps(APP.configuration()))
    config.rename(layout / "moved")
    config.symlink_to("../../moved")

    assert 1 == len(weigh(f"oci:{layout}"))


@pytest.mark.timeout(20)
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    layout = folder(oci_layout(APP), tmp_path / "layout")
    (layout / "index.json").unlink()
    os.mkfifo(layout / "index.json")

    assert "an archive must be a regular file" in refused(f"docker-archive:{tmp_path / 'pipe'}")
    assert "an archive must be a regular file" in refused("docker-archive:/dev/zero")
    assert "not an image archive" in refused(f"oci:{layout}")
