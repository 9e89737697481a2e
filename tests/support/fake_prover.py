"""What proves, without running anything: for tests of what becomes of a proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.fixes import SLIGHTLY_LESS, SURFACE
from weighbridge.core.fixes.patch import patch_of
from weighbridge.model.fix import Check, Fix, Outcome, Proof, ProofStatus, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.fake_engine import FakeBuilder
    from weighbridge.model.behaviour import Smoke
    from weighbridge.model.fix import Candidate
    from weighbridge.model.programs import Programs
    from weighbridge.model.subject import Subject


@dataclass
class NoProgramsCache:
    """Implements ports.ProgramsCache: forgets at once."""

    def get(self, image_id: str) -> Programs | None:
        """See the port."""
        return None

    def put(self, image_id: str, programs: Programs) -> None:
        """See the port."""


@dataclass(frozen=True, kw_only=True)
class FakeProver:
    """Stands for proving.Prover: every candidate that may take time is built once, and then `verdict`.

    `proven` is its memory, by what the real one goes by; `tried` are the strategies that it took time for.
    """

    builder: FakeBuilder
    verdict: ProofStatus = ProofStatus.VERIFIED
    minutes: float = 10.0
    programs: NoProgramsCache = field(default_factory=NoProgramsCache)
    proven: dict[tuple[str, str | None], Proof] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)

    def prove(
        self,
        subject: Subject,
        original: str,
        candidates: Sequence[Candidate],
        *,
        tree: Path,
        source: str | None,
        smoke: Smoke,
        revise: object = None,
        hidden: tuple[str, ...] = (),
    ) -> tuple[Fix, ...]:
        """See proving.Prover."""
        return tuple(
            Fix(candidate=each, patch=patch_of(each.edits), proof=self._proof(each, source)) for each in candidates
        )

    def _proof(self, candidate: Candidate, source: str | None) -> Proof:
        key = (candidate.dockerfile_text, source)
        if key not in self.proven:
            if self.minutes <= 0:
                return Proof(status=ProofStatus.NOT_RUN, reason="the budget was used up")
            self.tried.append(candidate.strategy)
            self.proven[key] = Proof(
                status=self.verdict,
                checks=tuple(Check(step=step, outcome=Outcome.PASSED, details=("fine",)) for step in Step),
                original_size=40_000,
                size=30_000,
                before=SURFACE,
                after=SLIGHTLY_LESS,
                seconds=1.0,
            )
        return self.proven[key]
