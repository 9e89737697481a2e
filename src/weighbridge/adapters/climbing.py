"""Candidates as they climb, live on a terminal: stderr, and only when a person looks. Implements proving.Climb."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import plain
from weighbridge.core.rendering.units import format_size
from weighbridge.model.fix import ProofStatus, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

    from weighbridge.model.fix import Candidate, Proof

_STYLES = {
    ProofStatus.VERIFIED: "green",
    ProofStatus.REJECTED: "red",
    ProofStatus.UNVERIFIABLE: "magenta",
    ProofStatus.NOT_RUN: "dim",
}
_WIDTH = 60
_NAME = 30


class SilentClimb:
    """No terminal, nothing to watch."""

    def image(self, name: str) -> None:
        """The candidates from here on are this image's."""

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
        self._image = ""
        self._steps: dict[tuple[str, str], Step] = {}
        self._ended: dict[tuple[str, str], Proof] = {}
        self._now = ""
        self._live: Live = Live(console=console, transient=True, refresh_per_second=4, get_renderable=self._table)
        self._live.start()

    def image(self, name: str) -> None:
        """The candidates from here on are this image's."""
        with self._lock:
            self._image = plain(name, _NAME)
            self._now = ""

    def begin(self, candidate: Candidate, step: Step) -> None:
        """See proving.Climb."""
        with self._lock:
            self._steps[self._image, candidate.strategy] = step
            self._now = ""

    def end(self, candidate: Candidate, proof: Proof) -> None:
        """See proving.Climb."""
        with self._lock:
            self._steps.setdefault((self._image, candidate.strategy), Step.BUILD)
            self._ended[self._image, candidate.strategy] = proof

    def line(self, candidate: Candidate | None, text: str) -> None:  # noqa: ARG002 - one thing happens at a time
        """See proving.Climb."""
        with self._lock:
            self._now = text[:_WIDTH]

    def close(self) -> None:
        """Clears the table; the report says it again, for good."""
        self._live.stop()

    def _table(self) -> RenderableType:
        from rich.table import Table

        table = Table(box=None, padding=(0, 2, 0, 0))
        with self._lock:
            names = list(dict.fromkeys(name for name, _ in self._steps))
            if self._image not in names:
                names.append(self._image)
            for heading in (*(["image"] if len(names) > 1 else []), "candidate", *(step.value for step in Step), ""):
                table.add_column(heading)
            for name, *cells in self._rows(names):
                table.add_row(*([name] if len(names) > 1 else []), *cells)
        return table

    def _rows(self, names: list[str]) -> Iterator[tuple[str | Text, ...]]:
        from rich.text import Text

        for name in names:
            rows = [(strategy, at) for (image, strategy), at in self._steps.items() if image == name]
            if not rows:
                # Its original is still on the way.
                yield (name, Text(self._now, "dim"), *("" for _ in Step), "")
            for number, (strategy, at) in enumerate(rows):
                proof = self._ended.get((name, strategy))
                yield ("" if number else name, strategy, *self._marks(at, proof), Text(*self._words(proof)))

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
