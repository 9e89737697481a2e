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
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from weighbridge.building import BuildLog
    from weighbridge.model.build import BuildSpec
    from weighbridge.ports import Builder, Engine

_DOCKERFILE = re.compile(r"dockerfile[^/]*$", re.IGNORECASE)
_MOST_LOOKED_AT = 8


@contextlib.contextmanager
def original(
    spec: BuildSpec, tree: Path, builder: Builder, engine: Callable[[], Engine], log: BuildLog
) -> Iterator[Built | Unavailable]:
    """The image that `spec` builds in the checked-out `tree`; what was made for it is gone afterwards.

    Where a script carries what the Dockerfile copies out of another image, that one is built first, and the copies are
    taken from it. Raises EngineUnavailable, Interrupted.
    """
    run = secrets.token_hex(6)
    job = Job(side=Side.HEAD, spec=spec, tree=tree, tag=f"weighbridge-{run}:{Side.HEAD}")
    with contextlib.ExitStack() as stack:
        # Asked for first: where there is none, nothing is begun.
        remove = engine().remove
        with log.group(f"Build {spec.name}"):
            glued = _glued(job, f"weighbridge-{run}:carried")
            if glued is not None:
                first, job = glued
                stack.callback(remove, first.tag)
                (carried,) = build_all([first], builder, log)
                if isinstance(carried, Unavailable):
                    yield carried
                    return
            stack.callback(remove, job.tag)
            (built,) = build_all([job], builder, log)
        yield built if not isinstance(built, Unavailable) else _explained(built, job)


def _explained(failed: Unavailable, job: Job) -> Unavailable:
    """Where there is no Dockerfile by the usual name, a script may show which one makes the image."""
    spec = job.spec
    if failed.stage is not Stage.DOCKERFILE or spec.file is not None or (job.tree / spec.dockerfile).exists():
        return failed
    names = [path for path in read_neighbours(job.tree, spec) if _DOCKERFILE.search(path)]
    for path in names[:_MOST_LOOKED_AT]:
        with contextlib.suppress(MalformedDockerfile, UsageError):
            subject = read_subject(job.tree, replace(spec, file=path))
            glue = None if subject is None else find_glue(subject)
            if glue is not None:
                reason = (
                    f"there is no {spec.dockerfile}; {glue.scripts[0]} makes the image of {path}: name it with `file`"
                )
                return replace(failed, reason=reason)
    return failed


def _glued(job: Job, tag: str) -> tuple[Job, Job] | None:
    """The two builds of a builder pattern; None where this is none."""
    try:
        subject = read_subject(job.tree, job.spec)
    except (MalformedDockerfile, UsageError):
        # The build says it better.
        return None
    glue = None if subject is None else find_glue(subject)
    text = None if subject is None or glue is None else carried_from(subject, glue, tag)
    if subject is None or glue is None or text is None:
        return None
    context = glue.builder_context
    first = replace(job.spec, name=f"{job.spec.name}'s builder", context=context, file=glue.builder, target=None)
    ignore = subject.context.ignore if subject.context is not None else None
    return replace(job, spec=first, tag=tag), replace(job, instead=DockerfileText(text=text, ignore=ignore))
