"""A layer's index: what its tar names, bounded whatever it claims, and an estimate of what it weighs packed."""

from __future__ import annotations

import gzip
import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.archives import digest
from tests.support.layers import END, Item, file, filled, header, layer, member, tar
from tests.support.strategies import layers
from tests.support.weigh import indexed
from weighbridge.errors import MalformedImage
from weighbridge.model.files import Entry, Kind, LayerIndex
from weighbridge.reading import layer as layer_module
from weighbridge.reading import links
from weighbridge.reading.layer import index_layer, normalized
from weighbridge.reading.packed_estimate import PackedEstimate
from weighbridge.reading.source import StreamSource
from weighbridge.reading.tar import LayerReader

if TYPE_CHECKING:
    from collections.abc import Iterable

unhurried = settings(deadline=None)


def index(text: str) -> LayerIndex:
    """The index of a layer that is written down as text."""
    return indexed(tar(layer(text)))


def refused(items: Iterable[Item]) -> str:
    """The message with which a layer is given up."""
    with pytest.raises(MalformedImage) as caught:
        indexed(tar(items))
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_every_kind_of_entry_is_told() -> None:
    text = "d/ mode=1777\nf 5 mode=4755 uid=1 gid=2\nh => f\nl -> f\nc char 1:3\nb block 8:0\np fifo"

    assert (
        Entry("d", Kind.DIRECTORY, 0o1777, 0, 0, 0),
        Entry("f", Kind.FILE, 0o4755, 1, 2, 5, "", xxhash.xxh3_128_digest(filled("f", 5))),
        Entry("h", Kind.HARDLINK, 0o644, 0, 0, 0, "f"),
        Entry("l", Kind.SYMLINK, 0o777, 0, 0, 0, "f"),
        Entry("c", Kind.CHARACTER_DEVICE, 0o644, 0, 0, 0),
        Entry("b", Kind.BLOCK_DEVICE, 0o644, 0, 0, 0),
        Entry("p", Kind.FIFO, 0o644, 0, 0, 0),
    ) == index(text).entries


def test_whiteouts_and_opaque_directories_stand_apart() -> None:
    found = index("a 1\n- b\n- d/c\n! d/e\n! .")

    assert ((), ("b", "d/c"), ("d/e", "")) == (found.entries[1:], found.whiteouts, found.opaque)


def test_the_files_of_aufs_are_not_the_images() -> None:
    found = index(".wh..wh.aufs 3\n.wh..wh.plnk/1.2 5\n.wh..wh.orph/ \nd/.wh..wh.x 5\na 1")

    assert (["a"], (), ()) == ([entry.path for entry in found.entries], found.whiteouts, found.opaque)


def test_the_root_and_vendors_entries_are_passed_over() -> None:
    items = [Item(name=b"./", typeflag=b"5"), Item(name=b"label", typeflag=b"V"), file("a", b"x")]

    assert ["a"] == [entry.path for entry in indexed(tar(items)).entries]


def test_a_layers_size_is_that_of_its_files_each_inode_once() -> None:
    assert 1_000_015 == index("a 10\nb => a\nl -> a\nd/\ns 1000000 hole=1.0\na2 5").size


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a", "a"), ("./a", "a"), ("/a", "a"), ("a/", "a"), ("//a//b/", "a/b"), ("./././a", "a"), ("a/./b", "a/b"),
        ("a/.", "a"), (".", ""), ("./", ""), ("/", ""), ("", ""), (".//a", "a"), ("a/../b", "b"), ("a/b/..", "a"),
        ("a/b/../../c", "c"), ("..a", "..a"), ("a..", "a.."), (".a/.b", ".a/.b"), ("a/...", "a/..."),
        ("caf\udce9", "caf\udce9"), ("a\nb", "a\nb"),
    ],
)  # fmt: skip
def test_names_are_paths_from_the_root(name: str, path: str) -> None:
    assert path == normalized(name)


