"""The tags of an image in a registry: each weighed by a job of its own, which any worker does."""

from __future__ import annotations

import threading
import zlib
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError
from sqlalchemy import select

from weighbridge.core import wire
from weighbridge.core.history.backfill import missing
from weighbridge.core.history.versions import in_order
from weighbridge.core.wire.layers import digest_of_layer, dump_layer
from weighbridge.errors import UsageError
from weighbridge.model.record import COMMIT, Occasion
from weighbridge.model.report import Revision
from weighbridge.service import details_intake, ingest, tables
from weighbridge.service.database import take_turn
from weighbridge.service.jobs import delivery, queue
from weighbridge.service.jobs.queue import Asked
from weighbridge.service.sender import Sender
from weighbridge.service.values import plain, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import InstrumentedAttribute

    from weighbridge.model.files import LayerIndex
    from weighbridge.model.report import Report
    from weighbridge.service.jobs.weigher import Release, Weigher
    from weighbridge.service.jobs.work import Progress
    from weighbridge.service.running import Service

_Column = TypeVar("_Column")
_BATCH = 200
_TURN = 7_302_203 << 32
"""With what tells a repository: the advisory lock of whoever writes down a tag of it."""
_NAME = r"^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$"
_Tag = Annotated[str, StringConstraints(max_length=128)]
_Commit = Annotated[str, StringConstraints(pattern=rf"^({COMMIT.pattern})$")]


class Filling(BaseModel, frozen=True, extra="forbid"):
    """Which of a registry's tags are weighed, and as what they are kept. `limit` 0: all of them."""

    registry: str = Field(min_length=1, max_length=255)
    repository: str = Field(pattern=_NAME)
    image: str = Field(min_length=1, max_length=255)
    platform: str = Field(default="linux/amd64", pattern=r"^[a-z0-9]+(/[A-Za-z0-9._-]+){1,2}$")
    pattern: str | None = Field(default=None, max_length=200, description="As `v2.*`; without it, all versions.")
    prereleases: bool = False
    limit: int = Field(default=0, ge=0, le=10_000)
    private: bool | None = Field(
        default=None, description="What the repository is; a new one counts as public where nobody says so."
    )
    commits: dict[_Tag, _Commit] = Field(
        default={}, max_length=10_000, description="Of tags whose images do not tell their commit, or tell a wrong one."
    )


class Weighing(BaseModel, frozen=True, extra="forbid"):
    """One tag of it."""

    registry: str
    repository: str
    image: str
    platform: str
    tag: str
    private: bool | None = None
    commit: _Commit | None = None


class _Known(Exception):
    """There is nothing to weigh, and why."""


class Backfill:
    """Asks for one job a tag, which any number of workers share."""

    def __init__(self, weigher: Weigher) -> None:
        self._weigher = weigher

    def __call__(self, service: Service, arguments: Mapping[str, object], progress: Progress) -> str:
        wanted = checked(Filling, arguments)
        found = missing(
            self._weigher.tags(wanted.registry), (), ((wanted.image, wanted.platform),),
            pattern=wanted.pattern, prereleases=wanted.prereleases,
        )  # fmt: skip
        known = _releases(service, wanted)
        tags = [tag for tag in found if tag not in known]
        tags = tags[: wanted.limit] if wanted.limit else tags
        for start in range(0, len(tags), _BATCH):
            with service.database.writing() as session:
                now = seconds(service.now())
                asked = [
                    queue.ask(session, self._one(wanted, tag, progress), now) for tag in tags[start : start + _BATCH]
                ]
            delivery.deliver(service.database, [number for number in asked if number is not None])
            progress.step(start, len(tags), f"{len(tags):,} releases")
        progress.last(len(tags), len(tags), f"{len(tags):,} releases")
        return f"{len(tags):,} releases to weigh, {len(found) - len(tags):,} known or left out"

    def _one(self, wanted: Filling, tag: str, progress: Progress) -> Asked:
        kept = wanted.model_dump(include={"registry", "repository", "image", "platform", "private"})
        arguments = {**kept, "tag": tag, "commit": wanted.commits.get(tag)}
        parent = progress.taken.number
        # The name: done again, this job asks for nothing twice.
        return Asked(kind="weigh", arguments=arguments, actor=f"job:{parent}", name=f"{parent}:{tag}", parent=parent)


def _releases(service: Service, wanted: Filling) -> set[str | None]:
    record = tables.Record
    with service.database.reading() as session:
        return set(session.scalars(_of_records(record.release).where(*_is_of(wanted), record.release.is_not(None))))


def _of_records(column: InstrumentedAttribute[_Column]) -> Select[_Column]:
    """A column of records, with their images and repositories to choose by."""
    return (
        select(column)
        .join(tables.Image, tables.Image.id == tables.Record.image_id)
        .join(tables.Repository, tables.Repository.id == tables.Image.repository_id)
    )


