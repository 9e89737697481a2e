"""Candidates climb the ladder: built, compared, closed, run beside the original, weighed. Nothing else is claimed.

The original is described, read and run once for all of them (twice in a row, so that what it does not do the same twice
is known).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn, Protocol

from weighbridge.core.fixes.patch import patch_of
from weighbridge.core.proof.behaviour import Original, compare_behaviour, judge_original
from weighbridge.core.proof.closure import Side, check_closure, find_gaps
from weighbridge.core.proof.configuration import check_configuration
from weighbridge.core.proof.keys import proof_key
from weighbridge.core.proof.size import check_size
from weighbridge.core.proof.surface import surface_of
from weighbridge.errors import (
    BuildFailed,
    ImageNotFound,
    MalformedDockerfile,
    MalformedImage,
    ProbeUnavailable,
    UsageError,
)
from weighbridge.model.behaviour import Smoke
from weighbridge.model.build import DockerfileText
from weighbridge.model.fix import Check, Fix, Outcome, Proof, ProofStatus, Step
from weighbridge.observing import Observer
from weighbridge.weighing import Origin, programs_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from weighbridge.model.fix import Candidate, Gap
    from weighbridge.model.image import Image, ImageDescription
    from weighbridge.model.programs import Programs
    from weighbridge.model.subject import Subject
    from weighbridge.ports import Builder, Containers, Engine, ProgramsCache, ProofCache
    from weighbridge.weighing import Scale

STEPS = tuple(Step)
DERIVED = Smoke()
_MAX_REVISIONS = 3
_MIN_BUILD_SECONDS = 10.0
_TAIL_LINES = 5


class Climb(Protocol):
    """Who watches. Called from the thread that proves."""

    def begin(self, candidate: Candidate, step: Step) -> None:
        """A candidate tries a step."""
        ...

    def end(self, candidate: Candidate, proof: Proof) -> None:
        """A candidate is done with."""
        ...

    def line(self, candidate: Candidate | None, text: str) -> None:
        """A line of a build's progress, or (None) of the original's trial."""
        ...


Revise = Callable[["Candidate", "tuple[Gap, ...]"], "Candidate | None"]
"""Makes another candidate of one whose file system does not close; None where that cannot be mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prover:
    """What proving works with. `minutes` is the budget for one image's candidates; sizes are unpacked bytes.

    `engine` and `containers` are asked for when they are first needed.
    """

    builder: Builder
    engine: Callable[[], Engine]
    containers: Callable[[], Containers]
    scale: Scale
    programs: ProgramsCache
    proofs: ProofCache
    climb: Climb
    minutes: float = 10.0
    minimum_change: int = 0
    clock: Callable[[], float] = time.monotonic

    def prove(
        self,
        subject: Subject,
        original: str,
        candidates: Sequence[Candidate],
        *,
        tree: Path,
        context_digest: str | None,
        smoke: Smoke = DERIVED,
        revise: Revise | None = None,
    ) -> tuple[Fix, ...]:
        """Every candidate with its proof, best first.

        `original` is the tag or ID of the image that `subject` builds from `tree`. Of each family the candidates are
        tried in their order until one is verified. `context_digest` tells whether the build context is the one of
        another time; None keeps nothing for the next time. Raises EngineUnavailable and Interrupted; what one
        candidate did not do is a value.
        """
        run = _Proving(
            prover=self,
            subject=subject,
            tree=tree,
            smoke=smoke,
            context_digest=context_digest,
            revise=revise,
            deadline=self.clock() + self.minutes * 60,
            description=self.engine().describe(original),
        )
        proven: set[str] = set()
        fixes = []
        for candidate in candidates:
            if candidate.family in proven:
                reason = "a more ambitious one is proven already"
                fixes.append(_fix(candidate, Proof(status=ProofStatus.NOT_RUN, reason=reason)))
                continue
            fix = run.fix(candidate)
            if fix.proof.status is ProofStatus.VERIFIED:
                proven.add(candidate.family)
            fixes.append(fix)
        return tuple(sorted(fixes, key=_rank))


def _fix(candidate: Candidate, proof: Proof) -> Fix:
    return Fix(candidate=candidate, patch=patch_of(candidate.edits), proof=proof)


def _rank(fix: Fix) -> tuple[int, int]:
    """Verified ones first, by what they save; the rest as they were tried."""
    order = (ProofStatus.VERIFIED, ProofStatus.UNVERIFIABLE, ProofStatus.REJECTED, ProofStatus.NOT_RUN)
    return order.index(fix.proof.status), -(fix.proof.saved or 0)


