"""What the command line's verbs do: settings in, a report out, printed in the format asked for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge import pipeline, wiring
from weighbridge.errors import UsageError
from weighbridge.model.report import Report
from weighbridge.naming import parse_image_name

if TYPE_CHECKING:
    from weighbridge.adapters.progress import Silence, TerminalProgress
    from weighbridge.settings import Limits


def check(given: Mapping[str, object], *, base: str | None, head: str | None) -> tuple[Report, Limits]:
    """Builds and compares two revisions of the repository around the working directory. Raises WeighbridgeError."""
    from weighbridge import revisions
    from weighbridge.adapters.builder import BuildxBuilder
    from weighbridge.adapters.git import GitRepository
    from weighbridge.event import read_event
    from weighbridge.settings import load

    repository = GitRepository(Path.cwd())
    settings = load(cli=given, environ=os.environ, root=repository.root)
    event = read_event({})
    refs = revisions.choose(event, repository, base=base or settings.base_ref, head=head)
    with _progress() as progress:
        yard = pipeline.Yard(
            repository=repository,
            builder=BuildxBuilder(),
            engine=wiring.engine,
            scale=wiring.scale(progress.read, wiring.engine),
            log=progress,
        )
        return pipeline.check_revisions(settings, refs, yard, origin=pipeline.Whence()), settings.limits


def compare(base: str, head: str, name: str | None, limits: Limits) -> Report:
    """Two images, however named. Raises WeighbridgeError."""
    names = parse_image_name(base), parse_image_name(head)
    with _progress() as progress:
        return pipeline.compare_images(*names, wiring.scale(progress.read, wiring.engine), name=name, limits=limits)


def inspect(image: str, limits: Limits) -> Report:
    """One image, however named. Raises WeighbridgeError."""
    name = parse_image_name(image)
    with _progress() as progress:
        return pipeline.inspect_image(name, wiring.scale(progress.read, wiring.engine), limits=limits)


def present(report: Report, output_format: str, output: Path | None, *, single: bool = False) -> None:
    """Prints the report or writes it to a file. Raises UsageError if the file can't be written."""
    to_terminal = output is None and sys.stdout.isatty()
    text = _rendered(report, output_format, color=to_terminal and not os.environ.get("NO_COLOR"), single=single)
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}") from error


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
