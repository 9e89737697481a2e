"""The use cases: verbs, each from values to a Report."""

from __future__ import annotations

import contextlib
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge import __version__, examining
from weighbridge.baselines import UNREAD, StandIn, as_recorded, stand_in
from weighbridge.building import BuildLog, Built, Job, Side
from weighbridge.core.compare import compare
from weighbridge.core.filediff import diff_trees
from weighbridge.core.history.baseline import usable
from weighbridge.core.history.make import recipe_of
from weighbridge.core.redaction import redacted_findings, redacted_image
from weighbridge.core.rules.config import RulesConfig
from weighbridge.core.summarize import summarize
from weighbridge.core.verdict import judge, overall, overgrown
from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.stages import base_reference
from weighbridge.errors import GitError, ImageNotFound, MalformedImage, RevisionNotFound
from weighbridge.interruption import interruptible, shielded
from weighbridge.model.budget import Budget, Status
from weighbridge.model.report import ImageReport, Report, Revision, Stage, Unavailable, WeighedImage
from weighbridge.naming import is_reference
from weighbridge.occasions import NO_PURPOSE, occasion_of
from weighbridge.reading.platforms import of_this_machine
from weighbridge.weighing import Origin, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from weighbridge.core.filediff import TreeDiff
    from weighbridge.core.footprint import Footprint
    from weighbridge.model.build import BuildSpec
    from weighbridge.model.finding import Finding
    from weighbridge.model.image import Image
    from weighbridge.model.record import Record
    from weighbridge.naming import ImageName
    from weighbridge.occasions import Purpose
    from weighbridge.ports import Builder, Engine, Repository
    from weighbridge.revisions import Refs
    from weighbridge.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """What `check_revisions` works with: one owner for each outside thing.

    `hidden` is what the report may not show of the images, in parts as core.redaction has them.
    """

    repository: Repository
    builder: Builder
    engine: Callable[[], Engine]
    scale: Scale
    log: BuildLog
    hidden: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the revisions live on GitHub, for links; all None elsewhere."""

    repository: str | None = None
    server_url: str | None = None
    pull_request: int | None = None


NO_BUDGET = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the images that merely have names are held against. Sizes are unpacked bytes."""

    budget: Budget = NO_BUDGET
    minimum_change: int = 0
    fail_on: frozenset[Status] = frozenset({Status.FAIL, Status.UNKNOWN})
    rules: RulesConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """The checked-out trees. `base` is None where there is nothing to compare with, or says why it is not there."""

    base: Path | Unavailable | None
    head: Path


def check_revisions(
    settings: Settings,
    refs: Refs,
    yard: Yard,
    place: Place,
    recorded: Sequence[Record] = (),
    *,
    purpose: Purpose = NO_PURPOSE,
) -> Report:
    """Builds both revisions of every configured image, weighs and compares them.

    The base of an image whose head weighs what is `recorded` of it is not built again. The report says for what
    `purpose` the head was weighed, where it is a commit. Whatever it made (worktrees, images) is gone when it ends.
    Raises WeighbridgeError only for what concerns all images; what one image or side
    could not give is a value in the report.
    """
    with shielded(), ExitStack() as stack:
        trees = check_out(refs, yard.repository, stack)
        rules = settings.rules_config(examining.today())
        base = refs.base.commit if refs.base else None
        images = [
            _check_image(spec, image.budget, trees, yard, rules, _known(spec, base, yard, recorded))
            for image in settings.images
            for spec in image.specs()
        ]
    report = report_of(images, base=refs.base, head=refs.head, place=place, minimum_change=settings.minimum_change)
    if refs.head.commit is None:
        return report
    occasion = occasion_of(purpose, refs.head.commit, settings, yard.repository, hidden=yard.hidden)
    return replace(report, occasion=occasion)


