"""Which adapters are used: chosen here, once, for the command line and the action alike."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from weighbridge.errors import EngineUnavailable
from weighbridge.interruption import shielded
from weighbridge.weighing import Progress, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from weighbridge.adapters.climbing import SilentClimb, TerminalClimb
    from weighbridge.adapters.github_connection import GitHubConnection
    from weighbridge.adapters.progress import Silence, TerminalProgress
    from weighbridge.adapters.runner import Runner
    from weighbridge.ascent import Climb
    from weighbridge.event import Event
    from weighbridge.forge import Proposals, Reviews, Tracking
    from weighbridge.ports import (
        Builder,
        Containers,
        Engine,
        FilesBranch,
        ProgramsCache,
        PullRequests,
        Registry,
        ReportReceiver,
        Repository,
    )
    from weighbridge.proving import Prover
    from weighbridge.settings import Settings

OnGitHub = TypeVar("OnGitHub", bound="GitHubConnection")


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


def repository(directory: Path, *, trusted: bool = False) -> Repository:
    """The repository around a directory; `trusted` also where another user owns it."""
    from weighbridge.adapters.git import GitRepository

    return GitRepository(directory, trusted=trusted)


def builder(root: Path, environ: Mapping[str, str], hidden: Sequence[str]) -> Builder:
    """BuildKit. `root` is what secret files are relative to. Raises EngineUnavailable where nothing can build."""
    from weighbridge.adapters.builder import BuildxBuilder
    from weighbridge.adapters.machine import LocalMachine

    return BuildxBuilder(root=root, environ=environ, hidden=hidden, machine=LocalMachine(_data_folder))


def _data_folder() -> Path | None:
    # What an engine that does not answer means, the build says.
    with contextlib.suppress(EngineUnavailable):
        return engine().data_folder()
    return None


def pull_requests(settings: Settings, event: Event) -> PullRequests | None:
    """The pull requests of the event's repository, None where there is none or no token."""
    from weighbridge.adapters.github import GitHubPullRequests

    return _on_github(GitHubPullRequests, settings, event)


def reviews(settings: Settings, event: Event) -> Reviews | None:
    """Comments on the lines of its pull requests; None as above."""
    from weighbridge.adapters.github_reviews import GitHubReviews

    return _on_github(GitHubReviews, settings, event)


def proposals(settings: Settings, event: Event) -> Proposals | None:
    """Pull requests of our own in it; None as above."""
    from weighbridge.adapters.github_proposals import GitHubProposals

    return _on_github(GitHubProposals, settings, event)


def _on_github(kind: type[OnGitHub], settings: Settings, event: Event) -> OnGitHub | None:
    if event.repository is None or settings.github_token is None:
        return None
    return kind(
        event.repository,
        settings.github_token.get_secret_value(),
        api_url=event.api_url,
        retries=settings.github_retries,
    )


def tracking(settings: Settings, event: Event) -> Tracking | None:
    """The releases and issues of the event's repository, None where there is none or no token."""
    from weighbridge.adapters.github_tracking import GitHubTracking

    return _on_github(GitHubTracking, settings, event)


def registry(name: str) -> Registry:
    """A repository of a registry, with the credentials that `docker login` left. Raises UsageError for another name."""
    from weighbridge.adapters.registry import RegistryRepository

    return RegistryRepository(name)


def history(root: Path, settings: Settings, event: Event, *, trusted: bool = False, quick: bool = False) -> FilesBranch:
    """The branch that remembers, on the server of the clone at `root`; in a workflow with the job's token.

    `quick` gives up after seconds, where it could spare time but is not needed.
    """
    from weighbridge.adapters.git_branch import Access, GitFilesBranch

    token = settings.github_token if event.name else None
    access = Access(server_url=event.server_url, token=token.get_secret_value()) if token else None
    deadline, timeout = (5.0, 20.0) if quick else (300.0, 300.0)
    return GitFilesBranch(
        root, settings.history_branch, access=access, trusted=trusted, deadline=deadline, timeout=timeout
    )


def receiver(settings: Settings, environ: Mapping[str, str], runner: Runner) -> ReportReceiver | None:
    """The reporting service of the settings, masked for the runner; None where the job has nobody to send as."""
    token = settings.service_token.get_secret_value() if settings.service_token else None
    if settings.service is None:
        return None
    return sender(settings.service, token, environ, say=runner.line, mask=runner.mask)


def sender(
    url: str,
    token: str | None,
    environ: Mapping[str, str],
    *,
    say: Callable[[str], None],
    mask: Callable[[str], None] = lambda _: None,
) -> ReportReceiver | None:
    """A reporting service, sent to with a token or as the job of a workflow; None where there is neither.

    Raises UsageError for an address or a token that can't be one.
    """
    from weighbridge.adapters.service import HttpReportReceiver, has_identity, identity_token

    if token is not None:
        return HttpReportReceiver(url, lambda: token, say=say)
    if not has_identity(environ):
        return None

    def identity() -> str:
        made = identity_token(environ, url.strip().rstrip("/"))
        mask(made)
        return made

    return HttpReportReceiver(url, identity, say=say)


@functools.cache
def containers() -> Containers:
    """What runs images, connected when it is first asked for. Raises EngineUnavailable."""
    from weighbridge.adapters.containers import DockerContainers

    return DockerContainers()


def prover(builder: Builder, scale: Scale, climb: Climb, *, minutes: float, minimum_change: int) -> Prover:
    """What proves candidates, with its memory under the user's cache folder."""
    from weighbridge.adapters.proof_cache import DirectoryProofCache
    from weighbridge.proving import Prover

    return Prover(
        builder=builder,
        engine=engine,
        containers=containers,
        scale=scale,
        programs=programs_cache(),
        proofs=DirectoryProofCache(cache_folder() / "proofs"),
        climb=climb,
        minutes=minutes,
        minimum_change=minimum_change,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """How the action gets at the outside: by the functions above, or by fakes that have their signatures."""

    repository: Callable[..., Repository] = repository
    builder: Callable[[Path, Mapping[str, str], Sequence[str]], Builder] = builder
    engine: Callable[[], Engine] = engine
    pull_requests: Callable[[Settings, Event], PullRequests | None] = pull_requests
    reviews: Callable[[Settings, Event], Reviews | None] = reviews
    proposals: Callable[[Settings, Event], Proposals | None] = proposals
    prover: Callable[..., Prover] = prover
    history: Callable[..., FilesBranch] = history
    tracking: Callable[[Settings, Event], Tracking | None] = tracking
    receiver: Callable[[Settings, Mapping[str, str], Runner], ReportReceiver | None] = receiver


def climb() -> TerminalClimb | SilentClimb:
    """Candidates as they climb, for a person at a terminal."""
    from weighbridge.adapters.climbing import SilentClimb, TerminalClimb

    if not sys.stderr.isatty():
        return SilentClimb()
    from rich.console import Console

    return TerminalClimb(Console(stderr=True))


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
