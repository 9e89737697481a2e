"""What the tests of the use cases share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.test_files_branch import clone_of, origin_of
from tests.support.command import Ran
from tests.support.yard import Job, World
from weighbridge.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.git import WorkTree


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def job(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("weighbridge.publish._SETTLE", 0)
    return Job(world, tmp_path, lambda: capsys.readouterr().out)


@pytest.fixture
def origin(tmp_path: Path) -> WorkTree:
    return origin_of(tmp_path)


@pytest.fixture
def clone(origin: WorkTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkTree:
    made = clone_of(origin.path.as_uri(), tmp_path / "app")
    monkeypatch.chdir(made.path)
    return made


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    def in_process(*words: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["weighbridge", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Ran(status=int(end.value.code or 0), out=out, err=err)

    return in_process
