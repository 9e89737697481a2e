"""Stores of details keep what they are given: a folder, and a server that speaks S3."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.s3 import make_bucket, running_s3
from weighbridge.errors import ConfigurationError
from weighbridge.service.store import Folder, Store, StoreUnavailable, named, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATER = 1 << 40


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_s3(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "folder":
        return opened((tmp_path / "a b%").as_uri())
    url: str = request.getfixturevalue("s3")
    bucket = f"test-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:16]}"
    make_bucket(url, bucket)
    for name, value in (
        ("ENDPOINT_URL", url),
        ("ACCESS_KEY_ID", "tests"),
        ("SECRET_ACCESS_KEY", "tests"),
        ("REGION", "us-east-1"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    return opened(f"s3://{bucket}/some/prefix")


def name_of(content: bytes, kind: str = "reports") -> str:
    return named(kind, hashlib.sha256(content).hexdigest())


def test_what_is_put_is_there(store: Store) -> None:
    began = int(time.time())
    contents = [b"", b"one", bytes(3_000_000)]
    for content in contents:
        store.put(name_of(content), content)
    store.put(name_of(b"another", "layers"), b"another")

    assert contents == [store.get(name_of(content)) for content in contents]
    assert store.get(name_of(b"no such thing")) is None
    found = sorted(store.stored("reports"))
    assert sorted((name_of(content), len(content)) for content in contents) == [(one.name, one.size) for one in found]
    # A clock of another machine, in whole seconds.
    assert all(began - 2 <= one.time <= time.time() + 2 for one in found)
    assert [name_of(b"another", "layers")] == [one.name for one in store.stored("layers")]
    assert [] == list(store.stored("nothing"))


def test_what_is_deleted_is_gone(store: Store) -> None:
    for content in (b"one", b"other"):
        store.put(name_of(content), content)

    assert store.delete(name_of(b"one"), LATER)
    assert not store.delete(name_of(b"one"), LATER)
    assert (None, b"other") == (store.get(name_of(b"one")), store.get(name_of(b"other")))
    assert [name_of(b"other")] == [one.name for one in store.stored("reports")]


def test_what_is_put_again_is_not_deleted_as_old(store: Store) -> None:
    store.put(name_of(b"one"), b"one")
    (first,) = store.stored("reports")
    time.sleep(1.1)
    store.put(name_of(b"one"), b"one")
    (second,) = store.stored("reports")

    assert first.time < second.time
    assert not store.delete(second.name, first.time + 1)
    assert b"one" == store.get(second.name)


def test_many_put_the_same_at_once(store: Store) -> None:
    content = bytes(500_000)
    ready = threading.Barrier(8)

    def put(_number: int) -> None:
        ready.wait(30)
        store.put(name_of(content), content)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(8)))
    assert [(name_of(content), len(content))] == [(one.name, one.size) for one in store.stored("reports")]
    assert content == store.get(name_of(content))


def test_a_put_while_it_is_deleted_is_never_lost(tmp_path: Path) -> None:
    """The folder's own promise: a thousand puts against a cleaner that takes all that is old."""
    store, name = Folder(tmp_path), name_of(b"one")
    stop = threading.Event()

    def clean() -> int:
        deleted = 0
        while not stop.is_set():
            deleted += store.delete(name, int(time.time()))
        return deleted

    with ThreadPoolExecutor(1) as pool:
        cleaning = pool.submit(clean)
        try:
            for _ in range(1000):
                store.put(name, b"one")
                # New from this moment on: not to be deleted for another second, or put aside for a blink.
                assert b"one" in (store.get(name), store.get(name), store.get(name))
        finally:
            stop.set()
        cleaning.result(30)


def test_a_store_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    stores: list[Store] = [Folder(tmp_path / "file")]
    for key, value in (("ENDPOINT_URL", "http://127.0.0.1:9"), ("SKIP_SIGNATURE", "true"), ("REGION", "x")):
        monkeypatch.setenv(f"AWS_{key}", value)
    stores.append(opened("s3://bucket"))
    for store in stores:
        with pytest.raises(StoreUnavailable, match=r"\A.+\Z"):
            store.put(name_of(b"one"), b"one")
        with pytest.raises(StoreUnavailable, match=r"\A.+\Z"):
            store.get(name_of(b"one"))


def test_what_a_killed_writer_left_is_nothing_and_goes(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.put(name_of(b"one"), b"one")
    left = (tmp_path / name_of(b"one")).with_name(".new-abc")
    left.write_bytes(b"half of it")

    assert [name_of(b"one")] == [one.name for one in store.stored("reports")]
    assert left.exists()
    os.utime(left, (1, 1))
    list(store.stored("reports"))
    assert not left.exists()


@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        ("../../etc", "0" * 64),
        ("re/ports", "0" * 64),
        ("", "0" * 64),
        ("reports\0", "0" * 64),
        ("reports", ".." * 32),
        ("reports", "0" * 63),
        ("reports", "0" * 64 + "/x"),
    ],
)
def test_nothing_a_stranger_wrote_names_a_file(kind: str, digest: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        named(kind, digest)


@pytest.mark.parametrize("url", ["", "http://bucket", "s3://", "gs://bucket", "folder"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        opened(url)
