"""Fixes of what a tree builds: weigh it, find, plan, prove. The use case behind `weighbridge fix`."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.core.fixes.mended import mended
from weighbridge.core.fixes.planner import plan
from weighbridge.core.proof.keys import source_digest
from weighbridge.core.redaction import redacted, redacted_findings
from weighbridge.core.rules.registry import examine
from weighbridge.dockerfile.parse import parse
from weighbridge.errors import ImageNotFound, MalformedDockerfile, MalformedImage, UsageError
from weighbridge.gluing import original
from weighbridge.interruption import interruptible, shielded
from weighbridge.model.behaviour import Smoke
from weighbridge.model.fix import Fix, Proof, ProofStatus
from weighbridge.model.report import Stage, Unavailable, WeighedImage
from weighbridge.pipeline import built_image, check_out, report_of, weighed_alone
from weighbridge.subjects import foreign_line, read_subject
from weighbridge.touched import copied_digest, touched
from weighbridge.weighing import programs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from weighbridge.building import Built
    from weighbridge.core.rules.config import RulesConfig
    from weighbridge.model.build import BuildSpec
    from weighbridge.model.fix import Candidate
    from weighbridge.model.image import Image, ImageConfig
    from weighbridge.model.report import ImageReport, Report, Revision
    from weighbridge.model.subject import Subject
    from weighbridge.pipeline import Trees, Yard
    from weighbridge.ports import Engine
    from weighbridge.proving import Prover
    from weighbridge.revisions import Refs
    from weighbridge.settings import Settings

NO_SMOKE = Smoke()
UNTOUCHED = "neither the Dockerfile, nor what it copies, nor a finding is new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What fixing works with, beside the yard. `smoke` is each image's own smoke test, by the image's name.

    `begin` is told the name of each image whose turn it is.
    """

    yard: Yard
    prover: Prover
    rules: RulesConfig
    smoke: Mapping[str, Smoke] = field(default_factory=dict)
    begin: Callable[[str], None] = lambda _: None


def fix_tree(settings: Settings, tree: Path, head: Revision, shop: Workshop) -> Report:
    """Every configured image as `tree` builds it, with its findings and the fixes that were tried, best first.

    Whatever it made on the engine is gone when it ends; the tree is as it was. Raises WeighbridgeError only for what
    concerns all images.
    """
    images = [fix_image(spec, tree, shop) for image in settings.images for spec in image.specs()]
    return report_of(images, base=None, head=head, minimum_change=settings.minimum_change)


def with_fixes(report: Report, settings: Settings, refs: Refs, shop: Workshop, *, sparing: bool) -> Report:
    """The report with fixes for every head that was weighed, or with why none were tried.

    `sparing` spends no time on what is not new: where neither what the image is built from nor a finding differs from
    the base, there is only what was proven before. Raises WeighbridgeError only for what concerns all images.
    """
    specs = {(spec.name, spec.platform): spec for image in settings.images for spec in image.specs()}
    with shielded(), ExitStack() as stack:
        trees = check_out(refs, shop.yard.repository, stack)
        images = []
        for image in report.images:
            spec = specs.get((image.name, image.platform)) or specs.get((image.name, None))
            if spec is None or isinstance(image.head, Unavailable):
                images.append(image)
                continue
            shop.begin(spec.name)
            # It was built a moment ago.
            spec = replace(spec, pull=False, no_cache=False, cache_to=())
            if sparing and not _news(image, spec, trees):
                images.append(_remembered(image, spec, trees.head, shop))
            else:
                images.append(_fixed(image, spec, trees.head, shop))
    return replace(report, images=tuple(images))


def _news(image: ImageReport, spec: BuildSpec, trees: Trees) -> bool:
    """Whether candidates are worth their time: something is another one, or nobody can tell."""
    if not isinstance(trees.base, Path) or not isinstance(image.base, WeighedImage):
        return True
    if any(finding.introduced for finding in image.findings):
        return True
    with interruptible():
        return touched(spec, trees.base, trees.head)


def _remembered(image: ImageReport, spec: BuildSpec, tree: Path, shop: Workshop) -> ImageReport:
    """The image with what was proven of these very files before, which takes no time."""
    image = _fixed(image, spec, tree, replace(shop, prover=replace(shop.prover, minutes=0)))
    fixes = image.fixes
    if all(fix.proof.status is ProofStatus.NOT_RUN for fix in fixes):
        return replace(image, fixes=(), unfixed=UNTOUCHED if fixes else "")
    proven = {fix.candidate.family for fix in fixes if fix.proof.status is ProofStatus.VERIFIED}
    told = (
        replace(fix, proof=replace(fix.proof, reason=UNTOUCHED))
        if fix.proof.status is ProofStatus.NOT_RUN and fix.candidate.family not in proven
        else fix
        for fix in fixes
    )
    return replace(image, fixes=tuple(told))


