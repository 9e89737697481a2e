"""Bases are looked at, those that cannot be had are told, and what was made to look at one is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.archives import Recipe, Step
from tests.support.elf import ElfFile
from tests.support.fake_engine import BASE, FakeBuilder, FakeEngine, FakeLayerCache
from tests.support.filesystems import tar_of
from tests.support.yard import Lines
from weighbridge.adapters.climbing import SilentClimb
from weighbridge.bases import Grounds, bases_of_image
from weighbridge.errors import ImageNotFound, UnknownProgram
from weighbridge.proving import Prover
from weighbridge.weighing import Scale

if TYPE_CHECKING:
    from collections.abc import Sequence


class Forgetful:
    """Keeps nothing; implements ports.ProgramsCache and ports.ProofCache."""

    def get(self, key: str) -> None:
        return None

    def put(self, key: str, value: object) -> None:
        pass


class Pulling(FakeBuilder):
    """Has a base that the engine has not."""

    def _base(self, name: str) -> Sequence[Step]:
        return BASE if name == "pulled:1" else FakeBuilder._base(self, name)


def no_containers() -> None:
    raise AssertionError("nothing is to be run")


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    layer = tar_of({"app/server": ElfFile(), "app/page.html": "page"})
    for name, entry in (("app:1", "/app/server"), ("empty:1", "/gone")):
        config = {"config": {"Entrypoint": [entry], "Env": ["SECRET=none"]}}
        engine.images[name] = Recipe(steps=(Step(created_by="COPY . /app", layer=layer),), config=config)
    return engine


def grounds(engine: FakeEngine, *more: str) -> Grounds:
    prover = Prover(
        builder=Pulling(engine),
        engine=lambda: engine,
        containers=no_containers,  # type: ignore[arg-type]
        scale=Scale(engine=lambda: engine, cache=FakeLayerCache(), progress=lambda _what, _count: None),
        programs=Forgetful(),
        proofs=Forgetful(),
        climb=SilentClimb(),
    )
    return Grounds(prover=prover, log=Lines(), more=more, run=False)


def test_what_can_be_had_is_measured_and_the_rest_is_told(engine: FakeEngine) -> None:
    before = set(engine.images)
    compared = bases_of_image("app:1", grounds(engine, "busybox:1.36", "pulled:1", "gone:1"), name="app")
    rows = {each.base.image: each for each in compared.standings}

    for name in ("busybox:1.36", "pulled:1"):
        facts = rows[name].facts
        assert facts is not None and facts.size == 2000
        assert rows[name].size == 2000 + compared.size
    scratch = rows["scratch"]
    assert (compared.size, (), (), None) == (scratch.size, scratch.missing, scratch.brought, scratch.proof)
    assert ("cannot be had: Dockerfile:1: gone:1: not found", None) == (rows["gone:1"].unavailable, rows["gone:1"].size)
    assert not compared.was_run
    assert before == set(engine.images)
    assert ("app/server",) == compared.program


def test_an_image_that_is_gone_or_starts_nothing_is_told(engine: FakeEngine) -> None:
    with pytest.raises(ImageNotFound):
        bases_of_image("none:1", grounds(engine), name="none")
    with pytest.raises(UnknownProgram, match="its command names no file in the image"):
        bases_of_image("empty:1", grounds(engine), name="empty")
