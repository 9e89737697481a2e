"""What the command line's verbs do: settings in, a report out, printed in the format asked for."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge import examining, pipeline, wiring
from weighbridge.adapters.files import write_text
from weighbridge.errors import ConfigurationError, UsageError
from weighbridge.model.budget import Budget, Status
from weighbridge.model.report import Revision, Unavailable
from weighbridge.naming import is_reference, parse_image_name
from weighbridge.occasions import NO_PURPOSE, Purpose
from weighbridge.pipeline import Limits, Place
from weighbridge.subjects import read_dockerfile_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from weighbridge.adapters.climbing import SilentClimb, TerminalClimb
    from weighbridge.adapters.progress import Silence, TerminalProgress
    from weighbridge.building import Side
    from weighbridge.fixing import Workshop
    from weighbridge.model.bases import Comparison
    from weighbridge.model.record import Record
    from weighbridge.model.report import Report
    from weighbridge.ports import Repository
    from weighbridge.proving import Prover
    from weighbridge.revisions import Refs
    from weighbridge.settings import Settings


def check(given: Mapping[str, object], *, base: str | None, head: str | None) -> tuple[Report, frozenset[Status]]:
    """Builds and compares two revisions of the repository around the working directory. Raises WeighbridgeError."""
    from weighbridge import remembering, revisions
    from weighbridge.event import read_event

    repository, settings, hidden = here(given)
    event = read_event({})
    refs = revisions.choose(event, repository, base=base or settings.base_ref, head=head)
    branch = partial(wiring.history, repository.root, settings, event, quick=True)
    recorded = remembering.recorded_base(settings, refs, branch, lambda _: None)
    # What is checked out is of its branch; of another revision nobody knows which branch it is weighed for.
    purpose = Purpose(ref=repository.current_branch() if head is None else None)
    report = weigh(settings, refs, repository, hidden, recorded, purpose=purpose)
    if settings.fix:
        report = _with_fixes(report, settings, refs, repository, hidden)
    return report, settings.fail_on


def here(given: Mapping[str, object]) -> tuple[Repository, Settings, tuple[str, ...]]:
    """The repository around the working directory, what is set for it, and what may not be shown.

    Raises WeighbridgeError.
    """
    from weighbridge.settings import hidden_values, load

    repository = wiring.repository(Path.cwd())
    settings = load(cli=given, environ=os.environ, root=repository.root)
    return repository, settings, hidden_values(settings, os.environ, repository.root)


def _with_fixes(
    report: Report, settings: Settings, refs: Refs, repository: Repository, hidden: tuple[str, ...]
) -> Report:
    from weighbridge.fixing import with_fixes

    with _workshop(settings, repository, hidden, settings.fix_minutes) as shop:
        return with_fixes(report, settings, refs, shop, sparing=False)


@contextmanager
def _proving(
    settings: Settings, root: Path, hidden: tuple[str, ...], minutes: float
) -> Iterator[tuple[Prover, TerminalClimb | SilentClimb]]:
    """What proves; candidates are shown as they climb."""
    builder = wiring.builder(root, settings.build_environment(os.environ), hidden)
    scale = wiring.scale(lambda _what, _count: None, wiring.engine)
    with closing(wiring.climb()) as climb:
        yield wiring.prover(builder, scale, climb, minutes=minutes, minimum_change=settings.minimum_change), climb


@contextmanager
def _workshop(
    settings: Settings, repository: Repository, hidden: tuple[str, ...], minutes: float
) -> Iterator[Workshop]:
    """What fixing works with."""
    from weighbridge.fixing import Workshop

    with _proving(settings, repository.root, hidden, minutes) as (prover, climb):
        yard = pipeline.Yard(
            repository=repository,
            builder=prover.builder,
            engine=prover.engine,
            scale=prover.scale,
            log=ClimbLog(climb),
            hidden=hidden,
        )
        rules = settings.rules_config(examining.today())
        yield Workshop(yard=yard, prover=prover, rules=rules, smoke=settings.smokes(), begin=climb.image)


def weigh(
    settings: Settings,
    refs: Refs,
    repository: Repository,
    hidden: tuple[str, ...],
    recorded: Sequence[Record] = (),
    *,
    purpose: Purpose = NO_PURPOSE,
) -> Report:
    """Builds and weighs revisions with the adapters of the command line. Raises WeighbridgeError."""
    with _progress() as progress:
        yard = pipeline.Yard(
            repository=repository,
            builder=wiring.builder(repository.root, settings.build_environment(os.environ), hidden),
            engine=wiring.engine,
            scale=wiring.scale(progress.read, wiring.engine),
            log=progress,
            hidden=hidden,
        )
        return pipeline.check_revisions(settings, refs, yard, Place(), recorded, purpose=purpose)


def compare(base: str, head: str, name: str | None, limits: Limits, platform: str | None = None) -> Report:
    """Two images, however named. Raises WeighbridgeError."""
    names = parse_image_name(base, platform), parse_image_name(head, platform)
    with _progress() as progress:
        return pipeline.compare_images(*names, wiring.scale(progress.read, wiring.engine), limits, name=name)


def inspect(image: str, limits: Limits, platform: str | None = None, *, dockerfile: Path | None = None) -> Report:
    """One image, however named, and the Dockerfile that it was built from, where given. Raises WeighbridgeError."""
    name = parse_image_name(image, platform)
    written = None if dockerfile is None else (str(dockerfile), _dockerfile_text(dockerfile))
    with _progress() as progress:
        scale = wiring.scale(progress.read, wiring.engine)
        return pipeline.inspect_image(name, scale, limits, dockerfile=written)


def _dockerfile_text(path: Path) -> str:
    text = read_dockerfile_text(path.parent, path.name)
    if text is None:
        raise UsageError(f"{path}: there is no such file")
    return text


def fix(given: Mapping[str, object], *, minutes: float, every: bool = False) -> tuple[Report, Path]:
    """The work tree's images with the fixes that were tried, and the tree. Raises WeighbridgeError.

    `every` adds the Dockerfiles of the repository that no configured image is built from.
    """
    from weighbridge.fixing import fix_tree
    from weighbridge.selection import at_place, with_every_dockerfile
    from weighbridge.settings import hidden_values, load

    repository = wiring.repository(Path.cwd())
    settings = load(cli=given, environ=os.environ, root=repository.root)
    place = {key: given.get(key) for key in ("context", "file")}
    if every:
        if any(place.values()):
            raise UsageError("--all: contradicts CONTEXT and --file: it takes all Dockerfiles of the repository")
        settings = with_every_dockerfile(settings, repository.root)
    elif any(place.values()) and len(settings.images) > 1:
        configured = load(cli={**given, "context": None, "file": None}, environ=os.environ, root=repository.root)
        settings = at_place(settings, configured, **place)
    # Of the images that were chosen.
    hidden = hidden_values(settings, os.environ, repository.root)
    with _workshop(settings, repository, hidden, minutes) as shop:
        head = Revision(commit=None, label="work tree")
        return fix_tree(settings, repository.root, head, shop), repository.root


def apply(report: Report, tree: Path) -> Iterator[str]:
    """Writes each image's best verified fix into the tree; what was done, in a line each. Raises UsageError."""
    from weighbridge.core.fixes.best import best
    from weighbridge.fixing import apply_fix

    written: set[str] = set()
    for image in report.images:
        fix = best(image.fixes)
        if fix is None:
            continue
        if taken := written.intersection(edit.path for edit in fix.candidate.edits):
            yield f"{image.name}: {min(taken)} was rewritten for another image already: look at it, and run fix again"
            continue
        for path in apply_fix(fix, tree):
            written.add(path)
            yield f"wrote {path}"


