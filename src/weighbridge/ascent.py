"""One candidate on the ladder, and what is known of the original that it is held against.

The original is described, read and run once for all candidates (twice in a row, so that what it does not do the same
twice is known).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable  # noqa: TC003 - fields of values that are made from it
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn, Protocol

from weighbridge.core.proof.behaviour import Original, compare_behaviour, judge_original
from weighbridge.core.proof.closure import Side, check_closure, find_gaps
from weighbridge.core.proof.complaints import complaints
from weighbridge.core.proof.configuration import check_configuration
from weighbridge.core.proof.opened import check_opened
from weighbridge.core.proof.size import check_size
from weighbridge.core.proof.surface import surface_of
from weighbridge.core.redaction import redacted_config, redacted_proof
from weighbridge.errors import (
    BuildFailed,
    ImageNotFound,
    MalformedDockerfile,
    MalformedImage,
    ProbeUnavailable,
    UsageError,
)
from weighbridge.model.build import DockerfileText
from weighbridge.model.fix import Check, Outcome, Proof, ProofStatus, Step
from weighbridge.observing import Observer
from weighbridge.tracing import TROUBLES, make_kit, trace, unavailable
from weighbridge.weighing import Origin, programs_of

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.model.behaviour import Observation, Opened, Smoke
    from weighbridge.model.fix import Candidate, Gap
    from weighbridge.model.image import Image, ImageDescription
    from weighbridge.model.programs import Programs
    from weighbridge.model.subject import Subject
    from weighbridge.ports import Builder, Containers, Engine, ProgramsCache
    from weighbridge.weighing import Scale

STEPS = tuple(Step)
_MIN_BUILD_SECONDS = 10.0
_TAIL_LINES = 5
_LATE = "the budget of time was used up while it was built"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What climbing works with. `minimum_change` is unpacked bytes.

    `engine` and `containers` are asked for when they are first needed; `clock` and `sleep` are time's, or a test's.
    """

    builder: Builder
    engine: Callable[[], Engine]
    containers: Callable[[], Containers]
    scale: Scale
    programs: ProgramsCache
    climb: Climb
    minimum_change: int = 0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True, kw_only=True)
class Camp:
    """Where candidates for one image start from. What is known of the original is found out once.

    No build begins that could not end before `deadline` (of the tools' clock). `longest` is seconds: what one run may
    take of that, whatever the smoke test says. `hidden` is masked in all that is told.
    """

    tools: Tools
    subject: Subject
    tree: Path
    smoke: Smoke
    deadline: float
    longest: float
    hidden: tuple[str, ...]
    description: ImageDescription
    _image: Image | None = None
    _programs: Programs | None = None
    _behaviour: Original | None = None
    _opened: Opened | None = None

    def incomparable(self) -> str:
        """Why nothing could be claimed of any candidate, however it was built; empty if there is no reason."""
        try:
            return self.behaviour.reason
        except (ProbeUnavailable, ImageNotFound) as error:
            return str(error)

    @property
    def image(self) -> Image:
        """The original, weighed."""
        if self._image is None:
            self._image = self.subject.image or self.weighed(self.description.id)
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
            self.tools.climb.line(None, "running the original, twice")
            first = self.observed(self.description)
            second = first if first.failure else self.observed(self.description, like=first)
            self._behaviour = judge_original(first, second, self.description.config, self.smoke)
        return self._behaviour

    @property
    def opened(self) -> Opened:
        """What the original opens and starts while it runs, as a run of its own shows."""
        if self._opened is None:
            tools = self.tools
            tools.climb.line(None, "running the original under strace")
            try:
                kit = make_kit(tools.builder, tools.engine(), self.subject.spec)
                self._opened = trace(self._observer, kit, self.description, self._smoke, self.behaviour.first)
            except TROUBLES as error:
                self._opened = unavailable(error)
        return self._opened

    @property
    def _observer(self) -> Observer:
        tools = self.tools
        return Observer(containers=tools.containers(), hidden=self.hidden, clock=tools.clock, sleep=tools.sleep)

    @property
    def _smoke(self) -> Smoke:
        return replace(self.smoke, timeout=min(self.smoke.timeout, self.longest))

    def observed(self, image: ImageDescription, *, like: Observation | None = None) -> Observation:
        """What an image does, as the smoke test says."""
        return self._observer.observe(image.id, image.config, self._smoke, like=like)

    def read(self, reference: str) -> Programs:
        """An image's file system, as far as running it is concerned."""
        return programs_of(reference, self.tools.engine(), self.tools.programs, lambda _: None)

    def weighed(self, reference: str) -> Image:
        """An image on the engine, weighed."""
        (image,) = self.tools.scale.daemon_images([reference], [Origin()])
        return image


class _Stopped(Exception):
    """A step that ends the climb."""

    def __init__(self, status: ProofStatus, check: Check) -> None:
        super().__init__()
        self.status = status
        self.check = check


