"""The use cases and the action on fakes, each of which passes the contract tests of its port."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.support.fake_branch import FakeFilesBranch
from tests.support.fake_engine import FakeBuilder, FakeEngine, FakeLayerCache
from tests.support.fake_proposals import FakeProposals
from tests.support.fake_prover import FakeProver
from tests.support.fake_receiver import FakeReportReceiver
from tests.support.fake_repository import FakeRepository
from tests.support.fake_reviews import FakeReviews
from tests.support.fake_tracking import FakeTracking
from tests.support.fakes import FakePullRequests
from weighbridge.action import run
from weighbridge.core.wire import load as load_report
from weighbridge.pipeline import Place, Yard, check_revisions
from weighbridge.revisions import choose
from weighbridge.settings import load
from weighbridge.weighing import Scale
from weighbridge.wiring import Outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from weighbridge.building import Side
    from weighbridge.event import Event
    from weighbridge.model.report import Report
    from weighbridge.ports import PullRequests, Repository


TOKEN = "ghs_0123456789"
NUMBER = 7


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


class Job:
    """A job of a workflow on fakes: what it is given, what it says, and what it leaves."""

    def __init__(self, world: World, folder: Path, log: Callable[[], str]) -> None:
        self.world = world
        self.pulls = FakePullRequests()
        self.reviews = FakeReviews()
        self.proposals = FakeProposals()
        self.prover = FakeProver(builder=world.builder)
        self.history = FakeFilesBranch()
        self.tracking = FakeTracking()
        self.receiver = FakeReportReceiver()
        self.identified = True
        self.folder = folder
        self._log = log
        self.log = ""
        self.tokens: list[str | None] = []
        self.environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "octocat/yard",
            "GITHUB_WORKSPACE": str(world.repository.root),
            "GITHUB_RUN_ID": "1",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "INPUT_GITHUB-TOKEN": TOKEN,
        }

    def pull_request(self, base: Mapping[str, str], head: Mapping[str, str]) -> Job:
        """The merge of a pull request is checked out."""
        repository = self.world.repository
        before = repository.commit(base)
        repository.checkout("feature", "main")
        tip = repository.commit(head)
        repository.checkout("main")
        repository.commit(merge=tip)
        self.pulls.open(NUMBER, head_sha=tip)
        theirs = {"repo": {"full_name": "octocat/yard"}}
        pull = {
            "number": NUMBER,
            "head": {"sha": tip, "ref": "feature", **theirs},
            "base": {"sha": before, "ref": "main", **theirs},
        }
        return self.event("pull_request", {"action": "opened", "number": NUMBER, "pull_request": pull})

    def event(self, name: str, payload: Mapping[str, Any]) -> Job:
        """What started the workflow."""
        (self.folder / "event.json").write_text(json.dumps(payload))
        self.environ |= {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(self.folder / "event.json")}
        return self

    def run(self, **inputs: str) -> int:
        """The exit status."""
        given = {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}
        outside = Outside(
            repository=self._repository,
            builder=self._builder,
            engine=lambda: self.world.engine,
            pull_requests=self._pulls,
            reviews=lambda settings, _: self.reviews if settings.github_token else None,
            proposals=lambda settings, _: self.proposals if settings.github_token else None,
            prover=self._prover,
            history=lambda *_, **__: self.history,
            tracking=lambda settings, _: self.tracking if settings.github_token else None,
            receiver=lambda *_: self.receiver if self.identified else None,
        )
        status = run({**self.environ, **given}, outside)
        self.log += self._log()
        self.world.assert_clean()
        return status

    def _prover(self, builder: Any, scale: Any, climb: Any, *, minutes: float, minimum_change: int) -> Any:
        return replace(self.prover, minutes=minutes)

    def _repository(self, directory: Path, *, trusted: bool) -> Repository:
        assert (self.world.repository.root, True) == (directory, trusted)
        return self.world.repository

    def _builder(self, root: Path, environ: Mapping[str, str], hidden: Sequence[str]) -> FakeBuilder:
        self.world.builder.hidden = tuple(hidden)
        return self.world.builder

    def _pulls(self, settings: Any, event: Any) -> PullRequests | None:
        self.tokens.append(settings.github_token.get_secret_value() if settings.github_token else None)
        return self.pulls if settings.github_token else None

    @property
    def outputs(self) -> dict[str, str]:
        """As the runner reads them."""
        text = (self.folder / "output").read_text()
        return {found[1]: found[3] for found in re.finditer(r"(\S+)<<(\S+)\n(.*?)\n?\2\n", text, re.DOTALL)}

    @property
    def report(self) -> Report:
        """The JSON report, which is in the workspace."""
        return load_report((self.world.repository.root / "weighbridge-report/report.json").read_bytes())

    @property
    def comments(self) -> list[str]:
        """On the pull request."""
        return self.pulls.bodies(NUMBER)

    def commands(self, name: str) -> list[str]:
        """Workflow commands of one name."""
        return [line for line in self.log.splitlines() if line.startswith(f"::{name}")]
