"""The build of an image as its repository does it: one `docker build`, or two with a script that carries files between.

The script is never run: what it does was read off it (core.rules.glue), and is done with builds alone.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.building import Built, Job, Side, build_all
from weighbridge.core.fixes.builder_pattern import carried_from
from weighbridge.core.rules.glue import find_glue
from weighbridge.errors import MalformedDockerfile, UsageError
from weighbridge.model.build import DockerfileText
from weighbridge.model.report import Stage, Unavailable
from weighbridge.subjects import read_neighbours, read_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from weighbridge.building import BuildLog
    from weighbridge.core.rules.glue import Glue
    from weighbridge.model.build import BuildSpec
    from weighbridge.ports import Builder, Engine

_DOCKERFILE = re.compile(r"dockerfile[^/]*$", re.IGNORECASE)
_MOST_LOOKED_AT = 8


@contextlib.contextmanager
def made(
    jobs: Sequence[Job], builder: Builder, engine: Callable[[], Engine], log: BuildLog, *, title: str
) -> Iterator[tuple[Built | Unavailable, ...]]:
    """The images of the jobs, built at once under a title of the log; what was made for them is gone afterwards.

    Where a script carries what a Dockerfile copies out of another image, that one is built first, and the copies are
    taken from it. Raises EngineUnavailable, Interrupted, UsageError.
    """
    # Asked for first: where there is none, nothing is begun.
    remove = engine().remove
    with contextlib.ExitStack() as stack:
        with log.group(title):
            jobs = [_as_it_was(job, jobs) for job in jobs]
            pairs = [_glued(job) for job in jobs]
            firsts = [pair[0] for pair in pairs if pair is not None]
            for first in firsts:
                stack.callback(remove, first.tag)
            carried = dict(zip((first.tag for first in firsts), build_all(firsts, builder, log), strict=True))
            lost = {
                number: result
                for number, pair in enumerate(pairs)
                if pair is not None and isinstance(result := carried[pair[0].tag], Unavailable)
            }
            seconds = [pair[1] if pair is not None else job for pair, job in zip(pairs, jobs, strict=True)]
            left = [job for number, job in enumerate(seconds) if number not in lost]
            for job in left:
                stack.callback(remove, job.tag)
            built = iter(build_all(left, builder, log))
            done = tuple(lost[number] if number in lost else next(built) for number in range(len(jobs)))
        yield tuple(
            _explained(result, job) if isinstance(result, Unavailable) else result
            for result, job in zip(done, jobs, strict=True)
        )


@contextlib.contextmanager
def original(
    spec: BuildSpec, tree: Path, builder: Builder, engine: Callable[[], Engine], log: BuildLog
) -> Iterator[Built | Unavailable]:
    """The image that `spec` builds in the checked-out `tree`, as in `made`."""
    job = Job(side=Side.HEAD, spec=spec, tree=tree, tag=f"weighbridge-{secrets.token_hex(6)}:{Side.HEAD}")
    with made([job], builder, engine, log, title=f"Build {spec.name}") as (built,):
        yield built


def _as_it_was(job: Job, jobs: Sequence[Job]) -> Job:
    """A base that made the image by a builder pattern, which the head has merged into the one Dockerfile."""
    heads = [other for other in jobs if other.side is Side.HEAD]
    if job.side is not Side.BASE or not heads or (job.tree / job.spec.dockerfile).exists():
        return job
    glue = _glue_elsewhere(job)
    if glue is None or (heads[0].tree / glue.target).exists():
        return job
    return replace(job, spec=replace(job.spec, file=glue.target, target=None))


def _explained(failed: Unavailable, job: Job) -> Unavailable:
    """Where there is no Dockerfile by the usual name, a script may show which one makes the image."""
    spec = job.spec
    if failed.stage is not Stage.DOCKERFILE or spec.file is not None or (job.tree / spec.dockerfile).exists():
        return failed
    glue = _glue_elsewhere(job)
    if glue is None or failed.expected:
        return failed
    reason = f"there is no {spec.dockerfile}; {glue.scripts[0]} makes the image of {glue.target}: name it with `file`"
    return replace(failed, reason=reason)


def _glue_elsewhere(job: Job) -> Glue | None:
    """What makes the image of a Dockerfile by another name than the one that is asked for."""
    names = [path for path in read_neighbours(job.tree, job.spec) if _DOCKERFILE.search(path)]
    for path in names[:_MOST_LOOKED_AT]:
        with contextlib.suppress(MalformedDockerfile, UsageError):
            subject = read_subject(job.tree, replace(job.spec, file=path))
            glue = None if subject is None else find_glue(subject)
            if glue is not None:
                return glue
    return None


def _glued(job: Job) -> tuple[Job, Job] | None:
    """The two builds of a builder pattern; None where this is none."""
    try:
        subject = read_subject(job.tree, job.spec)
    except (MalformedDockerfile, UsageError):
        # The build says it better.
        return None
    tag = f"{job.tag}-carried"
    glue = None if subject is None else find_glue(subject)
    text = None if subject is None or glue is None else carried_from(subject, glue, tag)
    if subject is None or glue is None or text is None:
        return None
    first = replace(
        job.spec,
        name=f"{job.spec.name}'s builder",
        context=glue.builder_context,
        file=glue.builder,
        target=None,
        # One cache cannot be written twice; what the second build writes is the image that is weighed.
        cache_to=(),
    )
    ignore = subject.context.ignore if subject.context is not None else None
    return replace(job, spec=first, tag=tag), replace(job, instead=DockerfileText(text=text, ignore=ignore))
