"""One image is the same image in every archive that tools make of it, and the one that was meant is found."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import (
    MANIFEST,
    Parts,
    add_attestation,
    add_blob,
    add_image,
    add_index,
    archive,
    docker_archive,
    dumps,
    folder,
    layout_of,
    names_of,
    oci_layout,
    oci_multi_platform,
    old_docker_archive,
    packed,
    recipe,
    tagged,
)
from tests.support.fake_engine import FakeLayerCache
from tests.support.layers import Item
from tests.support.weigh import NoCache, weigh
from weighbridge.errors import ImageNotFound, MalformedImage, UsageError
from weighbridge.model.image import PackedSize

if TYPE_CHECKING:
    from weighbridge.model.image import Image

APP = recipe(r"""
tag app:1
ADD rootfs.tar /
    etc/
    etc/passwd 900
    usr/lib/libc.so 60000
    lib -> usr/lib
    var/lib/dpkg/status = Package: libc6\nVersion: 2.36\nInstalled-Size: 100\n
ENV A=b
RUN make && make install # buildkit
    usr/bin/app 30000
    usr/bin/app2 => usr/bin/app
    tmp/build 20000
RUN rm -rf /tmp/build # buildkit
    - tmp/build
CMD ["app"]
WORKDIR /empty
    .
