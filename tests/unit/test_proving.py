"""Candidates climb the ladder on fakes: what is claimed, what is mended, what is remembered, and nothing is left."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_containers import FakeContainers, Program
from tests.support.fake_engine import FakeBuilder, FakeEngine, FakeLayerCache
from weighbridge import ascent
from weighbridge.adapters.climbing import SilentClimb
from weighbridge.dockerfile.parse import parse
from weighbridge.model.behaviour import Smoke
from weighbridge.model.build import BuildSpec
from weighbridge.model.fix import Candidate, Family, FileEdit, GapKind, ProofStatus
from weighbridge.model.subject import Subject
from weighbridge.proving import DERIVED, Prover
from weighbridge.weighing import Scale

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.core.proof.closure import Side
    from weighbridge.model.fix import Fix, Gap
    from weighbridge.model.programs import Programs
    from weighbridge.ports import Launch

ORIGINAL = "FROM busybox:1.36\nENV APP=1\nRUN dd of=/opt/data/x bs=1000 count=5\nRUN dd of=/waste bs=1000 count=90\n"
GOOD = ORIGINAL.replace("RUN dd of=/waste bs=1000 count=90\n", "")
# Without the data the program fails.
BAD = GOOD.replace("RUN dd of=/opt/data/x bs=1000 count=5\n", "")
WELL = Program(ends=(1.0, 0), says=[(0.5, "stdout", "weighed\n")])
BADLY = Program(ends=(1.0, 1), says=[(0.5, "stderr", "open /opt/data/x: no such file or directory\n")])


class _Containers(FakeContainers):
    """Programs that want what an image may hold."""

    def __init__(self, engine: FakeEngine) -> None:
        super().__init__({})
        self._engine = engine
        self.runs = 0
        self.everywhere: Program | None = None

    @property
    def traced(self) -> list[Launch]:
        """Launches under strace."""
        return [launch for launch in self.started if launch.files]

    def program(self, launch: Launch) -> Program:
        """Runs well where the data are."""
        self.runs += 1
        if self.everywhere is not None:
            return self.everywhere
        steps = self._engine._image(launch.image).steps
        return WELL if any("/opt/data/x" in step.created_by for step in steps) else BADLY


@dataclass
class _Programs:
    """Implements ports.ProgramsCache: forgets."""

    def get(self, image_id: str) -> Programs | None:
        """See the port."""

    def put(self, image_id: str, programs: Programs) -> None:
        """See the port."""


@dataclass
class _Proofs:
    """Implements ports.ProofCache: in memory."""

    kept: dict[str, Fix] = field(default_factory=dict)

    def get(self, key: str) -> Fix | None:
        """See the port."""
        return self.kept.get(key)

    def put(self, key: str, fix: Fix) -> None:
        """See the port."""
        self.kept[key] = fix


def candidate(text: str, strategy: str = "native/slim") -> Candidate:
    """One with another Dockerfile."""
    return Candidate(
        strategy=strategy,
        family=Family.MULTI_STAGE,
        title="Ships less",
        rules=(),
        dockerfile="Dockerfile",
        dockerfile_text=text,
        edits=(FileEdit(path="Dockerfile", before=ORIGINAL, after=text),),
    )


class Mender:
    """Gives the next of some texts, and notes what it was asked for."""

    def __init__(self, *texts: str) -> None:
        self._texts = list(texts)
        self.asked: list[list[tuple[GapKind, str]]] = []

    def __call__(self, before: Candidate, gaps: tuple[Gap, ...], built: Side) -> Candidate | None:
        """See proving.Revise."""
        assert "opt/data/x" not in built.programs.files
        self.asked.append([(gap.kind, gap.wanted) for gap in gaps])
        text = self._texts.pop(0) if self._texts else None
        return None if text is None else replace(before, dockerfile_text=text, title="Ships less; brings along data")


class Site:
    """A prover on fakes."""

    def __init__(self, folder: Path) -> None:
        self.engine = FakeEngine()
        self.builder = FakeBuilder(self.engine)
        self.containers = _Containers(self.engine)
        self.proofs = _Proofs()
        self.folder = folder
        self.builder.build(BuildSpec(name="app"), tree=self.tree(ORIGINAL), tag="original", on_line=lambda _: None)
        self.builder.specs.clear()

    def tree(self, text: str) -> Path:
        (self.folder / "Dockerfile").write_text(text)
        return self.folder

    def prove(
        self,
        *candidates: Candidate,
        revise: Mender | None = None,
        minutes: float = 10.0,
        timeout: float = 3600.0,
        smoke: Smoke = DERIVED,
    ) -> list[Fix]:
        """The fixes, after which only the original is on the engine."""
        prover = Prover(
            builder=self.builder,
            engine=lambda: self.engine,
            containers=lambda: self.containers,
            scale=Scale(engine=lambda: self.engine, cache=FakeLayerCache(), progress=lambda *_: None),
            programs=_Programs(),
            proofs=self.proofs,
            climb=SilentClimb(),
            minutes=minutes,
            clock=self.containers.clock,
            sleep=self.containers.sleep,
        )
        spec = BuildSpec(name="app", timeout=timeout)
        subject = Subject(spec=spec, dockerfile=parse(ORIGINAL, "Dockerfile"), text=ORIGINAL)
        fixes = prover.prove(
            subject,
            "original",
            candidates,
            tree=self.folder,
            source="source",
            revise=revise,
            smoke=smoke,
            hidden=("s3cret",),
        )
        assert {"busybox:1.36", "original"} == set(self.engine.images)
        assert 0 == self.containers.open
        return list(fixes)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_what_climbs_all_steps_is_verified_and_saves_what_was_measured(site: Site) -> None:
    (fix,) = site.prove(candidate(GOOD))

    assert (ProofStatus.VERIFIED, 90_000) == (fix.proof.status, fix.proof.saved)


def test_of_a_family_nothing_is_tried_after_one_is_proven(site: Site) -> None:
    first, second = site.prove(candidate(GOOD), candidate(GOOD, "native/debian"))

    assert (ProofStatus.NOT_RUN, "a more ambitious one is proven already") == (second.proof.status, second.proof.reason)
    assert ProofStatus.VERIFIED is first.proof.status


def test_what_the_run_shows_is_mended_and_climbs_again(site: Site) -> None:
    mender = Mender(GOOD)
    (fix,) = site.prove(candidate(BAD), revise=mender)

    assert [[(GapKind.FILE, "/opt/data/x")]] == mender.asked
    assert (ProofStatus.VERIFIED, GOOD, "Ships less; brings along data") == (
        fix.proof.status, fix.candidate.dockerfile_text, fix.candidate.title
    )  # fmt: skip


def test_what_cannot_be_mended_is_rejected_with_its_own_reason(site: Site) -> None:
    for mender in (None, Mender()):
        site.proofs.kept.clear()
        (fix,) = site.prove(candidate(BAD), revise=mender)

        assert ProofStatus.REJECTED is fix.proof.status
        assert fix.proof.reason.startswith("rejected at step 4 (behaviour): ends with status 1, where the original ")


def test_mending_is_bounded_and_the_one_that_climbed_highest_is_told(site: Site) -> None:
    mender = Mender(*(f"{BAD}RUN dd of=/try{number} bs=1 count=1\n" for number in range(20)))
    (fix,) = site.prove(candidate(BAD), revise=mender)

    assert (4, 5) == (len(mender.asked), len(site.builder.specs))
    assert (ProofStatus.REJECTED, BAD) == (fix.proof.status, fix.candidate.dockerfile_text)


def test_one_that_does_not_build_when_mended_is_told_as_it_was_before(site: Site) -> None:
    (fix,) = site.prove(candidate(BAD), revise=Mender("FROM busybox:1.36\nRUN false\n"))

    assert (BAD, "rejected at step 4") == (fix.candidate.dockerfile_text, fix.proof.reason[:18])


def test_what_was_found_out_is_remembered_as_it_was_mended(site: Site) -> None:
    before = site.prove(candidate(BAD), revise=Mender(GOOD))
    runs, builds = site.containers.runs, len(site.builder.specs)
    after = site.prove(candidate(BAD), revise=Mender())

    assert before == after
    assert (runs, builds) == (site.containers.runs, len(site.builder.specs))


def test_a_remembered_fix_is_told_as_it_is_told_now(site: Site) -> None:
    site.prove(candidate(GOOD))
    (fix,) = site.prove(replace(candidate(GOOD), title="Another title"))

    assert (ProofStatus.VERIFIED, "Another title") == (fix.proof.status, fix.candidate.title)


@pytest.mark.parametrize(("bytes_", "again"), [(50, False), (10_000, True)])
def test_an_original_that_the_network_made_another_one_is_compared_again(site: Site, bytes_: int, again: bool) -> None:
    site.prove(candidate(GOOD))
    heavier = ORIGINAL + f"RUN dd if=/dev/urandom of=/more bs=1 count={bytes_}\n"
    site.builder.build(BuildSpec(name="app"), tree=site.tree(heavier), tag="original", on_line=lambda _: None)
    builds = len(site.builder.specs)
    site.prove(candidate(GOOD))

    assert again == (builds < len(site.builder.specs))


def test_without_time_only_what_is_remembered_is_told(site: Site) -> None:
    (fix,) = site.prove(candidate(GOOD), minutes=0)
    assert (ProofStatus.NOT_RUN, "the budget of 0 minutes was used up") == (fix.proof.status, fix.proof.reason)
    assert {} == site.proofs.kept

    site.prove(candidate(GOOD))
    (fix,) = site.prove(candidate(GOOD), minutes=0)
    assert ProofStatus.VERIFIED is fix.proof.status


def test_a_build_that_hangs_is_ended_and_rejects_its_candidate(site: Site) -> None:
    (fix,) = site.prove(candidate("FROM busybox:1.36\nRUN sleep 60\n"), timeout=0.1)

    assert ProofStatus.REJECTED is fix.proof.status
    assert fix.proof.reason.startswith("rejected at step 1 (build): the build took longer than 0.1 s and was ended")


def test_a_secret_that_became_a_variable_is_masked_in_what_is_told(site: Site) -> None:
    (fix,) = site.prove(candidate(GOOD.replace("ENV APP=1", "ENV APP=s3cret")))

    assert ProofStatus.REJECTED is fix.proof.status
    assert "***" in fix.proof.reason
    assert "s3cret" not in str(fix.proof)


@pytest.mark.parametrize(("opens", "proven"), [("/opt/data/x", False), ("/opt/data/other", True)])
def test_what_the_original_opens_a_candidate_must_have(
    site: Site, monkeypatch: pytest.MonkeyPatch, opens: str, proven: bool
) -> None:
    monkeypatch.setattr(ascent, "make_kit", lambda *_: b"kit")
    log = f'7 openat(AT_FDCWD</>, "{opens}", O_RDONLY) = 3<{opens}>\n'.encode()
    site.containers.everywhere = replace(WELL, files={"/.weighbridge/log": log})
    (fix,) = site.prove(candidate(BAD), smoke=Smoke(trace=True))

    assert proven == (fix.proof.status is ProofStatus.VERIFIED), fix.proof.checks[2].details
    assert proven or "the original opens /opt/data/x while it runs, which " in fix.proof.reason
    last = site.containers.traced[-1]
    assert ("/.weighbridge/ld.so",) == last.entrypoint
    assert b"kit" == last.files
    (untraced,) = site.prove(candidate(BAD))
    assert ProofStatus.VERIFIED is untraced.proof.status


def test_where_strace_cannot_be_had_it_is_said_and_the_rest_is_proven(site: Site) -> None:
    (fix,) = site.prove(candidate(GOOD), smoke=Smoke(trace=True))

    assert ProofStatus.VERIFIED is fix.proof.status
    assert "not traced: strace cannot be had: Dockerfile:1: " in fix.proof.checks[2].details[-1]
