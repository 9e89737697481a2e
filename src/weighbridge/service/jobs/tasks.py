"""The tasks: each may be done again from its beginning, and ends early where it is cancelled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import func, select

from weighbridge.core import wire
from weighbridge.core.history.backfill import missing
from weighbridge.core.wire.layers import digest_of_layer, dump_layer
from weighbridge.errors import UsageError
from weighbridge.model.record import Occasion
from weighbridge.model.report import Revision
from weighbridge.service import details_intake, ingest, renewal, retention, tables
from weighbridge.service.jobs import delivery, queue
from weighbridge.service.jobs.queue import Asked
from weighbridge.service.sender import Sender
from weighbridge.service.values import plain, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weighbridge.model.files import LayerIndex
    from weighbridge.service.jobs.weigher import Release, Weigher
    from weighbridge.service.jobs.work import Progress, Task
    from weighbridge.service.running import Service

_BATCH = 200
_NAME = r"^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$"


class Filling(BaseModel, frozen=True, extra="forbid"):
    """Which of a registry's tags are weighed, and as what they are kept. `limit` 0: all of them."""

    registry: str = Field(min_length=1, max_length=255)
    repository: str = Field(pattern=_NAME)
    image: str = Field(min_length=1, max_length=255)
    platform: str = Field(default="linux/amd64", pattern=r"^[a-z0-9]+(/[A-Za-z0-9._-]+){1,2}$")
    pattern: str | None = Field(default=None, max_length=200, description="As `v2.*`; without it, all versions.")
    prereleases: bool = False
    limit: int = Field(default=0, ge=0, le=10_000)


class Weighing(BaseModel, frozen=True, extra="forbid"):
    """One tag of it."""

    registry: str
    repository: str
    image: str
    platform: str
    tag: str


def tasks(weigher: Weigher | None = None) -> Mapping[str, Task]:
    """By kind. Without a weigher, those that need none."""
    known: dict[str, Task] = {"retention": _retain, "refresh": _refresh}
    if weigher is not None:
        known |= {"backfill": _Backfill(weigher), "weigh": _Weigh(weigher)}
    return known


def _retain(service: Service, _arguments: Mapping[str, object], progress: Progress) -> str:
    done: dict[str, int] = {}

    def told(what: str, count: int) -> None:
        done[what] = count
        progress.step(sum(done.values()), None, _listed(done))

    retention.run(service, told)
    return _listed(done)


def _listed(done: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in done.items() if count) or "nothing"


def _refresh(service: Service, _arguments: Mapping[str, object], progress: Progress) -> str:
    with service.database.reading() as session:
        total = session.scalar(select(func.count()).select_from(tables.Image)) or 0
    done, last = 0, -1
    while True:
        with service.database.reading() as session:
            numbers = session.scalars(
                select(tables.Image.id).where(tables.Image.id > last).order_by(tables.Image.id).limit(_BATCH)
            ).all()
        if not numbers:
            return f"{done:,} images"
        for number in numbers:
            renewal.renew(service.database, service.store, number)
            done += 1
            progress.step(done, max(total, done), f"{done:,} images")
        last = numbers[-1]


class _Backfill:
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
        arguments = {**wanted.model_dump(include={"registry", "repository", "image", "platform"}), "tag": tag}
        parent = progress.taken.number
        # The name: done again, this job asks for nothing twice.
        return Asked(kind="weigh", arguments=arguments, actor=f"job:{parent}", name=f"{parent}:{tag}", parent=parent)


def _releases(service: Service, wanted: Filling) -> set[str | None]:
    record, image, repository = tables.Record, tables.Image, tables.Repository
    with service.database.reading() as session:
        return set(
            session.scalars(
                select(record.release)
                .join(image, image.id == record.image_id)
                .join(repository, repository.id == image.repository_id)
                .where(
                    repository.name == wanted.repository,
                    image.name == plain(wanted.image, 1000),
                    image.platform == wanted.platform,
                    record.release.is_not(None),
                )
            )
        )


class _Weigh:
    """Weighs a tag, and takes it as a report like any other."""

    def __init__(self, weigher: Weigher) -> None:
        self._weigher = weigher

    def __call__(self, service: Service, arguments: Mapping[str, object], progress: Progress) -> str:
        wanted = checked(Weighing, arguments)
        release = self._weigher.weigh(wanted.registry, wanted.tag, wanted.platform)
        progress.check()
        report = _report(release, wanted, service)
        content = wire.dump(report).encode()
        sender = Sender(actor="backfill", scope=wanted.repository)
        ingest.take(report, content, sender, service.database, service.store, service.now())
        _keep_files(service, wanted.repository, release.layers, progress)
        (image,) = report.images
        return f"{wanted.tag}: {getattr(image.head, 'size', 0):,} bytes"


def _report(release: Release, wanted: Weighing, service: Service) -> Any:
    """As one of the commit that the image says it was made of."""
    if release.commit is None:
        raise UsageError(f"{wanted.tag}: the image has no label org.opencontainers.image.revision: no commit is known")
    now = service.now()
    occasion = Occasion(
        commit=release.commit, time=release.time or now, recorded=now, ref=wanted.tag, release=wanted.tag, recipes={}
    )
    (image,) = release.report.images
    return replace(
        release.report,
        repository=wanted.repository,
        images=(replace(image, name=wanted.image),),
        head=Revision(commit=release.commit, label=wanted.tag),
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
