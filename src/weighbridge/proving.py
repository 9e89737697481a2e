"""Candidates climb the ladder: built, compared, closed, run beside the original, weighed. Nothing else is claimed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.ascent import Ascent, Camp, Tools
from weighbridge.core.fixes.patch import patch_of
from weighbridge.core.proof.keys import proof_key
from weighbridge.model.behaviour import Smoke
from weighbridge.model.fix import Check, Family, Fix, Outcome, Proof, ProofStatus, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from weighbridge.core.proof.closure import Side
    from weighbridge.model.fix import Candidate, Gap
    from weighbridge.model.subject import Subject
    from weighbridge.ports import ProofCache

DERIVED = Smoke()
_MAX_REVISIONS = 5
# The original runs twice, and a candidate once.
_RUNS = 3
_SHORTEST_SECONDS = 10.0
# Logs that say how long a step took differ; what is another one by more than this is to be weighed again.
_MOVED = 0.001
_SETTLED = (ProofStatus.VERIFIED, ProofStatus.REJECTED)

Revise = Callable[["Candidate", "tuple[Gap, ...]", "Side"], "Candidate | None"]
"""Makes another candidate of one that lacks something, as it was built; None where that cannot be mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prover(Tools):
    """What proving works with. `minutes` is the budget for one image's candidates."""

    proofs: ProofCache
    minutes: float = 10.0

    def prove(
        self,
        subject: Subject,
        original: str,
        candidates: Sequence[Candidate],
        *,
        tree: Path,
        source: str | None,
        smoke: Smoke = DERIVED,
        revise: Revise | None = None,
        hidden: tuple[str, ...] = (),
    ) -> tuple[Fix, ...]:
        """Every candidate with its proof, best first.

        `original` is the tag or ID of the image that `subject` builds from `tree`. Of each family the candidates are
        tried in their order until one is verified. `source` tells whether the original is made of what it was
        another time; None keeps nothing for the next time. `hidden` are parts of secrets, masked in all that is told.
        Raises EngineUnavailable and Interrupted; what one candidate did not do is a value.
        """
        camp = Camp(
            tools=self,
            subject=subject,
            tree=tree,
            smoke=smoke,
            deadline=self.clock() + self.minutes * 60,
            longest=max(self.minutes * 60 / _RUNS, _SHORTEST_SECONDS),
            hidden=hidden,
            description=self.engine().describe(original),
        )
        run = _Proving(prover=self, camp=camp, source=source, revise=revise)
        proven: set[str] = set()
        fixes = []
        for candidate in candidates:
            if candidate.family in proven:
                reason = "a more ambitious one is proven already"
                fixes.append(_fix(candidate, Proof(status=ProofStatus.NOT_RUN, reason=reason)))
                continue
            fix = run.fix(candidate)
            if fix.proof.status is ProofStatus.VERIFIED and candidate.family is not Family.BASE:
                proven.add(candidate.family)
            fixes.append(fix)
        return tuple(sorted(fixes, key=_rank))


def _fix(candidate: Candidate, proof: Proof) -> Fix:
    return Fix(candidate=candidate, patch=patch_of(candidate.edits), proof=proof)


def _rank(fix: Fix) -> tuple[int, int]:
    """Verified ones first, by what they save; the rest as they were tried."""
    order = (ProofStatus.VERIFIED, ProofStatus.UNVERIFIABLE, ProofStatus.REJECTED, ProofStatus.NOT_RUN)
    return order.index(fix.proof.status), -(fix.proof.saved or 0)


@dataclass(slots=True, kw_only=True)
class _Proving:
    """One image's candidates."""

    prover: Prover
    camp: Camp
    source: str | None
    revise: Revise | None

    def fix(self, candidate: Candidate) -> Fix:
        """One candidate, or what it became where it lacked something: the one that climbed highest."""
        key = self._key(candidate)
        fix = self._known(key)
        if fix is None:
            fix, settled = self._best(candidate)
            if key is not None and settled:
                self.prover.proofs.put(key, fix)
        elif fix.candidate.dockerfile_text == candidate.dockerfile_text:
            # It may be told otherwise than it was.
            fix = _fix(candidate, fix.proof)
        self.prover.climb.end(fix.candidate, fix.proof)
        return fix

    def _best(self, candidate: Candidate) -> tuple[Fix, bool]:
        """The fix, and whether another time would find the same."""
        best, tries = None, 0
        while True:
            ascent = Ascent(camp=self.camp, candidate=candidate)
            proof = self._proof(ascent)
            if best is None or _height(proof) > _height(best.proof):
                best = _fix(candidate, proof)
            tries += 1
            mended = self._mended(ascent) if tries < _MAX_REVISIONS else None
            if mended is None:
                return best, proof.status in _SETTLED
            candidate = mended

    def _mended(self, ascent: Ascent) -> Candidate | None:
        if self.revise is None or not ascent.gaps or ascent.built is None:
            return None
        return self.revise(ascent.candidate, ascent.gaps, ascent.built)

    def _proof(self, ascent: Ascent) -> Proof:
        if self.prover.clock() >= self.camp.deadline:
            reason = f"the budget of {self.prover.minutes:g} minutes was used up"
            return Proof(status=ProofStatus.NOT_RUN, reason=reason)
        reason = self.camp.incomparable()
        if reason:
            check = Check(step=Step.BEHAVIOUR, outcome=Outcome.UNKNOWN, details=(reason,))
            return Proof(status=ProofStatus.UNVERIFIABLE, reason=reason, checks=(check,))
        return ascent.proof()

    def _key(self, candidate: Candidate) -> str | None:
        if self.source is None:
            return None
        return proof_key(
            self.source,
            candidate,
            self.camp.subject.spec,
            self.camp.smoke,
            minimum_change=self.prover.minimum_change,
        )

    def _known(self, key: str | None) -> Fix | None:
        """What was found out before, unless what the network gives has made the original another one meanwhile."""
        fix = None if key is None else self.prover.proofs.get(key)
        if fix is None or fix.proof.original_size is None:
            return fix
        size = self.camp.image.size
        return fix if abs(size - fix.proof.original_size) <= size * _MOVED else None


def _height(proof: Proof) -> int:
    """How many steps it stands on."""
    return sum(check.outcome is Outcome.PASSED for check in proof.checks)