def fix_image(spec: BuildSpec, tree: Path, shop: Workshop) -> ImageReport:
    """One image on one platform."""
    shop.begin(spec.name if spec.platform is None else f"{spec.name} {spec.platform}")
    with _made(spec, tree, shop) as made:
        if isinstance(made, Unavailable):
            return weighed_alone(spec, made)
        report = weighed_alone(spec, made.image, build_seconds=made.built.image.seconds)
        if made.subject is None:
            return report
        found = redacted_findings(examine(made.subject, shop.rules), shop.yard.hidden)
        return _planned(replace(report, findings=found), made.subject, made.built, tree, shop)


def _fixed(image: ImageReport, spec: BuildSpec, tree: Path, shop: Workshop) -> ImageReport:
    """An image whose report says all the rest already, with its fixes."""
    with _made(spec, tree, shop) as made:
        if isinstance(made, Unavailable) or made.subject is None:
            return image
        return _planned(image, made.subject, made.built, tree, shop)


def _planned(image: ImageReport, subject: Subject, built: Built, tree: Path, shop: Workshop) -> ImageReport:
    planned = plan(subject)
    unsplit = redacted(planned.refusal, shop.yard.hidden)
    return replace(image, unsplit=unsplit, fixes=_fixes(subject, planned.candidates, built, tree, shop))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    built: Built
    image: Image
    subject: Subject | None


@contextmanager
def _made(spec: BuildSpec, tree: Path, shop: Workshop) -> Iterator[_Made | Unavailable]:
    """The image, built and read; it is gone afterwards."""
    yard = shop.yard
    with original(spec, tree, yard.builder, yard.engine, yard.log) as built, interruptible():
        yield built if isinstance(built, Unavailable) else _read(built, spec, tree, shop)


def _read(built: Built, spec: BuildSpec, tree: Path, shop: Workshop) -> _Made | Unavailable:
    engine = shop.yard.engine
    try:
        image = built_image(built, spec, shop.yard)
        programs = programs_of(built.tag, engine(), shop.prover.programs, lambda _: None)
        base_config = _base_config(image, engine)
        subject = read_subject(tree, spec, image=image, programs=programs, base_config=base_config)
    except (ImageNotFound, MalformedImage) as error:
        return Unavailable(stage=Stage.READ, reason=str(error))
    return _Made(built=built, image=image, subject=subject)


def _base_config(image: Image, engine: Callable[[], Engine]) -> ImageConfig | None:
    """The configuration of the image that FROM names, where the engine has it."""
    if image.base_name is None:
        return None
    try:
        return engine().describe(image.base_name).config
    except ImageNotFound:
        return None


def _fixes(
    subject: Subject, candidates: Sequence[Candidate], built: Built, tree: Path, shop: Workshop
) -> tuple[Fix, ...]:
    if not candidates:
        return ()
    foreign = foreign_line(tree, subject.spec.dockerfile)
    if foreign is not None:
        # Its text was read with what is no text replaced; a patch would be of another file.
        reason = f"{subject.spec.dockerfile}:{foreign}: is not UTF-8, so no patch of it can be made: save it as UTF-8"
        return (Fix(candidate=candidates[0], patch="", proof=Proof(status=ProofStatus.NOT_RUN, reason=reason)),)
    return shop.prover.prove(
        subject,
        built.tag,
        candidates,
        tree=tree,
        source=_source(subject, candidates, tree),
        smoke=shop.smoke.get(subject.spec.name, NO_SMOKE),
        revise=partial(mended, subject),
        hidden=tuple(shop.yard.hidden),
    )


def _source(subject: Subject, candidates: Sequence[Candidate], tree: Path) -> str | None:
    """What a proof rests on. Of the context only what is copied: another README makes no proof an old one."""
    if subject.context is None:
        return None
    try:
        texts = [parse(each.dockerfile_text, each.dockerfile) for each in candidates]
    except MalformedDockerfile:
        return None
    context = copied_digest(tree, subject.spec, subject.context, [subject.dockerfile, *texts])
    return None if context is None else source_digest(subject, context)


def apply_fix(fix: Fix, tree: Path) -> tuple[str, ...]:
    """Writes a verified fix into the tree; the paths that changed. Nothing is written unless every file is as it was.

    Raises UsageError for a fix that is not verified, and where a file has changed since, or lies outside the tree.
    """
    if fix.proof.status is not ProofStatus.VERIFIED:
        raise UsageError(f"{fix.candidate.strategy} is not verified: only what was proven is applied")
    for edit in fix.candidate.edits:
        location = tree / edit.path
        if not location.parent.resolve().is_relative_to(tree.resolve()) or location.is_symlink():
            raise UsageError(f"{edit.path}: lies outside the repository, or is a link: apply the patch by hand")
        found = location.read_bytes().decode("utf-8", "replace") if location.is_file() else None
        if found != edit.before:
            raise UsageError(f"{edit.path}: has changed since it was read: run fix again")
    for edit in fix.candidate.edits:
        if edit.after is None:
            (tree / edit.path).unlink()
        else:
            (tree / edit.path).write_bytes(edit.after.encode())
    return tuple(edit.path for edit in fix.candidate.edits)
