"""Which adapters are used: chosen here, once, for the command line and the action alike."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.interruption import shielded
from weighbridge.weighing import Progress, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weighbridge.adapters.progress import Silence, TerminalProgress
    from weighbridge.ports import Engine, ProgramsCache


def scale(progress: Progress, engine: Callable[[], Engine]) -> Scale:
    """A scale on the engine, with layer indexes kept under the user's cache folder."""
    from weighbridge.adapters.layer_cache import DirectoryLayerCache

    return Scale(engine=engine, cache=DirectoryLayerCache(cache_folder() / "layers"), progress=progress)


def programs_cache() -> ProgramsCache:
    """What was read of images' programs, under the user's cache folder."""
    from weighbridge.adapters.layer_cache import DirectoryProgramsCache

    return DirectoryProgramsCache(cache_folder() / "programs")


@functools.cache
def engine() -> Engine:
    """The engine, connected when it is first asked for. Raises EngineUnavailable."""
    with shielded():
        # An import that is broken off half-way can't be had again, and what cleans up needs the engine.
        from weighbridge.adapters.engine import DockerEngine

    return DockerEngine()


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """`$XDG_CACHE_HOME/weighbridge`, by default below `~/.cache`."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weighbridge"


def terminal_progress() -> TerminalProgress | Silence:
    """Progress for a person at a terminal, silence for everything else."""
    from weighbridge.adapters.progress import Silence, TerminalProgress

    if not sys.stderr.isatty():
        return Silence()
    from rich.console import Console

    return TerminalProgress(Console(stderr=True))
