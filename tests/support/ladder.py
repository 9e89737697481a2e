"""An application's fixes: planned and proven as `weighbridge fix` does, then held to what the prover was not told.

The prover gets what surrounds a program (its command, environment and companions), as a repository would say it. The
manifest's requests and expected texts are kept from it: they are the oracle for what it calls verified.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
import uuid
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import apps, smoke
from tests.support.fake_repository import FakeRepository
from weighbridge import examining, fixing, wiring
from weighbridge.adapters.climbing import SilentClimb
from weighbridge.commands import ClimbLog
from weighbridge.core.rules.config import RulesConfig
from weighbridge.model.behaviour import Service, Smoke
from weighbridge.model.build import BuildSpec
from weighbridge.model.fix import Family, ProofStatus
from weighbridge.model.report import Unavailable
from weighbridge.pipeline import Yard
from weighbridge.proving import Prover

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.apps import App
    from weighbridge.model.fix import Candidate, Fix
    from weighbridge.model.report import ImageReport
    from weighbridge.model.subject import Subject

MINUTES = 25.0
SPLITS = (Family.MULTI_STAGE, Family.BUILDER_PATTERN)
GROUNDS = (
    "gcr.io/distroless/static-debian12",
    "gcr.io/distroless/base-debian12",
    "gcr.io/distroless/cc-debian12",
    "alpine:3.20",
    "debian:12-slim",
    "python:3.11-slim",
    "node:20-slim",
    "ruby:3.1-slim",
    "eclipse-temurin:17-jre",
)
"""What fixes stand on, beside what the apps name themselves."""
_SOURCES = Path(fixing.__file__).resolve().parent
# What a result cannot depend on: how it is shown, published and asked for.
_ASIDE = (
    "core/rendering/", "core/wire/", "core/charts/", "core/badges/", "cli/", "client/", "service/", "settings/",
    "publish.py", "action.py", "event.py", "adapters/git",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One candidate and what came of it. Sizes are unpacked bytes; `broken` is how its program fails, empty for none.

    `seconds` is how long its proof took when it was made.
    """

    strategy: str
    family: str
    status: str
    reason: str
    size: int | None
    seconds: float
    broken: str = ""

    @property
    def verified(self) -> bool:
        return self.status == ProofStatus.VERIFIED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One application. `size` is the original's in unpacked bytes; `problem` why nothing could be tried."""

    name: str
    ecosystem: str
    split: str
    size: int | None
    tries: tuple[Try, ...]
    problem: str = ""

    @property
    def best(self) -> Try | None:
        """The smallest that is proven."""
        proven = [each for each in self.tries if each.verified and each.size is not None]
        return min(proven, key=lambda each: each.size or 0, default=None)

    @property
    def is_split(self) -> bool:
        """Whether one that makes stages is proven."""
        return any(each.verified and each.family in SPLITS for each in self.tries)

    @property
    def saving(self) -> float | None:
        """The part of the original that the best one takes away; None without one."""
        if self.best is None or self.best.size is None or not self.size:
            return None
        return 1 - self.best.size / self.size

    @property
    def broken(self) -> tuple[Try, ...]:
        """What was called verified and fails the app's own smoke test."""
        return tuple(each for each in self.tries if each.broken)

    @property
    def seconds(self) -> float:
        """What all proofs took."""
        return sum(each.seconds for each in self.tries)


@dataclass(frozen=True, kw_only=True)
class UntilProven(Prover):
    """Tries the kinds of change from the most to the least ambitious, until something is proven."""

    def prove(self, subject: Subject, original: str, candidates: Sequence[Candidate], **given: Any) -> tuple[Fix, ...]:
        """See Prover."""
        fixes: list[Fix] = []
        for family in dict.fromkeys(each.family for each in candidates):
            if not any(fix.proof.status is ProofStatus.VERIFIED for fix in fixes):
                kind = [each for each in candidates if each.family is family]
                fixes += Prover.prove(self, subject, original, kind, **given)
        return tuple(fixes)


def climb(name: str, passed: Passed, *, minutes: float = MINUTES) -> Row:
    """Fixes one application for real, with so much time for its candidates. Raises EngineUnavailable."""
    app = apps.load(name)
    problem = as_it_stands(app, passed)
    if problem:
        return unfixed(name, problem)
    with tempfile.TemporaryDirectory(prefix="weighbridge-ladder-") as folder:
        tree = apps.check_out(app, Path(folder) / name)
        report = fixing.fix_image(_spec(app), tree, _shop(app, tree, minutes))
    # A candidate that its family had no need of says nothing.
    fixes = [fix for fix in report.fixes if fix.proof.status is not ProofStatus.NOT_RUN or "budget" in fix.proof.reason]
    return Row(
        name=name,
        ecosystem=app.ecosystem,
        split=app.split,
        size=None if isinstance(report.head, Unavailable) else report.head.size,
        tries=tuple(_tried(app, fix, passed) for fix in fixes),
        problem=_problem(report),
    )


def as_it_stands(app: App, passed: Passed) -> str:
    """How the program fails as its author has it; empty where it does all that its manifest says."""
    if app.name not in passed:
        problem = smoke.measure(app.name).problem
        if problem:
            return f"as it stands: {problem}"
        passed.add(app.name)
    return ""


