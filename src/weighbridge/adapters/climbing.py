"""Candidates as they climb, live on a terminal: stderr, and only when a person looks. Implements proving.Climb."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.model.fix import ProofStatus, Step

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from weighbridge.model.fix import Candidate, Proof

_STYLES = {
    ProofStatus.VERIFIED: "green",
    ProofStatus.REJECTED: "red",
    ProofStatus.UNVERIFIABLE: "magenta",
    ProofStatus.NOT_RUN: "dim",
}
_WIDTH = 60


class SilentClimb:
    """No terminal, nothing to watch."""

    def begin(self, candidate: Candidate, step: Step) -> None:
        """See proving.Climb."""

    def end(self, candidate: Candidate, proof: Proof) -> None:
        """See proving.Climb."""

    def line(self, candidate: Candidate | None, text: str) -> None:
        """See proving.Climb."""

    def close(self) -> None:
        """Nothing to leave behind."""


class TerminalClimb:
    """A table with a row a candidate: the steps that it passed, what it does now, and what came of it."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._lock = threading.Lock()
        self._steps: dict[str, Step] = {}
        self._ended: dict[str, Proof] = {}
        self._now = ""
        self._live: Live = Live(console=console, transient=True, refresh_per_second=4, get_renderable=self._table)
        self._live.start()

    def begin(self, candidate: Candidate, step: Step) -> None:
        """See proving.Climb."""
        with self._lock:
            self._steps[candidate.strategy] = step
            self._now = ""

    def end(self, candidate: Candidate, proof: Proof) -> None:
        """See proving.Climb."""
        with self._lock:
            self._steps.setdefault(candidate.strategy, Step.BUILD)
            self._ended[candidate.strategy] = proof

    def line(self, candidate: Candidate | None, text: str) -> None:  # noqa: ARG002 - one thing happens at a time
        """See proving.Climb."""
        with self._lock:
            self._now = text[:_WIDTH]

    def close(self) -> None:
        """Clears the table; the report says it again, for good."""
        self._live.stop()

    def _table(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0))
        for heading in ("candidate", *(step.value for step in Step), ""):
            table.add_column(heading)
        with self._lock:
            for strategy, at in self._steps.items():
                proof = self._ended.get(strategy)
                table.add_row(strategy, *self._marks(at, proof), Text(*self._words(proof)))
        return table

    def _marks(self, at: Step, proof: Proof | None) -> list[str]:
        steps = list(Step)
        if proof is not None:
            passed = [check.step for check in proof.checks if check.outcome.value == "passed"]
            failed = [check.step for check in proof.checks if check.outcome.value != "passed"]
            return ["✓" if step in passed else "✗" if step in failed else "" for step in steps]
        reached = steps.index(at)
        return ["✓" if number < reached else "…" if number == reached else "" for number in range(len(steps))]

    def _words(self, proof: Proof | None) -> tuple[str, str]:
        if proof is None:
            return self._now, "dim"
        size = f" {format_size(proof.size)}" if proof.size is not None else ""
        return f"{proof.status.value}{size}", _STYLES[proof.status]