def compare_images(
    base: ImageName, head: ImageName, scale: Scale, limits: Limits, *, name: str | None = None
) -> Report:
    """Two images, however named. Raises WeighbridgeError."""
    with scale.named_images([base, head]) as (base_image, head_image):
        image = _image_report(
            name or head.text, None, limits.budget, base=_Weighed(image=base_image), head=_Weighed(image=head_image)
        )
        findings = examining.findings_of_images(base_image, head_image, limits.rules or _default_rules())
    return report_of(
        [replace(image, findings=findings)],
        base=Revision(commit=None, label=base.text),
        head=Revision(commit=None, label=head.text),
        minimum_change=limits.minimum_change,
    )


def inspect_image(
    name: ImageName, scale: Scale, limits: Limits, *, dockerfile: tuple[str, str] | None = None
) -> Report:
    """One image on its own, or with the Dockerfile (path and text) that it was built from. Raises WeighbridgeError."""
    parsed = parse(dockerfile[1], dockerfile[0]) if dockerfile is not None else None
    base_name = base_reference(parsed, None, ()) if parsed is not None else None
    with scale.named_images([name], Origin(dockerfile=parsed, base_name=base_name)) as (image,):
        report = _image_report(
            name.text,
            None,
            limits.budget,
            base=None,
            head=_Weighed(image=image),
            dockerfile=dockerfile[0] if dockerfile is not None else None,
        )
        findings = examining.findings_of_image(image, limits.rules or _default_rules(), dockerfile=dockerfile)
    return report_of([replace(report, findings=findings)], base=None, head=Revision(commit=None, label=name.text))


def _default_rules() -> RulesConfig:
    return RulesConfig(today=examining.today())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    image: Image
    build_seconds: float | None = None
    recorded: StandIn | None = None


def check_out(refs: Refs, repository: Repository, stack: ExitStack) -> Trees:
    """Both trees, for as long as the stack lasts. Raises GitError and RevisionNotFound for the head's."""
    checkout = refs.checkout
    with interruptible():
        if checkout is None and repository.pristine():
            # Weighed like any base: `COPY . .` would bring the history that only the work tree's own .git holds.
            checkout = repository.resolve("HEAD")
    head = repository.root if checkout is None else stack.enter_context(repository.worktree(checkout))
    if refs.base is None or refs.base.commit is None:
        return Trees(base=None, head=head)
    try:
        return Trees(base=stack.enter_context(repository.worktree(refs.base.commit)), head=head)
    except (GitError, RevisionNotFound) as error:
        # The half that can be measured is still reported.
        return Trees(base=Unavailable(stage=Stage.CHECKOUT, reason=str(error)), head=head)


def _known(spec: BuildSpec, commit: str | None, yard: Yard, recorded: Sequence[Record]) -> Sequence[Record]:
    """The records that a base could be taken from. Without the cache nothing would be alike, so nothing is tried."""
    if commit is None or spec.no_cache:
        return ()
    return usable(recorded, commit=commit, image=spec.name, recipe=recipe_of(spec, yard.hidden))


def _check_image(
    spec: BuildSpec, budget: Budget, trees: Trees, yard: Yard, rules: RulesConfig, known: Sequence[Record]
) -> ImageReport:
    weighed = _both_sides(spec, budget, trees, yard, known)
    base: _Weighed | Unavailable | None = trees.base if isinstance(trees.base, Unavailable) else weighed.get(Side.BASE)
    with interruptible():
        report = _image_report(
            spec.name, spec.platform, budget, base=base, head=weighed[Side.HEAD], dockerfile=spec.dockerfile
        )
        return replace(
            report, findings=_findings(spec, trees, base=base, head=weighed[Side.HEAD], rules=rules, hidden=yard.hidden)
        )


