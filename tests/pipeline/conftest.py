"""What the tests of the use cases share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.yard import Job, World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def job(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("weighbridge.publish._SETTLE", 0)
    return Job(world, tmp_path, lambda: capsys.readouterr().out)