class _Stopped(Exception):
    """A step that ends the climb."""

    def __init__(self, status: ProofStatus, check: Check) -> None:
        super().__init__()
        self.status = status
        self.check = check


@dataclass(slots=True, kw_only=True)
class _Proving:
    """One image's candidates. What is known of the original is found out once."""

    prover: Prover
    subject: Subject
    tree: Path
    smoke: Smoke
    context_digest: str | None
    revise: Revise | None
    deadline: float
    description: ImageDescription
    _image: Image | None = None
    _programs: Programs | None = None
    _behaviour: Original | None = None

    def fix(self, candidate: Candidate) -> Fix:
        """One candidate, revised as often as its gaps can be mended."""
        for _ in range(_MAX_REVISIONS):
            ascent = _Ascent(proving=self, candidate=candidate)
            proof = self._proof(ascent)
            mended = self.revise(candidate, ascent.gaps) if self.revise is not None and ascent.gaps else None
            if mended is None or mended == candidate:
                break
            candidate = mended
        self.prover.climb.end(candidate, proof)
        return _fix(candidate, proof)

    def _proof(self, ascent: _Ascent) -> Proof:
        key = self._key(ascent.candidate)
        known = None if key is None else self.prover.proofs.get(key)
        if known is not None:
            return known
        if self.prover.clock() >= self.deadline:
            reason = f"the budget of {self.prover.minutes:g} minutes was used up"
            return Proof(status=ProofStatus.NOT_RUN, reason=reason)
        reason = self._incomparable()
        if reason:
            check = Check(step=Step.BEHAVIOUR, outcome=Outcome.UNKNOWN, details=(reason,))
            return Proof(status=ProofStatus.UNVERIFIABLE, reason=reason, checks=(check,))
        proof = ascent.proof()
        mendable = self.revise is not None and bool(ascent.gaps)
        if key is not None and proof.status in (ProofStatus.VERIFIED, ProofStatus.REJECTED) and not mendable:
            self.prover.proofs.put(key, proof)
        return proof

    def _incomparable(self) -> str:
        """Why nothing could be claimed of any candidate, however it was built; empty if there is no reason."""
        try:
            return self.behaviour.reason
        except (ProbeUnavailable, ImageNotFound) as error:
            return str(error)

    def _key(self, candidate: Candidate) -> str | None:
        if self.context_digest is None:
            return None
        return proof_key(
            self.description.id,
            candidate,
            self.subject.spec,
            self.smoke,
            context=self.context_digest,
            minimum_change=self.prover.minimum_change,
        )

    @property
    def image(self) -> Image:
        """The original, weighed."""
        if self._image is None:
            self._image = self.subject.image or self._weighed(self.description.id)
        return self._image

    @property
    def side(self) -> Side:
        """The original's file system."""
        if self._programs is None:
            self._programs = self.subject.programs or self.read(self.description.id)
        return Side(programs=self._programs, config=self.description.config)

    @property
    def behaviour(self) -> Original:
        """The original, run twice."""
        if self._behaviour is None:
            self.prover.climb.line(None, "running the original, twice")
            observer = Observer(containers=self.prover.containers())
            config = self.description.config
            first = observer.observe(self.description.id, config, self.smoke)
            second = first if first.failure else observer.observe(self.description.id, config, self.smoke, like=first)
            self._behaviour = judge_original(first, second, config, self.smoke)
        return self._behaviour

    def read(self, reference: str) -> Programs:
        """An image's file system, as far as running it is concerned."""
        return programs_of(reference, self.prover.engine(), self.prover.programs, lambda _: None)

    def _weighed(self, reference: str) -> Image:
        (image,) = self.prover.scale.daemon_images([reference], [Origin()])
        return image

    def weighed(self, tag: str) -> Image:
        """A candidate, weighed."""
        return self._weighed(tag)