def _is_of(wanted: Filling | Weighing) -> tuple[ColumnElement[bool], ...]:
    """The image's own records."""
    image = tables.Image
    of_image = (image.name == plain(wanted.image, 1000), image.platform == wanted.platform)
    return (tables.Repository.name == wanted.repository, *of_image, tables.Record.pull == 0)


class Weigh:
    """Weighs a tag, and takes it as a report like any other."""

    def __init__(self, weigher: Weigher) -> None:
        self._weigher = weigher
        self._turn = threading.Lock()

    def __call__(self, service: Service, arguments: Mapping[str, object], progress: Progress) -> str:
        wanted = checked(Weighing, arguments)
        try:
            return self._weigh(service, wanted, progress)
        except _Known as known:
            return str(known)

    def _weigh(self, service: Service, wanted: Weighing, progress: Progress) -> str:
        def consider(told: str | None) -> None:
            progress.check()
            _commit(service, wanted, told)

        release = self._weigher.weigh(wanted.registry, wanted.tag, wanted.platform, consider)
        progress.check()
        sender = Sender(actor="backfill", scope=wanted.repository, private=wanted.private)
        # Tags of one commit, one by one: meanwhile another of them may have been weighed.
        with self._turn, _turn(service, wanted.repository):
            report = _report(release, wanted, _commit(service, wanted, release.commit), service)
            content = wire.dump(report).encode()
            ingest.take(report, content, sender, service.database, service.store, service.now())
        _keep_files(service, wanted.repository, release.layers, progress)
        (image,) = report.images
        return f"{wanted.tag}: {getattr(image.head, 'size', 0):,} bytes"


@contextmanager
def _turn(service: Service, repository: str) -> Iterator[None]:
    """One of all workers on PostgreSQL at a time, for a repository."""
    if service.database.sqlite:
        yield
        return
    with service.database.writing() as session:
        take_turn(session, _TURN + zlib.crc32(repository.encode()))
        yield


def _commit(service: Service, wanted: Weighing, told: str | None) -> str:
    """What was asked for, else what the image tells, else what another image's record of the same release says.

    Raises UsageError where nobody knows, and _Known where that commit's record is of a release of a higher version.
    """
    commit = wanted.commit or told or _of_release(service, wanted)
    if commit is None:
        raise UsageError(
            f"{wanted.tag}: no commit is known: the image has no label org.opencontainers.image.revision, "
            "and `commits` does not name it"
        )
    with service.database.reading() as session:
        known = session.scalar(
            _of_records(tables.Record.release).where(*_is_of(wanted), tables.Record.commit == commit)
        )
    # `1.2` is moved to what `1.2.7` is: there is one record of a commit, and the fuller name is told.
    if known is not None and known != wanted.tag and in_order((known, wanted.tag))[-1] == known:
        raise _Known(f"{wanted.tag}: is the commit of {known}, which is known")
    return commit


def _of_release(service: Service, wanted: Weighing) -> str | None:
    """None too where its records do not agree."""
    with service.database.reading() as session:
        found = session.scalars(
            _of_records(tables.Record.commit)
            .where(tables.Repository.name == wanted.repository, tables.Record.release == plain(wanted.tag))
            .distinct()
            .limit(2)
        ).all()
    return found[0] if len(found) == 1 else None


def _report(release: Release, wanted: Weighing, commit: str, service: Service) -> Report:
    """As one of its commit."""
    now = service.now()
    occasion = Occasion(
        commit=commit, time=release.time or now, recorded=now, ref=wanted.tag, release=wanted.tag, recipes={}
    )
    (image,) = release.report.images
    return replace(
        release.report,
        repository=wanted.repository,
        images=(replace(image, name=wanted.image),),
        head=Revision(commit=commit, label=wanted.tag),
        occasion=occasion,
    )


def _keep_files(service: Service, repository: str, layers: Sequence[LayerIndex], progress: Progress) -> None:
    where, now = details_intake.Place(repository=repository, pull=0), seconds(service.now())
    documents: dict[str, bytes] = {}
    for index in layers:
        try:
            documents[index.diff_id.removeprefix("sha256:")] = dump_layer(index)
        except UsageError:
            continue  # larger than any that is kept: the image is compared without its files
    digests = {diff_id: digest_of_layer(document) for diff_id, document in documents.items()}
    for diff_id in details_intake.missing(service.database, where, digests, now):
        progress.check()
        details_intake.keep(service.database, service.store, where, diff_id, documents[diff_id], now)


def checked(kind: type[Any], arguments: Mapping[str, object]) -> Any:
    """Arguments of a kind. Raises UsageError in one line."""
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise UsageError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"[:300]) from None