@pytest.mark.parametrize("name", ["..", "../a", "a/../..", "a/../../b", "./..", "/../a", "a/../b/../../../etc/passwd"])
def test_names_that_climb_out_are_refused(name: str) -> None:
    for item in (file(name), Item(name=b"a", typeflag=b"1", link=name.encode())):
        assert "climbs out of the image" in refused([item])


@pytest.mark.parametrize("name", [".wh..", ".wh...", "d/.wh..", "d/.wh..."])
def test_whiteouts_of_no_name_are_refused(name: str) -> None:
    assert "takes nothing away that has a name" in refused([file(name)])


def test_symlinks_may_lead_anywhere() -> None:
    assert ["../../../etc", "/", "\x1b[31m"] == [
        entry.link for entry in index("a -> ../../../etc\nb -> /\nc -> \\x1b[31m").entries
    ]


@pytest.mark.parametrize(
    "text", ["a -> a\na/x 1", "a -> b\nb -> a\na/x 1", "a -> a/a\na/x 1", "a -> ../a/b\nb 1\na/x/y 1"]
)
def test_symlinks_that_loop_above_a_path_are_refused(text: str) -> None:
    assert "loop, or lead on and on" in refused(layer(text))


def test_a_chain_of_symlinks_is_followed_as_far_as_linux_does() -> None:
    chain = [f"l{number} -> l{number + 1}" for number in range(links.MAX_HOPS)]

    assert "d/x" in [
        entry.path for entry in index("\n".join([*chain[:-1], f"l{links.MAX_HOPS - 1} -> d", "l0/x 1"])).entries
    ]
    assert "loop" in refused(layer("\n".join([*chain, f"l{links.MAX_HOPS} -> d", "l0/x 1"])))


@pytest.mark.timeout(60)
def test_symlinks_that_make_every_path_long_to_follow_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MAX_STEPS", 200_000)
    far = "./" * 2000
    chain = [
        Item(name=f"l{number}".encode(), typeflag=b"2", link=f"{far}l{number + 1}".encode()) for number in range(39)
    ]
    files = [file(f"l{number % 2}/{number}") for number in range(100)]

    assert "lead on and on" in refused([*chain, *files])


def test_hard_links_that_are_moved_again_and_again_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MAX_TAKEN", 1000)
    names = [Item(name=f"n{number:03}".encode(), typeflag=b"1", link=b"a") for number in range(100)]
    again = [file(f"n{number:03}", b"y") for number in range(100)]

    assert "again and again" in refused([file("a", b"x"), *names, file("a", b"y"), *again])


def test_more_entries_than_an_image_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_module, "MAX_ENTRIES", 100)

    assert 100 == len(indexed(tar(file(str(number)) for number in range(100))).entries)
    assert "more than 100 entries" in refused(file(str(number)) for number in range(101))
    assert "more than 100 entries" in refused(file(f".wh.{number}") for number in range(101))
    assert "more than 100 entries" in refused([file("same")] * 101)


def test_names_that_take_too_much_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_module, "MAX_NAMES_BYTES", 1000)

    assert "names take more than 1,000 bytes" in refused(file(f"{number:0>100}") for number in range(11))
    assert "names take more than" in refused([Item(name=b"l", typeflag=b"2", link=b"x" * 1000)])


def test_sparse_files_that_claim_more_than_any_disk_together_are_refused() -> None:
    huge = [Item(name=f"{number}".encode(), hole=1 << 42, sparse="1.0") for number in range(257)]

    assert 1 << 50 == indexed(tar(huge[:256])).size
    assert "claims to hold 1,130,297,953,353,728 bytes" in refused(huge)


def test_evidence_is_kept_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_module, "MAX_EVIDENCE_TOTAL_BYTES", 1000)
    paths = [f"node_modules/{name}/package.json" for name in "abc"]
    items = [file(paths[0], b"x" * 600), file(paths[1], b"x" * 500), file(paths[2], b"x" * 400)]

    assert [paths[0], paths[2]] == list(indexed(tar(items)).contents)


