"""What the command line's verbs about the history do."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from weighbridge import backfilling, commands, recording, revisions, wiring
from weighbridge.core.history import look, shown
from weighbridge.core.history.backfill import missing
from weighbridge.core.names import one_line
from weighbridge.core.rendering.units import format_size
from weighbridge.errors import (
    GitError,
    ImageNotFound,
    MalformedImage,
    RevisionNotFound,
    UsageError,
    WeighbridgeError,
)
from weighbridge.event import LocalEvent
from weighbridge.model.report import Unavailable
from weighbridge.occasions import Purpose, now
from weighbridge.reading.platforms import of_this_machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from weighbridge.core.history.look import Wanted
    from weighbridge.model.record import Record
    from weighbridge.model.report import Report
    from weighbridge.ports import FilesBranch, Registry, Repository
    from weighbridge.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The repository around the working directory, what is set for it, and its history."""

    repository: Repository
    settings: Settings
    hidden: tuple[str, ...]
    branch: FilesBranch


def place(given: Mapping[str, object]) -> Place:
    """Raises WeighbridgeError outside of a repository, and for settings that cannot be used."""
    repository, settings, hidden = commands.here(given)
    branch = wiring.history(repository.root, settings, LocalEvent())
    return Place(repository=repository, settings=settings, hidden=hidden, branch=branch)


def record(
    given: Mapping[str, object], *, head: str | None, report: Path | None, ref: str | None, release: str | None
) -> None:
    """Weighs a commit's images, or reads a report, and records them. Raises WeighbridgeError."""
    where = place(given)
    if ref is None and head is None and report is None:
        ref = where.repository.current_branch()
    purpose = Purpose(ref=ref or release, release=release)
    weighed = commands.stored_report(report) if report is not None else _weighed(where, head, purpose)
    what = recording.What(report=weighed, purpose=purpose)
    new = recording.records_to_keep(what, where.settings, where.repository, hidden=where.hidden)
    recording.remember(new, where.branch)
    _say(new, where.branch)


