"""Progress on a terminal: stderr, and only when a person looks."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from weighbridge.building import Side


class Silence:
    """No terminal, no progress. Implements building.BuildLog too."""

    @contextlib.contextmanager
    def group(self, title: str) -> Iterator[None]:  # noqa: ARG002 - nothing folds here
        """See building.BuildLog."""
        yield

    def line(self, side: Side, text: str) -> None:
        """See building.BuildLog."""

    def read(self, what: str, count: int) -> None:
        """See weighing.Progress."""

    def close(self) -> None:
        """Nothing to leave behind."""


class TerminalProgress:
    """A spinner a side while images build, a counter while they are read. Thread-safe."""

    def __init__(self, console: Console) -> None:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._bytes: dict[str, int] = {}
        self._progress: Progress = Progress(
            SpinnerColumn(),
            # What is too long is cut in the middle of the line, not at the time.
            TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
            ),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            expand=True,
        )
        self._progress.start()

    @contextlib.contextmanager
    def group(self, title: str) -> Iterator[None]:  # noqa: ARG002 - nothing folds here
        """See building.BuildLog."""
        yield
        with self._lock:
            for task in self._tasks.values():
                self._progress.remove_task(task)
            self._tasks.clear()

    def line(self, side: Side, text: str) -> None:
        """See building.BuildLog."""
        self._show(f"build {side}", f"building the {side}: {text[:100]}")

    def read(self, what: str, count: int) -> None:
        """See weighing.Progress."""
        total = self._bytes.get(what, 0) + count
        self._bytes[what] = total
        self._show(f"read {what}", f"weighing {what[:60]}: {total / 1e6:,.0f} MB read")

    def close(self) -> None:
        """Clears the lines."""
        self._progress.stop()

    def _show(self, key: str, description: str) -> None:
        with self._lock:
            if key in self._tasks:
                self._progress.update(self._tasks[key], description=description)
            else:
                self._tasks[key] = self._progress.add_task(description, total=None)