def unfixed(name: str, problem: str) -> Row:
    """One that could not be tried."""
    app = apps.load(name)
    return Row(name=name, ecosystem=app.ecosystem, split=app.split, size=None, tries=(), problem=problem)


def _problem(report: ImageReport) -> str:
    return report.head.reason.partition("\n")[0] if isinstance(report.head, Unavailable) else ""


def _spec(app: App) -> BuildSpec:
    return BuildSpec(
        name=app.name,
        file=app.file,
        build_args=tuple(f"{name}={value}" for name, value in app.arguments.items()),
        secrets=tuple(f"{name}={value}" for name, value in app.secrets.items()),
        network="host",
        timeout=smoke.BUILD_SECONDS,
    )


def _shop(app: App, tree: Path, minutes: float) -> fixing.Workshop:
    builder = wiring.builder(tree, os.environ, ())
    scale = wiring.scale(lambda _what, _count: None, wiring.engine)
    climb = SilentClimb()
    prover = wiring.prover(builder, scale, climb, minutes=minutes, minimum_change=0)
    return fixing.Workshop(
        yard=Yard(
            repository=FakeRepository(root=tree),
            builder=builder,
            engine=wiring.engine,
            scale=scale,
            log=ClimbLog(climb),
        ),
        prover=UntilProven(**{each.name: getattr(prover, each.name) for each in fields(prover)}),
        rules=RulesConfig(today=examining.today()),
        smoke={app.name: surroundings(app)},
    )


def surroundings(app: App) -> Smoke:
    """What the prover is told. A command that reads standard input can't be given, so the image's own is tried."""
    given = app.smoke
    command = given.command if given.command and not given.stdin else None
    return Smoke(
        command=command,
        status=given.status if command and given.status else None,
        environment=tuple(f"{name}={value}" for name, value in given.environment.items()),
        services=tuple(
            Service(
                name=each.name,
                image=each.image,
                port=each.port,
                command=each.command,
                environment=tuple(f"{name}={value}" for name, value in each.environment.items()),
            )
            for each in given.services
        ),
        timeout=max(60, given.timeout),
    )


def _tried(app: App, fix: Fix, passed: Passed) -> Try:
    proof = fix.proof
    return Try(
        strategy=fix.candidate.strategy,
        family=fix.candidate.family.value,
        status=proof.status.value,
        reason=proof.reason,
        size=proof.size,
        seconds=proof.seconds or 0.0,
        broken=_broken(app, fix, passed) if proof.status is ProofStatus.VERIFIED else "",
    )


def _broken(app: App, fix: Fix, passed: Passed) -> str:
    """How the program fails that the fixed Dockerfile makes; empty where it does all that its manifest says."""
    if fix.patch in passed:
        return ""
    tag = f"weighbridge-ladder-{app.name}:{uuid.uuid4().hex[:12]}"
    try:
        # What a context holds of a Dockerfile is nothing that a program needs, but would have all steps done anew.
        if all(edit.path == fix.candidate.dockerfile for edit in fix.candidate.edits):
            smoke.build(app, tag, dockerfile=fix.candidate.dockerfile_text)
        else:
            smoke.build(app, tag, change=lambda context: fixing.apply_fix(fix, context))
        smoke.smoke(tag, app)
    except smoke.SmokeFailed as failed:
        return str(failed)
    finally:
        smoke.docker("image", "rm", "--force", tag, check=False)
    passed.add(fix.patch)
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What passed an application's own smoke test before: its name, and the patches of its fixes, by content.

    `folder` None remembers nothing. `content` is what a test rests on beside those: the application and its bases.
    """

    folder: Path | None = None
    content: str = ""

    def __contains__(self, what: str) -> bool:
        return self.folder is not None and self._file(self.folder, what).exists()

    def add(self, what: str) -> None:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file(self.folder, what).touch()

    def _file(self, folder: Path, what: str) -> Path:
        return folder / hashlib.sha256(f"{self.content}\0{what}".encode()).hexdigest()


def content(name: str, bases: tuple[str, ...]) -> str:
    """Changes with the application, with how it is tested, and with the bases' stamps."""
    state = hashlib.sha256("\0".join(bases).encode())
    for path in (*_files(apps.FOLDER / name), Path(smoke.__file__)):
        state.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return state.hexdigest()[:24]


def key(content: str) -> str:
    """Changes with the content, and with whatever in weighbridge a result may depend on."""
    state = hashlib.sha256(content.encode())
    for path in (*_files(_SOURCES), Path(__file__)):
        state.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return state.hexdigest()[:24]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and "__pycache__" not in path.parts and not name.startswith(_ASIDE):
            yield path


def load(folder: Path, name: str, key: str | None = None) -> Row | None:
    """The result of another time, where nothing that it depends on has changed; without a key, the last there is."""
    try:
        found = json.loads((folder / f"{name}.json").read_text())
    except (OSError, ValueError):
        return None
    if key not in (None, found["key"]):
        return None
    row = found["row"]
    return Row(**{**row, "tries": tuple(Try(**each) for each in row["tries"])})


def keep(folder: Path, row: Row, key: str) -> None:
    """For `load`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {"key": key, "at": time.time(), "row": asdict(row)}
    part = folder / f"{row.name}.json.part"
    part.write_text(json.dumps(made, indent=1))
    part.rename(folder / f"{row.name}.json")
