"""Base and head, built at once: the building half of `check`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from weighbridge.errors import BuildFailed, MalformedDockerfile
from weighbridge.interruption import interruptible
from weighbridge.model.report import Stage, Unavailable
from weighbridge.subjects import read_dockerfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from weighbridge.model.build import BuildSpec, BuiltImage, DockerfileText
    from weighbridge.model.dockerfile import Dockerfile
    from weighbridge.ports import Builder


class Side(StrEnum):
    """One side of a comparison."""

    BASE = "base"
    HEAD = "head"


class BuildLog(Protocol):
    """Where the lines of builds go as they come. Called from several threads."""

    def group(self, title: str) -> contextlib.AbstractContextManager[None]:
        """Everything written until the end belongs together under a title."""
        ...

    def line(self, side: Side, text: str) -> None:
        """One line of a builder's progress, secrets masked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image that was built, with the Dockerfile that made it."""

    tag: str
    image: BuiltImage
    dockerfile: Dockerfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One build to do: `spec` in the checked-out `tree`, tagged `tag`, from the text `instead` where there is one."""

    side: Side
    spec: BuildSpec
    tree: Path
    tag: str
    instead: DockerfileText | None = None


def build_all(jobs: Sequence[Job], builder: Builder, log: BuildLog) -> tuple[Built | Unavailable, ...]:
    """Runs all the jobs at once, so that BuildKit merges the steps that they share.

    A build that fails is a value. What concerns all of them (no engine, Ctrl-C) is raised after the others were
    cancelled.
    """
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    with ThreadPoolExecutor(max_workers=max(len(jobs), 1), thread_name_prefix="build") as pool:
        futures = [pool.submit(_build, job, builder, log) for job in jobs]
        with _cancelled_on_error(futures, builder):
            with interruptible():
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                # What one of them raises is not to wait for the others.
                future.result()
            return tuple(future.result() for future in futures)


@contextlib.contextmanager
def _cancelled_on_error(futures: Sequence[Future[Built | Unavailable]], builder: Builder) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for future in futures:
            future.cancel()
        builder.cancel()
        raise


def _build(job: Job, builder: Builder, log: BuildLog) -> Built | Unavailable:
    try:
        dockerfile = read_dockerfile(job.tree, job.spec.dockerfile)
        if dockerfile is None:
            return _no_dockerfile(job)
        on_line: Callable[[str], None] = lambda text: log.line(job.side, text)  # noqa: E731
        image = builder.build(job.spec, tree=job.tree, tag=job.tag, on_line=on_line, instead=job.instead)
    except MalformedDockerfile as error:
        return Unavailable(stage=Stage.DOCKERFILE, reason=str(error), line=error.line)
    except BuildFailed as error:
        return Unavailable(stage=Stage.BUILD, reason=str(error), line=error.line, log_tail=error.log_tail)
    return Built(tag=job.tag, image=image, dockerfile=dockerfile)


def _no_dockerfile(job: Job) -> Unavailable:
    path = job.spec.dockerfile
    if job.side is Side.BASE:
        return Unavailable(stage=Stage.DOCKERFILE, reason=f"the base has no {path} yet: a new image", expected=True)
    return Unavailable(
        stage=Stage.DOCKERFILE, reason=f"there is no {path}; name it with `file`, or its folder with `context`"
    )
