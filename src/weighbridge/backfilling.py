"""Releases of a registry, weighed without an engine: downloaded and read several at once, kept one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge import releases
from weighbridge.errors import ImageNotFound, RevisionNotFound, WeighbridgeError
from weighbridge.model.report import Revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.report import Report
    from weighbridge.ports import Announced, Registry, Repository
    from weighbridge.weighing import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A release of the registry: its report, or why there is none."""

    tag: str
    report: Report | WeighbridgeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is weighed and recorded as `image`. `jobs` releases are under way at once."""

    registry: Registry
    scale: Scale
    repository: Repository
    image: str
    platform: str
    jobs: int


def weigh_releases(tags: Sequence[str], source: Source) -> Iterator[Weighed]:
    """Each release as soon as it is weighed, in whatever order; what one lacks is not the others' fault."""
    sharing = releases.Sharing()
    with ThreadPoolExecutor(source.jobs) as pool:
        under_way = {pool.submit(_weigh, tag, source, sharing): tag for tag in tags}
        try:
            for done in as_completed(under_way):
                error = done.exception()
                if isinstance(error, WeighbridgeError):
                    yield Weighed(tag=under_way[done], report=error)
                else:
                    yield Weighed(tag=under_way[done], report=done.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _weigh(tag: str, source: Source, sharing: releases.Sharing) -> Report:
    """The report of the commit that the git tag of the same name has, or else the one that the image tells."""
    try:
        commit: str | None = source.repository.resolve(tag)
    except RevisionNotFound:
        commit = None

    def consider(announced: Announced) -> None:
        if commit is None and releases.commit_of(announced) is None:
            raise ImageNotFound(
                f"git has no tag {tag}, and the image no label {releases.REVISION}: its commit is not known"
            )

    fetched = releases.weigh(tag, source.platform, source.registry, source.scale, sharing, consider=consider)
    (image,) = fetched.report.images
    head = Revision(commit=commit or releases.commit_of(fetched.announced), label=tag)
    return replace(fetched.report, images=(replace(image, name=source.image),), head=head)
