"""The document of a layer's files: what goes in comes out, the same layer is the same bytes, nothing else is taken."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.layers import Item, layer, tar
from tests.support.strategies import layers
from tests.support.weigh import indexed
from weighbridge.core.wire import layers as documents
from weighbridge.core.wire.layers import check_layer, digest_of_layer, dump_layer, load_layer
from weighbridge.errors import UsageError

DIFF_ID = "sha256:" + "1" * 64
OPENING = json.dumps({"v": 1, "diff_id": DIFF_ID}).encode() + b"\n"
FILE = ["f", "etc/motd", 420, 0, 0, 6, "0" * 32]


def document(*lines: Any) -> bytes:
    return OPENING + b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@given(layers())
def test_a_layer_comes_back_as_it_was(items: tuple[Item, ...]) -> None:
    index = indexed(tar((*items, *layer(r"latin\xe9 5 uid=4294967295" + "\n- etc/old\n! var\n! .\n"))))
    written = dump_layer(index)

    # What only the reader of the tar needs is not sent.
    assert replace(index, packed_estimate=0, contents={}) == load_layer(written)
    assert index.diff_id == check_layer(written)
    assert written == dump_layer(load_layer(written))


def test_no_content_is_sent() -> None:
    index = indexed(tar(layer("var/lib/dpkg/status = Package: secret\n")))

    assert index.contents
    assert b"Package: secret" not in dump_layer(index)


def test_the_same_layer_has_the_same_document_for_good() -> None:
    index = indexed(tar(layer("etc/\netc/motd = hello\nlib -> usr/lib\nmotd => etc/motd\n- etc/old\nnull char 1:3\n")))

    assert [
        {"v": 1, "diff_id": index.diff_id},
        ["d", "etc", 0o755, 0, 0],
        ["f", "etc/motd", 0o644, 0, 0, 5, "b5e9c1ad071b3e7fc779cfaa5e523818"],
        ["l", "lib", 0o777, 0, 0, "usr/lib"],
        ["h", "motd", 0o644, 0, 0, "etc/motd"],
        ["c", "null", 0o644, 0, 0],
        ["w", "etc/old"],
    ] == [json.loads(line) for line in dump_layer(index).splitlines()]
    assert 64 == len(digest_of_layer(dump_layer(index)))


@pytest.mark.parametrize(
    "line",
    [
        [],
        {},
        "f",
        None,
        ["x", "a", 0, 0, 0],
        [["f"], "a", 0, 0, 0],
        ["w"],
        ["w", ""],
        ["w", "a", 1],
        ["d", "", 0, 0, 0],
        ["d", "/etc", 0, 0, 0],
        ["d", "etc/", 0, 0, 0],
        ["d", "a/../b", 0, 0, 0],
        ["d", "./a", 0, 0, 0],
        ["d", "a\0", 0, 0, 0],
        ["d", "a" * 5000, 0, 0, 0],
        ["d", "a", 0, 0, 0, 0],
        ["d", "a", True, 0, 0],
        ["d", "a", 0, 1 << 63, 0],
        ["d", "a", 0, 0, 0.5],
        ["l", "a", 0, 0, 0],
        ["l", "a", 0, 0, 0, 5],
        ["l", "a", 0, 0, 0, "b" * 5000],
        ["f", "a", 0, 0, 0, -1, "0" * 32],
        ["f", "a", 0, 0, 0, 1 << 51, "0" * 32],
        ["f", "a", 0, 0, 0, "1", "0" * 32],
        ["f", "a", 0, 0, 0, 1, "0" * 31],
        ["f", "a", 0, 0, 0, 1, "g" * 32],
    ],
)
def test_lines_that_make_no_sense_are_refused(line: Any) -> None:
    assert DIFF_ID == check_layer(document(FILE))
    with pytest.raises(UsageError, match=r"\A.+\Z"):
        check_layer(document(FILE, line))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"null\n",
        b'{"v":1}\n',
        b'{"v":2,"diff_id":"sha256:' + b"1" * 64 + b'"}\n',
        b'{"v":1,"diff_id":"sha256:1"}\n',
        OPENING[:-1],
        OPENING + b'["d","a",0,0,0]',
        OPENING + b"[" * 5_000 + b"\n",
        OPENING + b'["w","' + b"a" * 100_000 + b'"]\n',
        OPENING + b"\xff\n",
        OPENING + b"1" * 6_000 + b"\n",
    ],
)
def test_documents_that_make_no_sense_are_refused(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"\A.+\Z"):
        check_layer(text)


@given(st.binary(max_size=300))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"."):
        load_layer(OPENING + data + b"\n\x00")


def test_sizes_do_not_add_up_without_end() -> None:
    huge = ["f", "a", 0, 0, 0, 1 << 50, "0" * 32]
    check_layer(document(huge))
    with pytest.raises(UsageError, match="bytes of files"):
        check_layer(document(huge, huge))


def test_a_layer_with_too_many_files_is_refused_without_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_ENTRIES", 20_000)
    body = OPENING + b"".join(b'["p","a%d",0,0,0]\n' % number for number in range(20_001))
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match="20,000"):
            check_layer(body)
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()
