"""Tar headers: every dialect that layers are written in, and every lie that a header can tell."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.layers import BLOCK, END, Item, file, filled, header, layer, member, padded, pax, pax_text, tar
from tests.support.strategies import layers
from weighbridge.errors import MalformedImage
from weighbridge.reading.source import StreamSource
from weighbridge.reading.tar import MAX_NAME_BYTES, Member, TarReader

if TYPE_CHECKING:
    from collections.abc import Iterator

unhurried = settings(deadline=None)

EVERYTHING = f"""
etc/ mode=1777
etc/passwd 1000 mode=640 uid=1000 gid=2000
etc/empty = \\n
b => etc/passwd
lib -> usr/lib
dev/null char 1:3
dev/sda block 8:0
run/pipe fifo
{"long/" * 30}name 700
{"long/" * 30}gnu 600 long=gnu
l -> {"target/" * 30}x
links => {"long/" * 30}name
caf\\xc3\\xa9 3
latin\\xe9 4
sparse/old 300000 hole=old
sparse/0.0 300000 hole=0.0
sparse/0.1 300000 hole=0.1
sparse/1.0 300000 hole=1.0
owner 5 uid=3000000000 gid=4000000
last 1
"""


def pieces(data: bytes, size: int = BLOCK - 1) -> Iterator[bytes]:
    """The bytes as an engine hands them out: cut where it pleases."""
    return (data[start : start + size] for start in range(0, len(data), size))


def members(data: bytes) -> list[Member]:
    """What the reader makes of it, no content read."""
    return list(TarReader(StreamSource(pieces(data))))


def contents(data: bytes) -> dict[str, bytes]:
    """Names and contents of everything."""
    reader = TarReader(StreamSource(pieces(data)))
    return {member.name: b"".join(reader.chunks()) for member in reader}


def refused(data: bytes) -> str:
    """The message with which the reader gives up."""
    with pytest.raises(MalformedImage) as caught:
        contents(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_dialect_is_read_as_pythons_tarfile_reads_it() -> None:
    data = tar(layer(EVERYTHING))

    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as theirs:
        expected = [
            (each.name, each.mode, each.uid, each.gid, each.size if each.isreg() else 0, each.linkname)
            for each in theirs
        ]

    assert expected == [
        (each.name.rstrip("/"), each.mode, each.uid, each.gid, each.real_size, each.link) for each in members(data)
    ]
    assert 20 == len(expected)


@unhurried
@given(layers(), st.integers(1, 2000))
def test_contents_come_whole_however_the_stream_is_cut(items: tuple[Item, ...], size: int) -> None:
    reader = TarReader(StreamSource(pieces(tar(items), size)))

    assert [item.content for item in items] == [b"".join(reader.chunks()) for _ in reader]


def test_contents_that_nobody_reads_are_passed_over() -> None:
    reader = TarReader(StreamSource(pieces(tar(layer("a 700\nb 1500\nc 3")))))

    assert [filled("a", 10), filled("b", 10), filled("c", 3)] == [reader.read(10) for _ in reader]


def test_a_sparse_file_weighs_what_it_holds_once_extracted() -> None:
    stored = filled("x", 900)
    items = [Item(name=b"s", content=stored, hole=10_000, sparse=style) for style in ("old", "0.0", "0.1", "1.0")]

    read = members(tar([*items, file("after", b"x")]))

    assert [10_900] * 4 == [each.real_size for each in read[:4]]
    assert ["s"] * 4 + ["after"] == [each.name for each in read]


def test_an_old_sparse_map_may_go_on_in_further_blocks() -> None:
    block = bytearray(member(Item(name=b"s", content=b"abc", hole=100, sparse="old")))
    block[482] = 1
    checksum = sum(block[:148]) + 8 * 32 + sum(block[156:512])
    block[148:156] = f"{checksum:06o}\0 ".encode()
    more, last = bytearray(BLOCK), bytearray(BLOCK)
    more[504] = 1

    found = contents(bytes(block[:512]) + bytes(more) + bytes(last) + bytes(block[512:]) + END)

    assert {"s": b"abc"} == found


def test_a_directory_of_the_oldest_format_is_known_by_its_slash() -> None:
    assert [b"5", b"0"] == [each.typeflag for each in members(header(b"d/", b"\0") + header(b"f", b"\0") + END)]


def test_no_content_follows_links_and_directories_whatever_they_claim() -> None:
    claims = b"".join(header(b"x", kind, 5000, link=b"y") for kind in (b"1", b"2", b"3", b"4", b"5", b"6"))

    read = members(claims + member(file("after", b"abc")) + END)

    assert [0] * 6 + [3] == [each.real_size for each in read]


def test_a_sum_of_signed_bytes_is_taken_too() -> None:
    name = b"caf\xe9"
    right = header(name)
    signed = int(right[148:154], 8) - 256

    assert ["caf\udce9"] == [each.name for each in members(header(name, checksum=signed) + END)]


def test_an_empty_pax_value_leaves_the_headers_own() -> None:
    records = pax({b"path": b"", b"size": b"", b"uid": b""})

    assert [Member("a", b"0", 0o644, 7, 0, 3, "", 3)] == members(
        records + header(b"a", size=3, owner=(7, 0)) + padded(b"abc") + END
    )


def test_a_global_pax_header_is_passed_over_as_engines_do() -> None:
    assert ["a"] == [each.name for each in members(pax({b"path": b"z"}, b"g") + member(file("a")) + END)]


def test_of_two_pax_headers_the_last_one_counts() -> None:
    assert ["two"] == [
        each.name
        for each in members(pax({b"path": b"one", b"uid": b"5"}) + pax({b"path": b"two"}) + header(b"a") + END)
    ]


def test_the_prefix_of_a_posix_header_stands_before_the_name() -> None:
    block = bytearray(header(b"name"))
    block[345:351] = b"folder"
    block[148:156] = f"{sum(block[:148]) + 8 * 32 + sum(block[156:]):06o}\0 ".encode()

    assert ["folder/name"] == [each.name for each in members(bytes(block) + END)]


@pytest.mark.parametrize("missing", [END, END[:BLOCK], b""])
def test_an_archive_may_lack_the_blocks_that_end_it(missing: bytes) -> None:
    data = member(file("a", b"abc"))

    assert ["a"] == [each.name for each in members(data + END[len(missing) :])]


def test_nothing_at_all_is_an_archive_without_members() -> None:
    assert [] == members(b"")
    assert [] == members(END)


def test_an_archive_that_ends_anywhere_inside_a_member_is_refused() -> None:
    items = layer("etc/passwd 700\n" + "long/" * 30 + "x 10\n" + "long/" * 30 + "y 10 long=gnu\ns 5000 hole=1.0")
    data = tar(items, end=b"")
    whole = {0, *(len(tar(items[:count], end=b"")) for count in range(1, 5))}

    for end in range(len(data)):
        if end in whole:
            assert len(contents(data[:end])) == sorted(whole).index(end)
        else:
            assert "truncated" in refused(data[:end])


LIES = {
    b"\xff" * 12: "claims -1 bytes",
    b"\xff" + (2**88 - 4096).to_bytes(11, "big"): "claims -4,096 bytes",
    b"\x80" + (2**62).to_bytes(11, "big"): "claims a file of 4,611,686,018,427,387,904 bytes",
    b"\x80" + b"\xff" * 11: "claims a file of 309,485,009,821,345,068,724,781,055 bytes",
    b"77777777777\0": "ends 8,589,934,079 bytes too early",
    b"-0000000001\0": "a number that is none",
    b"0_0_0_1\0\0\0\0\0": "a number that is none",
    b"0o7\0\0\0\0\0\0\0\0\0": "a number that is none",
    b"99999999999\0": "a number that is none",
    b"\x81" + bytes(11): "a number that is none",
}


@pytest.mark.parametrize("size", LIES)
def test_sizes_that_lie_are_refused(size: bytes) -> None:
    assert LIES[size] in refused(header(b"a", b"0", size) + bytes(BLOCK))


@pytest.mark.parametrize("size", LIES)
@pytest.mark.parametrize("typeflag", [b"x", b"g", b"L", b"K", b"X"])
def test_sizes_that_lie_are_refused_before_a_name_is_read(size: bytes, typeflag: bytes) -> None:
    message = refused(header(b"a", typeflag, size) + bytes(BLOCK))

    assert LIES[size] in message or "claims more than 1,048,576 bytes of names" in message


def test_a_pax_size_that_lies_is_refused() -> None:
    for text in (b"-1", b"1e3", b"99999999999999999999", b"999999999999999999999", b" 1", b"0x10"):
        refused(pax({b"size": text}) + header(b"a") + END)


def test_owners_that_no_system_has_are_refused() -> None:
    assert "an owner" in refused(pax({b"uid": b"99999999999999999999"}) + header(b"a") + END)
    assert "an owner" in refused(header(b"a", owner=(-1, 0)) + END)


def test_names_longer_than_a_path_can_be_are_refused() -> None:
    for long in ("pax", "gnu"):
        assert [MAX_NAME_BYTES] == [len(each.name) for each in members(tar([Item(name=b"a" * 4096, long=long)]))]
        assert "a name of more than 4,096 bytes" in refused(tar([Item(name=b"a" * 4097, long=long)]))
        assert "a name of more than" in refused(tar([Item(name=b"l", typeflag=b"2", link=b"a" * 4097, long=long)]))


def test_headers_of_names_that_never_end_are_refused() -> None:
    assert "of names" in refused(header(b"x", b"x", 2 << 20) + bytes(BLOCK))
    assert "of names" in refused(pax({b"comment": b"x" * 60_000}) * 20 + header(b"a") + END)


def test_a_name_with_a_zero_byte_is_refused_where_no_engine_would_cut_it() -> None:
    assert "a zero byte" in refused(pax({b"path": b"a\0b"}) + header(b"a") + END)


@pytest.mark.parametrize(
    "text",
    [b"12 path=abc", b"5 path=abc\n", b"99 path=abc\n", b"0 path=abc\n", b"x path=abc\n", b"9 \n", b"12 pathabcde\n"],
)
def test_damaged_pax_records_are_refused(text: bytes) -> None:
    assert "a pax header is damaged" == refused(pax_text(text) + header(b"a") + END)


def test_a_sparse_map_that_never_ends_is_refused() -> None:
    block = bytearray(member(Item(name=b"s", hole=100, sparse="old")))
    block[482] = 1
    block[148:156] = f"{sum(block[:148]) + 8 * 32 + sum(block[156:]):06o}\0 ".encode()
    endless = bytes(504) + b"\1" + bytes(7)

    assert "a sparse file's map never ends" == refused(bytes(block) + endless * 5000)


def test_a_sparse_file_of_a_size_that_no_disk_has_is_refused() -> None:
    for style in ("old", "0.0", "0.1", "1.0"):
        assert "claims a file of" in refused(tar([Item(name=b"s", hole=1 << 43, sparse=style)]))


def test_what_is_no_tar_is_refused() -> None:
    assert "the archive is damaged or not a tar at all" in refused(b"\x7fELF" + bytes(range(1, 250)) * 3)


@unhurried
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        contents(data)
    except MalformedImage as error:
        assert str(error)


@unhurried
@given(layers(), st.data())
def test_any_flipped_bytes_are_read_or_refused(items: tuple[Item, ...], data: st.DataObject) -> None:
    damaged = bytearray(tar((*items, *layer("long/" * 30 + "x 3\ns 9000 hole=1.0"))))
    for _ in range(3):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        contents(bytes(damaged))
    except MalformedImage as error:
        assert str(error)
