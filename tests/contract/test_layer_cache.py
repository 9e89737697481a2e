"""What weighbridge asks of the cache of layer indexes holds on the fake and on a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_engine import FakeLayerCache
from tests.support.limits import WITHOUT_RIGHTS, largest_file
from weighbridge.adapters.layer_cache import DirectoryLayerCache
from weighbridge.model.files import Entry, Kind, LayerIndex

if TYPE_CHECKING:
    from weighbridge.ports import LayerCache

ONE = f"sha256:{'1' * 64}"
OTHER = f"sha256:{'2' * 64}"


def index(diff_id: str = ONE, size: int = 5) -> LayerIndex:
    return LayerIndex(
        diff_id=diff_id,
        size=size,
        packed_estimate=3,
        entries=(Entry("bin/\udcffapp", Kind.FILE, 0o755, 0, 0, size, "", b"\0" * 16),),
        whiteouts=("gone",),
        opaque=("dir",),
        contents={"etc/passwd": b"\xff"},
    )


@pytest.fixture(params=["fake", "folder"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> LayerCache:
    return FakeLayerCache() if request.param == "fake" else DirectoryLayerCache(tmp_path / "cache")


class TestLayerCache:
    """The contract of ports.LayerCache."""

    def test_what_was_put_is_got(self, cache: LayerCache) -> None:
        cache.put(index())

        assert index() == cache.get(ONE)

    def test_what_was_not_put_is_not_there(self, cache: LayerCache) -> None:
        cache.put(index())

        assert cache.get(OTHER) is None

    def test_it_is_found_by_the_first_digits_of_its_diff_id(self, cache: LayerCache) -> None:
        cache.put(index())

        assert index() == cache.find("1" * 16)
        assert cache.find("2" * 16) is None

    def test_the_last_one_counts(self, cache: LayerCache) -> None:
        cache.put(index(size=1))
        cache.put(index(size=2))

        assert index(size=2) == cache.get(ONE)

    @pytest.mark.parametrize("name", ["", "sha256:1", f"sha256:{'../' * 21}x", "md5:1", "/etc/passwd"])
    def test_what_is_no_diff_id_names_nothing(self, cache: LayerCache, name: str) -> None:
        assert cache.get(name) is None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x28\xb5\x2f\xfd" + bytes(50)])
def test_a_file_that_is_damaged_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    cache = DirectoryLayerCache(tmp_path)
    cache.put(index())
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content)

    assert cache.get(ONE) is None


def test_the_index_of_another_layer_is_not_taken_for_this_one(tmp_path: Path) -> None:
    cache = DirectoryLayerCache(tmp_path)
    cache.put(index(OTHER))
    (kept,) = tmp_path.iterdir()
    kept.rename(tmp_path / kept.name.replace("2" * 64, "1" * 64))

    assert cache.get(ONE) is None


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path: Path) -> None:
    with largest_file(10):
        DirectoryLayerCache(tmp_path).put(index())

    assert [] == list(tmp_path.iterdir())


def test_a_place_that_is_no_folder_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    cache = DirectoryLayerCache(tmp_path / "file" / "cache")
    cache.put(index())

    assert cache.get(ONE) is None


def test_a_folder_that_may_not_be_written_is_done_without(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    program = (
        "import sys; from pathlib import Path; from tests.contract.test_layer_cache import *;"
        "cache = DirectoryLayerCache(Path(sys.argv[1])); cache.put(index()); print(cache.get(ONE))"
    )
    root = Path(__file__).parents[2]
    try:
        ran = subprocess.run(
            [*WITHOUT_RIGHTS, sys.executable, "-c", program, str(tmp_path)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        tmp_path.chmod(0o700)

    assert ("None\n", 0) == (ran.stdout, ran.returncode), ran.stderr
    assert [] == list(tmp_path.iterdir())