def _both_sides(
    spec: BuildSpec, budget: Budget, trees: Trees, yard: Yard, known: Sequence[Record]
) -> dict[Side, _Weighed | Unavailable]:
    """Both sides, built at once; or the head alone, where the base is recorded."""
    jobs = {job.side: job for job in _jobs(spec, trees)}
    if not known or Side.BASE not in jobs:
        return _build(list(jobs.values()), spec, yard)
    weighed = _build([jobs[Side.HEAD]], spec, yard)
    head = weighed[Side.HEAD]
    record = next((each for each in known if isinstance(head, _Weighed) and each.platform == head.image.platform), None)
    if isinstance(head, _Weighed) and record is not None:
        with interruptible():
            base = _recorded(record, head.image, spec, budget, jobs[Side.BASE].tree, yard)
        if isinstance(base, _Weighed):
            return {**weighed, Side.BASE: base}
        yard.log.line(Side.BASE, f"The recorded base is built after all: {base}.")
    return {**weighed, **_build([jobs[Side.BASE]], spec, yard)}


def _recorded(record: Record, head: Image, spec: BuildSpec, budget: Budget, tree: Path, yard: Yard) -> _Weighed | str:
    """The base as recorded, or why it has to be built."""
    if overgrown(budget, record.size, head.size):
        return "the growth is over budget, and is to be explained in full"
    base = stand_in(record, head, tree, spec, yard.scale.cache)
    return base if isinstance(base, str) else _Weighed(image=redacted_image(base.image, yard.hidden), recorded=base)


def _build(jobs: Sequence[Job], spec: BuildSpec, yard: Yard) -> dict[Side, _Weighed | Unavailable]:
    """Builds and reads; the images are gone afterwards."""
    # Here, since all that writes Dockerfiles comes along, which no image that merely has a name needs.
    from weighbridge.gluing import made

    title = f"Build {spec.name}" + (f" for {spec.platform}" if spec.platform else "")
    with made(jobs, yard.builder, yard.engine, yard.log, title=title) as built, interruptible():
        return _weigh(dict(zip((job.side for job in jobs), built, strict=True)), spec, yard)


def _findings(
    spec: BuildSpec,
    trees: Trees,
    *,
    base: _Weighed | Unavailable | None,
    head: _Weighed | Unavailable,
    rules: RulesConfig,
    hidden: Sequence[str],
) -> tuple[Finding, ...]:
    """The findings of a head that was weighed: of one that was not, nothing is known for certain."""
    if not isinstance(head, _Weighed):
        return ()
    before = None
    if isinstance(trees.base, Path) and isinstance(base, _Weighed):
        before = examining.Weighed(tree=trees.base, image=None if _unread(base) else base.image)
    after = examining.Weighed(tree=trees.head, image=head.image)
    return redacted_findings(examining.findings_of_change(spec, after, before, rules), hidden)


def _jobs(spec: BuildSpec, trees: Trees) -> Iterator[Job]:
    # The tag is this run's own, so that removing it takes nothing that anyone else has.
    run = secrets.token_hex(6)
    # Two builds at once would write one cache over each other; the head's is the one that the next run wants.
    base_spec = replace(spec, cache_to=())
    for side, its_spec, tree in ((Side.BASE, base_spec, trees.base), (Side.HEAD, spec, trees.head)):
        if isinstance(tree, Path):
            yield Job(side=side, spec=its_spec, tree=tree, tag=f"weighbridge-{run}:{side}")


def _weigh(built: dict[Side, Built | Unavailable], spec: BuildSpec, yard: Yard) -> dict[Side, _Weighed | Unavailable]:
    """Reads what was built, both sides in one pass; a side that can't be read takes only itself away."""
    ready = {side: made for side, made in built.items() if isinstance(made, Built)}
    result: dict[Side, _Weighed | Unavailable] = {
        side: made for side, made in built.items() if isinstance(made, Unavailable)
    }
    try:
        images = _read(list(ready.values()), spec, yard)
    except (ImageNotFound, MalformedImage) as error:
        if len(ready) == 1:
            return result | {side: Unavailable(stage=Stage.READ, reason=str(error)) for side in ready}
        for side, made in ready.items():
            result |= _weigh({side: made}, spec, yard)
        return result
    for (side, made), image in zip(ready.items(), images, strict=True):
        result[side] = _Weighed(image=redacted_image(image, yard.hidden), build_seconds=made.image.seconds)
    return result