def test_a_large_record_is_kept_whole_and_a_huge_one_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_module, "MAX_EVIDENCE_BYTES", 3 << 20)
    status = "var/lib/dpkg/status"
    large, huge = filled("x", 3 << 20), filled("x", (3 << 20) + 1)

    assert {status: large} == indexed(tar([file(status, large)])).contents
    assert {} == indexed(tar([file(status, huge)])).contents
    assert xxhash.xxh3_128_digest(huge) == indexed(tar([file(status, huge)])).entries[0].digest


def test_a_sparse_record_is_no_evidence() -> None:
    assert (
        {} == indexed(tar([Item(name=b"var/lib/dpkg/status", content=b"Package: x\n", hole=5, sparse="old")])).contents
    )


@unhurried
@given(layers(), st.integers(1, 3000))
def test_an_index_does_not_depend_on_how_the_stream_is_cut(items: tuple[Item, ...], size: int) -> None:
    data = tar([*items, file("big", filled("x", 1_300_000))])
    pieces = (data[start : start + size * 100] for start in range(0, len(data), size * 100))

    assert indexed(data) == index_layer(StreamSource(pieces), digest(data))


@unhurried
@given(layers(), st.data())
def test_a_damaged_byte_is_met_the_same_in_bulk_and_member_by_member(
    items: tuple[Item, ...], data: st.DataObject
) -> None:
    intact = tar(items)
    place = data.draw(st.integers(0, max(len(intact) - 1, 0)))
    damaged = intact[:place] + bytes([data.draw(st.integers(0, 255))]) + intact[place + 1 :]

    def outcome(pieces: Iterable[bytes]) -> LayerIndex | str:
        try:
            return index_layer(StreamSource(iter(pieces)), "sha256:x")
        except MalformedImage as error:
            return str(error)

    # Pieces of less than a block leave nothing at hand.
    assert outcome([damaged]) == outcome(damaged[start : start + 500] for start in range(0, len(damaged), 500))


def test_plain_files_and_folders_are_read_in_bulk() -> None:
    items = [*layer("d/"), *(file(f"d/{number}", b"x" * number) for number in range(50))]
    reader = LayerReader(StreamSource(iter([tar(items)])))

    read = [(name, bytes(content)) for name, _, _, content in reader.ordinary()]

    assert read == [("d/", b""), *((f"d/{number}", b"x" * number) for number in range(50))]
    assert next(reader, None) is None


@unhurried
@given(st.lists(st.integers(1, 700_000), max_size=6))
def test_the_estimate_does_not_depend_on_how_content_is_cut(sizes: list[int]) -> None:
    data = filled("x", sum(sizes) // 2) + bytes(sum(sizes) - sum(sizes) // 2)
    whole, cut = PackedEstimate(), PackedEstimate()
    whole.add(data)
    for start, size in zip(itertools.accumulate([0, *sizes]), sizes, strict=False):
        cut.add(data[start : start + size])

    assert whole.result(3) == cut.result(3)


def test_the_estimate_is_near_what_gzip_makes_of_it() -> None:
    library = sorted(Path(json.__file__).parent.parent.glob("[a-m]*.py"))
    items = [file(path.name, path.read_bytes()) for path in library]
    program = file("python", Path(sys.executable).resolve().read_bytes()[: 8 << 20])

    for content in ([*items], [program], [file("random", filled("x", 3 << 20))], [file("zeros", bytes(3 << 20))], []):
        data = tar(content)
        real = len(gzip.compress(data, 6))
        assert abs(indexed(data).packed_estimate - real) < max(0.2 * real, 5000)


def test_an_empty_layer_weighs_nothing() -> None:
    for data in (END, b"", bytes(10_240)):
        assert (0, 0, ()) == (indexed(data).size, indexed(data).packed_estimate, indexed(data).entries)


def test_a_truncated_layer_is_refused() -> None:
    with pytest.raises(MalformedImage, match="truncated"):
        indexed(member(file("a", b"x" * 1000))[:-600])
    with pytest.raises(MalformedImage, match="truncated"):
        indexed(header(b"a", size=1 << 40))
