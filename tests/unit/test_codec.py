"""Layer indexes as bytes: what goes in comes out, and nothing else does."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.archives import digest
from tests.support.layers import Item, layer, tar
from tests.support.strategies import layers
from weighbridge.model.files import Entry, Kind, LayerIndex
from weighbridge.reading.codec import decode, encode
from weighbridge.reading.layer import index_layer
from weighbridge.reading.source import StreamSource

unhurried = settings(deadline=None)

_text = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["caf\udce9", "a\n\x1b", "\u202e"])
_entries = st.builds(
    Entry,
    path=_text,
    kind=st.sampled_from(list(Kind)),
    mode=st.integers(0, 0o7777),
    uid=st.integers(0, (1 << 32) - 1),
    gid=st.integers(0, (1 << 32) - 1),
    size=st.integers(0, 1 << 42),
    link=_text,
    digest=st.binary(max_size=16),
)
_indexes = st.builds(
    LayerIndex,
    diff_id=_text,
    size=st.integers(0, 1 << 50),
    packed_estimate=st.integers(0, 1 << 50),
    entries=st.lists(_entries, max_size=5).map(tuple),
    whiteouts=st.lists(_text, max_size=3).map(tuple),
    opaque=st.lists(_text, max_size=3).map(tuple),
    contents=st.dictionaries(_text, st.binary(max_size=20), max_size=3),
    packed_size=st.none() | st.integers(0, 1 << 50),
)


@unhurried
@given(_indexes)
def test_every_index_comes_back_as_it_was(index: LayerIndex) -> None:
    assert index == decode(encode(index))


@unhurried
@given(layers())
def test_the_index_of_a_layer_comes_back_as_it_was(items: tuple[Item, ...]) -> None:
    data = tar((*items, *layer(r"latin\xe9 5 uid=4294967295" + "\nvar/lib/dpkg/status = Package: x\n")))
    index = index_layer(StreamSource(iter([data])), digest(data), packed_size=7)

    assert index == decode(encode(index))


@unhurried
@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


@unhurried
@given(_indexes, st.data())
def test_damaged_bytes_are_refused_or_harmless(index: LayerIndex, data: st.DataObject) -> None:
    encoded = bytearray(encode(index))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        assert index == decode(bytes(encoded))
    except ValueError as error:
        assert str(error)


@unhurried
@given(_indexes, st.data())
def test_bytes_that_end_too_early_are_refused(index: LayerIndex, data: st.DataObject) -> None:
    encoded = encode(index)

    with pytest.raises(ValueError, match=r"."):
        decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def test_a_frame_that_claims_any_size_is_refused_before_it_is_believed() -> None:
    claim = zstandard.ZstdCompressor(write_content_size=True).compressobj(size=1 << 45)
    frame = claim.compress(bytes(100)) + claim.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    with pytest.raises(ValueError, match="its size is unknown or too large"):
        decode(frame)


def test_an_index_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 1"):
        decode(zstandard.ZstdCompressor().compress(b"\x99\x01" + b"\xc0" * 8))
