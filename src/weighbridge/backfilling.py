"""Releases of a registry, weighed without an engine: downloaded and read several at once, kept one by one."""

from __future__ import annotations

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge import pipeline
from weighbridge.errors import ImageNotFound, RevisionNotFound, WeighbridgeError
from weighbridge.model.report import Revision, WeighedImage
from weighbridge.naming import ImageName, Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.report import Report
    from weighbridge.ports import Registry, Repository
    from weighbridge.weighing import Scale

_REVISION = "org.opencontainers.image.revision"
_COMMIT = re.compile(r"[0-9a-f]{40}")


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
    with ThreadPoolExecutor(source.jobs) as pool:
        under_way = {pool.submit(_weigh, tag, source): tag for tag in tags}
        try:
            for done in as_completed(under_way):
                error = done.exception()
                if isinstance(error, WeighbridgeError):
                    yield Weighed(tag=under_way[done], report=error)
                else:
                    yield Weighed(tag=under_way[done], report=_of_commit(done.result(), under_way[done], source))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _weigh(tag: str, source: Source) -> Report:
    with tempfile.TemporaryDirectory(prefix="weighbridge-") as folder:
        layout = Path(folder) / "image"
        source.registry.download(tag, source.platform, layout)
        name = ImageName(text=tag, transport=Transport.OCI_DIRECTORY, path=layout, platform=source.platform)
        return pipeline.inspect_image(name, source.scale, pipeline.Limits())


def _of_commit(report: Report, tag: str, source: Source) -> Report | WeighbridgeError:
    """The report as one of the commit that the git tag of the same name has, or else the image's own label."""
    (image,) = report.images
    commit = None
    try:
        commit = source.repository.resolve(tag)
    except RevisionNotFound:
        labels = dict(image.head.config.labels) if isinstance(image.head, WeighedImage) else {}
        label = labels.get(_REVISION, "")
        commit = label if _COMMIT.fullmatch(label) else None
    if commit is None:
        return ImageNotFound(f"git has no tag {tag}, and the image no label {_REVISION}: its commit is not known")
    named = replace(image, name=source.image)
    return replace(report, images=(named,), head=Revision(commit=commit, label=tag))