@dataclass(slots=True, kw_only=True)
class _Ascent:
    """One candidate on the ladder. `gaps` are what its file system lacks, for whoever can mend that."""

    proving: _Proving
    candidate: Candidate
    gaps: tuple[Gap, ...] = ()
    checks: list[Check] = field(default_factory=list)
    _tag: str = ""

    def proof(self) -> Proof:
        """Climbs until a step fails, and leaves nothing on the engine."""
        prover = self.proving.prover
        started = prover.clock()
        self._tag = f"weighbridge-{secrets.token_hex(6)}:candidate"
        status, reason, image = ProofStatus.VERIFIED, "", None
        try:
            self._build()
            self._configuration()
            programs = self._closure()
            self._behaviour()
            image = self._size()
        except _Stopped as stopped:
            self.checks.append(stopped.check)
            status = stopped.status
            reason = _reason(stopped)
            programs = None
        finally:
            prover.engine().remove(self._tag)
        proof = Proof(status=status, reason=reason, checks=tuple(self.checks), seconds=prover.clock() - started)
        if image is None or programs is None:
            return proof
        return replace(
            proof,
            original_size=self.proving.image.size,
            size=image.size,
            packed=image.packed,
            before=surface_of(self.proving.image, self.proving.side.programs),
            after=surface_of(image, programs),
        )

    def _begin(self, step: Step) -> None:
        self.proving.prover.climb.begin(self.candidate, step)

    def _build(self) -> None:
        self._begin(Step.BUILD)
        proving, candidate = self.proving, self.candidate
        prover, context = proving.prover, proving.subject.context
        left = max(proving.deadline - prover.clock(), _MIN_BUILD_SECONDS)
        spec = replace(
            proving.subject.spec,
            target=candidate.target or proving.subject.spec.target,
            timeout=min(proving.subject.spec.timeout, left),
            # What was built before is wanted again: the same base, the same steps, nothing for others.
            pull=False,
            no_cache=False,
            cache_to=(),
        )
        # The one in force may lie beside the Dockerfile, where BuildKit would not find it any more.
        ignore = candidate.ignore_text if candidate.ignore_text is not None else (context.ignore if context else None)
        instead = DockerfileText(text=candidate.dockerfile_text, ignore=ignore)
        try:
            built = prover.builder.build(
                spec,
                tree=proving.tree,
                tag=self._tag,
                on_line=lambda text: prover.climb.line(candidate, text),
                instead=instead,
            )
        except (BuildFailed, MalformedDockerfile, UsageError) as error:
            tail = error.log_tail[-_TAIL_LINES:] if isinstance(error, BuildFailed) else ()
            self._stop(Check(step=Step.BUILD, outcome=Outcome.FAILED, details=(str(error), *tail)))
        said = f"built in {built.seconds:.1f} s"
        self._take(Check(step=Step.BUILD, outcome=Outcome.PASSED, details=(said,)))

    def _configuration(self) -> None:
        self._begin(Step.CONFIGURATION)
        config = self.proving.prover.engine().describe(self._tag).config
        self._take(check_configuration(self.proving.description.config, config, self.candidate.may_change))

    def _closure(self) -> Programs:
        self._begin(Step.CLOSURE)
        try:
            side = Side(
                programs=self.proving.read(self._tag),
                config=self.proving.prover.engine().describe(self._tag).config,
            )
            original = self.proving.side
        except (MalformedImage, ImageNotFound) as error:
            self._stop(Check(step=Step.CLOSURE, outcome=Outcome.UNKNOWN, details=(str(error),)))
        check = check_closure(original, side)
        if check.outcome is Outcome.FAILED:
            self.gaps = find_gaps(original, side)
        self._take(check)
        return side.programs

    def _behaviour(self) -> None:
        self._begin(Step.BEHAVIOUR)
        proving = self.proving
        try:
            original = proving.behaviour
            described = proving.prover.engine().describe(self._tag)
            observer = Observer(containers=proving.prover.containers())
            seen = observer.observe(described.id, described.config, proving.smoke, like=original.first)
        except (ProbeUnavailable, ImageNotFound) as error:
            self._stop(Check(step=Step.BEHAVIOUR, outcome=Outcome.UNKNOWN, details=(str(error),)))
        self._take(compare_behaviour(original, seen, proving.smoke))

    def _size(self) -> Image:
        self._begin(Step.SIZE)
        try:
            image = self.proving.weighed(self._tag)
            original = self.proving.image
        except (MalformedImage, ImageNotFound) as error:
            self._stop(Check(step=Step.SIZE, outcome=Outcome.UNKNOWN, details=(str(error),)))
        self._take(check_size(original.size, image.size, self.proving.prover.minimum_change))
        return image

    def _take(self, check: Check) -> None:
        if check.outcome is not Outcome.PASSED:
            self._stop(check)
        self.checks.append(check)

    def _stop(self, check: Check) -> NoReturn:
        status = ProofStatus.REJECTED if check.outcome is Outcome.FAILED else ProofStatus.UNVERIFIABLE
        raise _Stopped(status, check)


def _reason(stopped: _Stopped) -> str:
    first = stopped.check.details[0] if stopped.check.details else "it does not say why"
    if stopped.status is ProofStatus.UNVERIFIABLE:
        return first
    step = stopped.check.step
    return f"rejected at step {1 + STEPS.index(step)} ({step.value}): {first}"