@dataclass(slots=True, kw_only=True)
class Ascent:
    """One candidate on the ladder. `gaps` are what it lacks, and `built` its file system, for whoever can mend that."""

    camp: Camp
    candidate: Candidate
    gaps: tuple[Gap, ...] = ()
    built: Side | None = None
    checks: list[Check] = field(default_factory=list)
    _tag: str = ""

    def proof(self) -> Proof:
        """Climbs until a step fails, and leaves nothing on the engine."""
        tools = self.camp.tools
        started = tools.clock()
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
            tools.engine().remove(self._tag)
        proof = Proof(status=status, reason=reason, checks=tuple(self.checks), seconds=tools.clock() - started)
        proof = redacted_proof(proof, self.camp.hidden)
        if image is None or programs is None:
            return proof
        return replace(
            proof,
            original_size=self.camp.image.size,
            size=image.size,
            packed=image.packed,
            before=surface_of(self.camp.image, self.camp.side.programs),
            after=surface_of(image, programs),
        )

    def _begin(self, step: Step) -> None:
        self.camp.tools.climb.begin(self.candidate, step)

    def _build(self) -> None:
        self._begin(Step.BUILD)
        camp, candidate = self.camp, self.candidate
        tools, context = camp.tools, camp.subject.context
        left = max(camp.deadline - tools.clock(), _MIN_BUILD_SECONDS)
        spec = replace(
            camp.subject.spec,
            target=candidate.target or camp.subject.spec.target,
            timeout=min(camp.subject.spec.timeout, left),
            # What was built before is wanted again: the same base, the same steps, nothing for others.
            pull=False,
            no_cache=False,
            cache_to=(),
        )
        # The one in force may lie beside the Dockerfile, where BuildKit would not find it any more.
        ignore = candidate.ignore_text if candidate.ignore_text is not None else (context.ignore if context else None)
        instead = DockerfileText(text=candidate.dockerfile_text, ignore=ignore)
        try:
            built = tools.builder.build(
                spec,
                tree=camp.tree,
                tag=self._tag,
                on_line=lambda text: tools.climb.line(candidate, text),
                instead=instead,
            )
        except (BuildFailed, MalformedDockerfile, UsageError) as error:
            if tools.clock() >= camp.deadline:
                late = Check(step=Step.BUILD, outcome=Outcome.UNKNOWN, details=(_LATE,))
                raise _Stopped(ProofStatus.NOT_RUN, late) from error
            tail = error.log_tail[-_TAIL_LINES:] if isinstance(error, BuildFailed) else ()
            self._stop(Check(step=Step.BUILD, outcome=Outcome.FAILED, details=(str(error), *tail)))
        said = f"built in {built.seconds:.1f} s"
        self._take(Check(step=Step.BUILD, outcome=Outcome.PASSED, details=(said,)))

    def _configuration(self) -> None:
        self._begin(Step.CONFIGURATION)
        described = self.camp.description, self.camp.tools.engine().describe(self._tag)
        before, after = (redacted_config(each.config, self.camp.hidden) for each in described)
        self._take(check_configuration(before, after, self.candidate.may_change))

    def _closure(self) -> Programs:
        self._begin(Step.CLOSURE)
        try:
            side = Side(
                programs=self.camp.read(self._tag),
                config=self.camp.tools.engine().describe(self._tag).config,
            )
            original = self.camp.side
        except (MalformedImage, ImageNotFound) as error:
            self._stop(Check(step=Step.CLOSURE, outcome=Outcome.UNKNOWN, details=(str(error),)))
        self.built = side
        check = check_closure(original, side)
        if check.outcome is Outcome.FAILED:
            self.gaps = find_gaps(original, side)
        elif self.camp.smoke.trace:
            check = self._opened(check, original, side)
        self._take(check)
        return side.programs

    def _opened(self, closed: Check, original: Side, side: Side) -> Check:
        """The check of a file system that closes, with what the run of the original asks for besides."""
        opened = self.camp.opened
        if opened.failure:
            return replace(closed, details=(*closed.details, f"not traced: {opened.failure}"))
        check, self.gaps = check_opened(opened, original, side)
        if check.outcome is not Outcome.PASSED:
            return check
        return replace(closed, details=(*closed.details, *check.details))

    def _behaviour(self) -> None:
        self._begin(Step.BEHAVIOUR)
        camp = self.camp
        try:
            original = camp.behaviour
            described = camp.tools.engine().describe(self._tag)
            seen = camp.observed(described, like=original.first)
        except (ProbeUnavailable, ImageNotFound) as error:
            self._stop(Check(step=Step.BEHAVIOUR, outcome=Outcome.UNKNOWN, details=(str(error),)))
        check = compare_behaviour(original, seen, camp.smoke)
        if check.outcome is Outcome.FAILED and self.built is not None:
            self.gaps = complaints(original, seen, camp.side, self.built)
        self._take(check)

    def _size(self) -> Image:
        self._begin(Step.SIZE)
        try:
            image = self.camp.weighed(self._tag)
            original = self.camp.image
        except (MalformedImage, ImageNotFound) as error:
            self._stop(Check(step=Step.SIZE, outcome=Outcome.UNKNOWN, details=(str(error),)))
        minimum = self.camp.tools.minimum_change
        self._take(check_size(original.size, image.size, minimum, self.candidate.family))
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
    if stopped.status is not ProofStatus.REJECTED:
        return first
    step = stopped.check.step
    return f"rejected at step {1 + STEPS.index(step)} ({step.value}): {first}"