def bases(
    subject: str | None, given: Mapping[str, object], *, minutes: float, run: bool
) -> tuple[tuple[Comparison, ...], tuple[tuple[str, str], ...]]:
    """An image of the engine, or what the work tree's images are built to, on every base; names and reasons of those
    that could not be built. Raises WeighbridgeError."""
    from weighbridge.bases import Grounds, bases_of_image, bases_of_tree
    from weighbridge.model.behaviour import Smoke
    from weighbridge.settings import hidden_values, load

    in_tree = subject is None or Path(subject).is_dir()
    reference = None if in_tree else _engine_reference(subject or "")
    root = wiring.repository(Path.cwd()).root if in_tree else Path.cwd()
    settings = load(cli={**given, "context": subject if in_tree else None}, environ=os.environ, root=root)
    more = _base_names(settings.bases)
    hidden = hidden_values(settings, os.environ, root)
    with _proving(settings, root, hidden, minutes) as (prover, climb):
        grounds = Grounds(prover=prover, log=ClimbLog(climb), more=more, run=run)
        if reference is not None:
            return (bases_of_image(reference, grounds, name=subject or reference),), ()
        compared, failed, smokes = [], [], settings.smokes()
        for spec in (spec for image in settings.images for spec in image.specs()):
            made = bases_of_tree(spec, root, grounds, smokes.get(spec.name, Smoke()))
            if isinstance(made, Unavailable):
                failed.append((spec.name, made.reason))
            else:
                compared.append(made)
        return tuple(compared), tuple(failed)