""")
OTHER = recipe("tag other:2\nRUN other\n    other 10")
SHARING = replace(APP, steps=(*APP.steps[:4], *OTHER.steps), tags=("sharing:3", "sharing:latest"))

WRITERS: dict[str, Callable[..., Parts]] = {
    "docker save up to 24": old_docker_archive,
    "docker save from 25 on": docker_archive,
    "docker save of packed layers": lambda *images: docker_archive(*images, packing="gzip"),
    "OCI, gzip": oci_layout,
    "OCI, zstd": lambda *images: oci_layout(*images, packing="zstd"),
    "OCI, plain": lambda *images: oci_layout(*images, packing="plain"),
    "OCI, attested": lambda *images: oci_layout(*images, attested=True),
}


def in_file(parts: Parts, path: Path) -> str:
    return f"oci-archive:{archive(parts, path / 'image.tar')}"


def in_zipped_file(parts: Parts, path: Path) -> str:
    return f"docker-archive:{archive(parts, path / 'image.tar.gz', zipped=True)}"


def in_folder(parts: Parts, path: Path) -> str:
    return f"oci:{folder(parts, path / 'image')}"


Place = Callable[[Parts, Path], str]
PLACES: list[Place] = [in_file, in_zipped_file, in_folder]


def told(image: Image) -> object:
    """Everything that does not depend on how an image is stored."""
    return (
        image.id, image.platform, image.config, image.tree, image.waste, image.duplicates, image.packages,
        [(layer.diff_id, layer.size, layer.created_by) for layer in image.layers],
    )  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("writer", WRITERS)
def test_an_image_is_the_same_however_it_is_stored(writer: str, place: Place, tmp_path: Path) -> None:
    (tmp_path / "expected").mkdir()
    (expected,) = weigh(in_file(docker_archive(APP), tmp_path / "expected"))

    (image,) = weigh(f"{place(WRITERS[writer](APP, OTHER), tmp_path)}:app:1")

    assert told(expected) == told(image)
    assert "app:1" in image.reference


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("writer", WRITERS)
def test_a_layer_that_two_images_share_is_found_for_both(writer: str, place: Place, tmp_path: Path) -> None:
    name = place(WRITERS[writer](APP, SHARING), tmp_path)

    one, other = weigh(f"{name}:app:1", f"{name}:sharing:latest")

    assert [layer.diff_id for layer in one.layers[:2]] == [layer.diff_id for layer in other.layers[:2]]
    assert list(APP.diff_ids) == [layer.diff_id for layer in one.layers]
    assert list(SHARING.diff_ids) == [layer.diff_id for layer in other.layers]


def test_what_an_image_weighs(tmp_path: Path) -> None:
    (image,) = weigh(in_file(docker_archive(APP), tmp_path))

    status = len(r"Package: libc6\nVersion: 2.36\nInstalled-Size: 100\n".replace("\\n", "\n"))
    assert [60_900 + status, 50_000, 0, 0] == [layer.size for layer in image.layers]
    assert ["ADD rootfs.tar /", "RUN make && make install", "RUN rm -rf /tmp/build", "WORKDIR /empty"] == [
        layer.created_by for layer in image.layers
    ]
    assert (20_000, (0, 20_000, 0, 0)) == (image.waste.total, image.waste.by_layer)
    assert [("libc6", "2.36", 102_400)] == [(each.name, each.version, each.size) for each in image.packages]


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
@pytest.mark.parametrize("place", PLACES)
def test_stored_compressed_layers_tell_their_packed_size(packing: str, place: Place, tmp_path: Path) -> None:
    (image,) = weigh(place(oci_layout(APP, packing=packing), tmp_path))

    assert [PackedSize(size=len(packed(data, packing)), estimated=False) for data in APP.layers] == [
        layer.packed for layer in image.layers
    ]
    assert {packing} == {layer.compression for layer in image.layers}


def test_stored_plain_layers_have_an_estimate_that_says_so(tmp_path: Path) -> None:
    (image,) = weigh(in_file(docker_archive(APP), tmp_path))

    assert [True] * 4 == [layer.packed.estimated for layer in image.layers]
    assert image.packed.estimated
    assert {""} == {layer.compression for layer in image.layers}


def test_two_archives_that_share_layers_are_read_once(tmp_path: Path) -> None:
    one, other = archive(docker_archive(APP), tmp_path / "1"), archive(old_docker_archive(SHARING), tmp_path / "2")
    cache = NoCache()

    weigh(f"docker-archive:{one}", f"docker-archive:{other}", cache=cache)

    assert sorted({*APP.diff_ids, *SHARING.diff_ids}) == sorted(index.diff_id for index in cache.kept)


@pytest.mark.parametrize("packing", ["gzip", "zstd", "plain"])
def test_a_layer_that_is_known_needs_not_be_there(packing: str, tmp_path: Path) -> None:
    parts = oci_layout(APP, packing=packing)
    cache = FakeLayerCache()
    (whole,) = weigh(in_folder(parts, tmp_path / "whole"), cache=cache)
    lacking = {name: part for name, part in parts.items() if part != packed(APP.layers[0], packing)}
    assert len(parts) - 1 == len(lacking)

    (image,) = weigh(in_folder(lacking, tmp_path / "lacking"), cache=cache)
    assert (told(whole), whole.layers) == (told(image), image.layers)
    with pytest.raises(MalformedImage, match="named in it but not there"):
        weigh(in_folder(lacking, tmp_path / "unknown"))


@pytest.mark.parametrize("lie", [{"size": -1}, {"size": 1 << 60}, {"size": None}, {"mediaType": "text/plain"}])
def test_of_a_layer_that_is_not_there_no_nonsense_is_believed(lie: dict[str, object], tmp_path: Path) -> None:
    cache = FakeLayerCache()
    weigh(in_folder(oci_layout(APP), tmp_path / "whole"), cache=cache)
    blobs: dict[str, bytes] = {}
    entry = add_image(blobs, APP, "gzip")
    manifest = json.loads(blobs.pop(f"blobs/sha256/{entry['digest'].removeprefix('sha256:')}"))
    layer = manifest["layers"][0]
    del blobs[f"blobs/sha256/{layer['digest'].removeprefix('sha256:')}"]
    layer |= lie
    lying = layout_of(blobs, [add_blob(blobs, json.dumps(manifest).encode(), entry["mediaType"])])

    with pytest.raises(MalformedImage, match="named in it but not there"):
        weigh(in_folder(lying, tmp_path / "lying"), cache=cache)


@pytest.mark.parametrize("reference", ["app", "app:latest", "docker.io/library/app", "docker.io/library/app:latest"])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_name_may_be_written_short_or_long(writer: str, reference: str, tmp_path: Path) -> None:
    parts = WRITERS[writer](tagged(APP, "app:latest"), OTHER)

    (image,) = weigh(f"{in_file(parts, tmp_path)}:{reference}")

    assert list(APP.diff_ids) == [layer.diff_id for layer in image.layers]


def test_a_layouts_tag_is_a_name_too(tmp_path: Path) -> None:
    (image,) = weigh(f"{in_folder(oci_layout(APP, OTHER), tmp_path)}:2")

    assert list(OTHER.diff_ids) == [layer.diff_id for layer in image.layers]


def test_several_names_of_one_image_are_one_choice(tmp_path: Path) -> None:
    for writer in (old_docker_archive, docker_archive, oci_layout):
        (image,) = weigh(in_file(writer(tagged(APP, "app:1", "app:latest", "r.example:5000/app:1")), tmp_path))

        assert list(APP.diff_ids) == [layer.diff_id for layer in image.layers]


@pytest.mark.parametrize("writer", WRITERS)
def test_several_images_without_a_choice_are_an_error_that_names_them(writer: str, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"image\.tar: it holds several images; add the name of one: .*app:1, .*other:2"
    ):
        weigh(in_file(WRITERS[writer](APP, OTHER), tmp_path))


def test_several_images_without_names_are_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it holds several images; none of them has a name"):
        weigh(in_file(old_docker_archive(tagged(APP), tagged(OTHER)), tmp_path))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_name_that_is_not_there_is_an_error_that_names_what_is(writer: str, tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound, match=r"it holds no absent:1, but .*app:1"):
        weigh(f"{in_file(WRITERS[writer](APP), tmp_path)}:absent:1")


def for_platforms(*platforms: str) -> Parts:
    """An image of several platforms, each with a layer of its own."""
    made = [recipe(f"platform {each}\nRUN make\n    usr/bin/app = for {each}\n") for each in platforms]
    return oci_multi_platform(*made)


MACHINES = {"x86_64": "linux/amd64", "aarch64": "linux/arm64", "armv7l": "linux/arm/v7", "riscv64": "linux/riscv64"}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("place", PLACES)
def test_of_several_platforms_this_machines_is_weighed(
    machine: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    name = place(for_platforms("linux/s390x", *MACHINES.values()), tmp_path)

    (image,) = weigh(name)

    assert MACHINES[machine] == image.platform


def test_of_several_variants_the_one_for_every_machine_is_weighed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")

    (image,) = weigh(in_file(for_platforms("linux/amd64/v3", "linux/amd64", "linux/amd64/v2"), tmp_path))

    assert "linux/amd64" == image.platform


def test_platforms_of_which_none_is_this_machines_are_an_error_that_lists_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")

    with pytest.raises(
        UsageError, match="it is for several platforms; choose one with --platform: linux/arm64, linux/s390x"
    ):
        weigh(in_file(for_platforms("linux/arm64", "linux/s390x"), tmp_path))


def test_one_platform_is_weighed_wherever_that_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")

    (image,) = weigh(in_file(for_platforms("linux/s390x"), tmp_path))

    assert "linux/s390x" == image.platform


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/amd64", "linux/amd64"),
    ],
)
def test_a_platform_may_be_chosen(wanted: str, found: str, tmp_path: Path) -> None:
    name = in_file(for_platforms("linux/amd64", "linux/arm64", "linux/arm/v6", "linux/arm/v7"), tmp_path)

    (image,) = weigh(name, platform=wanted)

    assert found == image.platform


@pytest.mark.parametrize("parts", [for_platforms("linux/amd64", "linux/arm64"), docker_archive(APP)])
def test_a_platform_that_is_not_there_is_an_error_that_lists_those_that_are(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound, match=r"it holds no image for linux/s390x, but for linux/amd64"):
        weigh(in_file(parts, tmp_path), platform="linux/s390x")


def test_names_choose_before_platforms_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    blobs: dict[str, bytes] = {}
    here = add_image(blobs, APP, "gzip")
    there = add_image(blobs, replace(OTHER, platform="linux/arm64"), "gzip")
    entries = [{**here, "annotations": names_of("here:1")}, {**there, "annotations": names_of("there:1")}]

    (image,) = weigh(f"{in_file(layout_of(blobs, entries), tmp_path)}:there:1")

    assert "linux/arm64" == image.platform


def test_signatures_and_other_artifacts_are_not_images(tmp_path: Path) -> None:
    blobs: dict[str, bytes] = {}
    image = add_image(blobs, APP, "gzip")
    signature = add_image(blobs, OTHER, "gzip")
    values = add_blob(blobs, b"{}", "application/vnd.cncf.helm.config.v1+json")
    chart = add_blob(blobs, dumps({"config": values, "layers": []}), MANIFEST)
    artifact = add_blob(blobs, dumps({"artifactType": "application/sbom", "layers": []}), MANIFEST)
    entries = [chart, artifact, {**image, "annotations": names_of("app:1")}, add_attestation(blobs, signature)]

    (found,) = weigh(in_file(layout_of(blobs, entries), tmp_path))

    assert list(APP.diff_ids) == [layer.diff_id for layer in found.layers]


def test_indexes_may_lie_in_indexes(tmp_path: Path) -> None:
    blobs: dict[str, bytes] = {}
    inner = add_index(blobs, [add_image(blobs, APP, "gzip")])
    outer = add_index(blobs, [{**inner, "annotations": names_of("inner:1")}])

    (image,) = weigh(f"{in_file(layout_of(blobs, [outer]), tmp_path)}:inner:1")

    assert list(APP.diff_ids) == [layer.diff_id for layer in image.layers]


def test_the_same_layer_twice_counts_twice(tmp_path: Path) -> None:
    doubled = replace(APP, steps=(APP.steps[0], APP.steps[0]))

    (image,) = weigh(in_file(docker_archive(doubled), tmp_path))

    assert 2 * image.layers[0].size == image.size
    assert image.layers[0].size == image.waste.total == image.tree.size


def test_an_image_without_layers_weighs_nothing(tmp_path: Path) -> None:
    (image,) = weigh(in_file(docker_archive(recipe("tag empty:1\nCMD true")), tmp_path))

    assert (0, (), 0) == (image.size, image.layers, image.tree.size)


def test_names_in_the_archive_may_be_written_with_dots(tmp_path: Path) -> None:
    dotted = {f"./{name}": part for name, part in docker_archive(APP).items()}

    (image,) = weigh(in_file(dotted, tmp_path))

    assert list(APP.diff_ids) == [layer.diff_id for layer in image.layers]


def test_a_hard_linked_layer_is_found(tmp_path: Path) -> None:
    parts = old_docker_archive(recipe("tag a:1\nRUN x\n    x 5"))
    (name,) = [name for name in parts if name.endswith("/layer.tar")]
    moved: Parts = {"first": parts[name], **parts, name: Item(name=name.encode(), typeflag=b"1", link=b"first")}

    (image,) = weigh(in_file(moved, tmp_path))

    assert 5 == image.size


def test_an_archive_without_an_image_says_so(tmp_path: Path) -> None:
    with pytest.raises(MalformedImage, match="it holds no image"):
        weigh(in_file(layout_of({}, []), tmp_path))
    with pytest.raises(MalformedImage, match=r"neither manifest\.json nor index\.json is in it: not an image archive"):
        weigh(in_file({"etc/passwd": b"root"}, tmp_path))
    with pytest.raises(MalformedImage, match="it holds no files: not an image archive"):
        weigh(in_file({}, tmp_path))