def _read(built: Sequence[Built], spec: BuildSpec, yard: Yard) -> tuple[Image, ...]:
    return yard.scale.daemon_images([made.tag for made in built], [_origin(made, spec, yard) for made in built])


def _origin(made: Built, spec: BuildSpec, yard: Yard) -> Origin:
    platform = spec.platform or of_this_machine()
    base_name = base_reference(made.dockerfile, spec.target, spec.build_args, platform)
    base_diff_ids = None
    if base_name is not None and is_reference(base_name):
        # BuildKit need not leave the base in the image store; then provenance or history tell it.
        with contextlib.suppress(ImageNotFound):
            base_diff_ids = yard.engine().describe(base_name).diff_ids
    return Origin(
        dockerfile=made.dockerfile,
        provenance=made.image.provenance,
        target=spec.target,
        build_args=spec.build_args,
        base_name=base_name,
        base_diff_ids=base_diff_ids,
    )


def _unread(side: _Weighed | Unavailable | None) -> frozenset[int]:
    """The layers of which only the weight is known."""
    return side.recorded.unread if isinstance(side, _Weighed) and side.recorded is not None else frozenset()


def _image_report(
    name: str,
    platform: str | None,
    budget: Budget,
    *,
    base: _Weighed | Unavailable | None,
    head: _Weighed | Unavailable,
    dockerfile: str | None = None,
) -> ImageReport:
    base_image = base.image if isinstance(base, _Weighed) else None
    head_image = head.image if isinstance(head, _Weighed) else None
    trees = diff_trees(base_image.tree, head_image.tree) if base_image and head_image else None
    unread = _unread(base)
    base_side = None if base is None else _side(base, None, trees.base if trees else None)
    head_side = _side(head, None if unread else trees)
    diff = compare(base_image, head_image, trees, unread=unread) if base_image and head_image else None
    return ImageReport(
        name=name,
        platform=platform or next((image.platform for image in (head_image, base_image) if image), "unknown"),
        dockerfile=dockerfile,
        base=base_side,
        head=head_side,
        diff=replace(diff, unread=UNREAD) if diff and unread else diff,
        budget=budget,
        verdict=judge(budget, base_side, head_side),
    )


def _side(
    side: _Weighed | Unavailable, against: TreeDiff | None, weights: Footprint | None = None
) -> WeighedImage | Unavailable:
    if isinstance(side, Unavailable):
        return side
    weighed = summarize(side.image, against=against, build_seconds=side.build_seconds, weights=weights)
    return weighed if side.recorded is None else as_recorded(weighed, side.recorded)


def weighed_alone(spec: BuildSpec, head: Image | Unavailable, *, build_seconds: float | None = None) -> ImageReport:
    """An image's report without anything to compare it with."""
    side = head if isinstance(head, Unavailable) else _Weighed(image=head, build_seconds=build_seconds)
    return _image_report(spec.name, spec.platform, NO_BUDGET, base=None, head=side, dockerfile=spec.dockerfile)


def built_image(made: Built, spec: BuildSpec, yard: Yard) -> Image:
    """What was built, weighed, without what the report may not show. Raises ImageNotFound, MalformedImage."""
    (image,) = _read([made], spec, yard)
    return redacted_image(image, yard.hidden)


def report_of(
    images: Sequence[ImageReport],
    *,
    base: Revision | None,
    head: Revision,
    place: Place = Place(),
    minimum_change: int = 0,
) -> Report:
    """The report of images that were looked at together."""
    return Report(
        tool_version=__version__,
        repository=place.repository,
        server_url=place.server_url,
        pull_request=place.pull_request,
        base=base,
        head=head,
        images=tuple(images),
        verdict=overall(images),
        minimum_change=minimum_change,
    )