def _say(new: Sequence[Record], branch: FilesBranch) -> None:
    for each in new:
        size = format_size(each.size)
        typer.echo(f"recorded on {branch.name}: {each.image} {each.platform} {size} at {each.commit[:12]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Which releases are weighed, and from where: git's tags, or a `registry`'s repository as the image `name`."""

    pattern: str | None
    prereleases: bool
    limit: int
    dry_run: bool
    registry: str | None = None
    name: str | None = None
    platform: str | None = None
    jobs: int = 1


def backfill(given: Mapping[str, object], filling: Filling) -> bool:
    """Weighs releases, each recorded as soon as it is weighed; whether one could not be.

    Raises WeighbridgeError for what concerns all of them.
    """
    where = place(given)
    registry = wiring.registry(filling.registry) if filling.registry is not None else None
    images = list(_built(where)) if registry is None else [(_image_name(where, filling), _platform(filling))]
    records = recording.recall(where.branch).records
    tags = registry.tags() if registry else where.repository.tags()
    found = missing(tags, records, images, pattern=filling.pattern, prereleases=filling.prereleases)
    chosen = found[: filling.limit] if filling.limit else found
    if not chosen:
        typer.echo("nothing to weigh: every release is recorded, or no tag names a version")
    if filling.dry_run:
        for number, tag in enumerate(chosen, 1):
            typer.echo(f"{number}/{len(chosen)} {one_line(tag)}")
        return False
    if registry is not None:
        return not _fill_from(registry, where, chosen, images[0][0], filling)
    failed = False
    for number, tag in enumerate(chosen, 1):
        typer.echo(f"{number}/{len(chosen)} {one_line(tag)}")
        failed |= not _fill(where, tag)
    return failed


def _built(where: Place) -> Iterator[tuple[str, str | None]]:
    """Names and platforms of the images that are configured; None where the builder has its own."""
    return ((image.name, spec.platform) for image in where.settings.images for spec in image.specs())


def _platform(filling: Filling) -> str:
    return filling.platform or of_this_machine()


def _image_name(where: Place, filling: Filling) -> str:
    images = [image.name for image in where.settings.images]
    if filling.name is not None:
        return filling.name
    if len(images) > 1:
        raise UsageError(f"--name is needed: which of {', '.join(images)} is in the registry?")
    return images[0]


def _fill_from(registry: Registry, where: Place, tags: Sequence[str], name: str, filling: Filling) -> bool:
    """Weighs and records a registry's releases; whether all could be."""
    source = backfilling.Source(
        registry=registry,
        scale=wiring.scale(lambda _what, _count: None, wiring.engine),
        repository=where.repository,
        image=name,
        platform=_platform(filling),
        jobs=filling.jobs,
    )
    # How these were built nobody knows, so that no base is taken from them.
    unknown = where.settings.model_copy(update={"images": ()})
    fine = True
    for number, weighed in enumerate(backfilling.weigh_releases(tags, source), 1):
        typer.echo(f"{number}/{len(tags)} {one_line(weighed.tag)}")
        try:
            if isinstance(weighed.report, WeighbridgeError):
                raise weighed.report
            what = recording.What(report=weighed.report, purpose=_release(weighed.tag))
            new = recording.records_to_keep(what, unknown, where.repository, hidden=where.hidden)
        except (UsageError, ImageNotFound, MalformedImage, RevisionNotFound, GitError) as error:
            typer.echo(f"weighbridge: {one_line(weighed.tag)}: {one_line(str(error))}", err=True)
            fine = False
            continue
        recording.remember(new, where.branch)
        _say(new, where.branch)
    return fine


def _fill(where: Place, tag: str) -> bool:
    """Weighs and records a tag; whether all of it could be. What one release lacks is not the others' fault."""
    try:
        report = _weighed(where, tag, _release(tag))
        what = recording.What(report=report)
        new = recording.records_to_keep(what, where.settings, where.repository, hidden=where.hidden)
    except (UsageError, RevisionNotFound, GitError) as error:
        typer.echo(f"weighbridge: {one_line(tag)}: {error}", err=True)
        return False
    recording.remember(new, where.branch)
    for image in report.images:
        if isinstance(image.head, Unavailable):
            typer.echo(
                f"weighbridge: {one_line(tag)}: {image.name} could not be weighed: {image.head.reason}", err=True
            )
    _say(new, where.branch)
    return len(new) == len(report.images)


def squash(given: Mapping[str, object]) -> None:
    """Leaves one commit on the branch. Raises WeighbridgeError."""
    where = place(given)
    records = recording.remember((), where.branch, squash=True)
    typer.echo(f"{where.branch.name} is one commit with {len(records)} records")


def history(given: Mapping[str, object], wanted: Wanted, *, since: str | None, limit: int, output_format: str) -> str:
    """What is remembered, as text, JSON or CSV. Raises WeighbridgeError."""
    where = place(given)
    series = recalled(where, wanted, since=since)
    if output_format == "json":
        return shown.as_json(series)
    if output_format == "csv":
        return shown.as_csv(series)
    return shown.as_text(series, limit=limit, between=[_jump(each, where.repository) for each in series])


def recalled(where: Place, wanted: Wanted, *, since: str | None = None) -> tuple[look.Series, ...]:
    """What is wanted of all that is remembered, at least one series. Raises WeighbridgeError."""
    records = recording.recall(where.branch).records
    if not records:
        raise UsageError(
            f"nothing is remembered: origin has no branch {where.branch.name}; weighbridge record, or the action on a "
            "push to the default branch, begins it"
        )
    if since is not None:
        wanted = replace(wanted, since=look.parse_since(since, records, now()))
    series = look.select(records, wanted)
    if not series:
        raise UsageError(f"none of the {len(records)} records on {where.branch.name} is of that kind")
    return series


def _jump(series: look.Series, repository: Repository) -> str:
    jump = series.biggest_jump()
    adjacent = False
    if jump is not None:
        with contextlib.suppress(GitError, RevisionNotFound):
            adjacent = jump[0].commit in repository.parents(jump[1].commit)
    return shown.jump_line(jump, adjacent=adjacent)


def _release(tag: str) -> Purpose:
    return Purpose(ref=tag, release=tag)


def _weighed(where: Place, head: str | None, purpose: Purpose) -> Report:
    refs = revisions.choose(LocalEvent(), where.repository, head=head)
    refs = replace(refs, base=None)
    if refs.head.commit is None:
        raise UsageError("the work tree holds changes that no commit has: commit them, or name a commit with --head")
    return commands.weigh(where.settings, refs, where.repository, where.hidden, purpose=purpose)
