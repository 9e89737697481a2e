"""A yard of fakes, each of which passes the contract tests of its port."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_engine import FakeBuilder, FakeEngine, FakeLayerCache
from tests.support.fake_repository import FakeRepository
from weighbridge.pipeline import Place, Yard, check_revisions
from weighbridge.revisions import choose
from weighbridge.settings import load
from weighbridge.weighing import Scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from weighbridge.building import Side
    from weighbridge.event import Event
    from weighbridge.model.report import Report


@dataclass
class Lines:
    """Implements building.BuildLog: what was written, in groups."""

    groups: list[str] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)

    @contextlib.contextmanager
    def group(self, title: str) -> Iterator[None]:
        """See building.BuildLog."""
        self.groups.append(title)
        yield

    def line(self, side: Side, text: str) -> None:
        """See building.BuildLog."""
        self.lines.append((side.value, text))


class World:
    """A repository, an engine and a builder, and the use case on them."""

    def __init__(self, folder: Path) -> None:
        (folder / "repository").mkdir()
        self.repository = FakeRepository(root=folder / "repository")
        self.engine = FakeEngine()
        self.builder = FakeBuilder(self.engine)
        self.cache = FakeLayerCache()
        self.log = Lines()
        self.images_before = set(self.engine.images)

    def check(
        self,
        event: Event,
        *,
        cli: Mapping[str, object] | None = None,
        base: str | None = None,
        head: str | None = None,
        hidden: tuple[str, ...] = (),
    ) -> Report:
        """`check_revisions`, after which nothing may be left behind."""
        settings = load(cli=cli or {}, environ={}, root=self.repository.root)
        refs = choose(event, self.repository, base=base, head=head)
        try:
            return check_revisions(settings, refs, self.yard(hidden), Place())
        finally:
            self.assert_clean()

    def yard(self, hidden: tuple[str, ...] = ()) -> Yard:
        return Yard(
            repository=self.repository,
            builder=self.builder,
            engine=lambda: self.engine,
            scale=self.scale(),
            log=self.log,
            hidden=hidden,
        )

    def scale(self) -> Scale:
        return Scale(engine=lambda: self.engine, cache=self.cache, progress=lambda *_: None)

    def assert_clean(self) -> None:
        assert [] == self.repository.open_trees
        assert not [name for name in self.engine.images if name not in self.images_before]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