def _engine_reference(text: str) -> str:
    name = parse_image_name(text)
    if name.reference is None or name.path is not None:
        raise UsageError(f"{name.text}: only an image of the engine can be run: load it with docker load")
    return name.reference


def _base_names(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if not is_reference(name):
            raise ConfigurationError(f"bases: {name!r} does not name an image: names are as registry/name:tag")
    return tuple(names)


def present_bases(compared: Sequence[Comparison], output_format: str, output: Path | None) -> None:
    """Prints the comparisons. Raises UsageError if the file can't be written."""
    from weighbridge.core.rendering.bases import bases_markdown, bases_text
    from weighbridge.core.rendering.bases_page import bases_html
    from weighbridge.core.wire.bases import dump_bases

    if output_format == "json":
        deliver(dump_bases(compared), output)
    elif output_format == "html":
        deliver(bases_html(compared), output)
    elif output_format == "markdown":
        deliver("\n".join(map(bases_markdown, compared)), output)
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        deliver("\n".join(bases_text(each, width) for each in compared), output)


class ClimbLog:
    """Implements building.BuildLog: the original's build is shown where its candidates will climb."""

    def __init__(self, climb: TerminalClimb | SilentClimb) -> None:
        self._climb = climb

    @contextmanager
    def group(self, title: str) -> Iterator[None]:  # noqa: ARG002 - nothing folds here
        """See building.BuildLog."""
        yield

    def line(self, side: Side, text: str) -> None:  # noqa: ARG002 - there is one side
        """See building.BuildLog."""
        self._climb.line(None, text)


def present_fixes(report: Report, output_format: str, output: Path | None, *, every: bool = False) -> None:
    """Prints what was tried, and the patches that are proven; JSON is the report, or one image's object unless
    `every` was asked for.
    """
    from weighbridge.core.rendering.fixes import fixes_page

    if output_format != "text":
        present(report, output_format, output, single=len(report.images) == 1 and not every)
        return
    deliver("\n".join(fixes_page(image) for image in report.images), output)


def limits(given: Mapping[str, object], name: str | None = None) -> Limits:
    """What `compare` and `inspect` hold images against, from the same sources as `check`. Raises UsageError.

    Where a configuration file in the working directory has several images, `name` says whose budget counts.
    """
    from weighbridge.settings import load

    settings = load(cli=given, environ=os.environ, root=Path.cwd())
    images = [image for image in settings.images if image.name == name] or list(settings.images)
    budget = images[0].budget if len(images) == 1 else Budget()
    return Limits(
        budget=budget,
        minimum_change=settings.minimum_change,
        fail_on=settings.fail_on,
        rules=settings.rules_config(examining.today()),
    )


def stored_report(path: Path) -> Report:
    """What `--format json` wrote. Raises UsageError."""
    from weighbridge.core import wire

    try:
        # One byte more, so that what is too large is told from what just fits.
        with path.open("rb") as file:
            text = file.read(wire.MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return wire.load(text)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def schema(document: str) -> str:
    """The JSON Schema of the configuration file ("config") or of the report ("report")."""
    from weighbridge.core import wire
    from weighbridge.settings import documents

    return {"config": documents.shipped_schema, "report": wire.shipped_schema}[document]()


def present(report: Report, output_format: str, output: Path | None, *, single: bool = False) -> None:
    """Prints the report or writes it to a file. Raises UsageError if the file can't be written."""
    to_terminal = output is None and sys.stdout is not None and sys.stdout.isatty()
    text = _rendered(report, output_format, color=to_terminal and not os.environ.get("NO_COLOR"), single=single)
    deliver(text, output)


def deliver(text: str, output: Path | None) -> None:
    """Writes the text to a file, or to standard output. Raises UsageError if that can't be written."""
    try:
        if output is None:
            _print(text)
        else:
            write_text(output, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"{output or 'standard output'}: cannot be written: {error.strerror}") from error


def _print(text: str) -> None:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    sys.stdout.write(text)
    sys.stdout.flush()


def _rendered(report: Report, output_format: str, *, color: bool, single: bool) -> str:
    from weighbridge.core import rendering, wire

    if output_format == "json":
        return wire.dump_image(report.images[0]) if single else wire.dump(report)
    if output_format == "html":
        return rendering.render_html(report)
    if output_format == "markdown":
        return rendering.render_summary(report)
    return rendering.render_text(report, color=color, width=shutil.get_terminal_size((100, 24)).columns)


@contextmanager
def _progress() -> Iterator[TerminalProgress | Silence]:
    progress = wiring.terminal_progress()
    try:
        yield progress
    finally:
        progress.close()
