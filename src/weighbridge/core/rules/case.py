"""What a rule examines: a subject, prepared once for all rules."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from weighbridge.core.footprint import directory_totals
from weighbridge.core.names import clipped, clipped_path
from weighbridge.core.rendering.units import format_size
from weighbridge.core.rollup import heaviest_path
from weighbridge.core.rules.base import Base, parse_base
from weighbridge.core.rules.contents import Contents
from weighbridge.core.rules.installs import Installed, installed
from weighbridge.core.rules.replay import Copy, Step, base_name, context_path, final_chain, replay
from weighbridge.model.finding import Evidence, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.config import RulesConfig
    from weighbridge.core.rules.contents import Held
    from weighbridge.core.rules.path_words import PathWords
    from weighbridge.core.rules.rule import Rule
    from weighbridge.model.image import SourceLine
    from weighbridge.model.subject import Subject

NOTEWORTHY = 50_000
"""Bytes below which nothing that was measured is worth a finding."""

_DEVELOPMENT = re.compile(
    r"(?<![a-z])(?:dev(?:el|elop|elopment|container)?|tests?|testing|ci|e2e|gitpod|debug)(?![a-z])", re.IGNORECASE
)

MESSAGE = 200
_EVIDENCE = 10
_EVIDENCE_TEXT = 160
_PATH = 100


@dataclass(frozen=True)
class Case:
    """A subject with what several rules need of it.

    `words` are the paths of its image's files, and may be those of others too. Where findings are merely counted, they
    are not `proven`: they have no evidence, which costs most.
    """

    subject: Subject
    config: RulesConfig
    words: PathWords | None = None
    proven: bool = True

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The instructions that make the final image."""
        return replay(self.subject)

    @cached_property
    def calls(self) -> tuple[tuple[Step, Call], ...]:
        """Every command of the final image's RUNs with its step."""
        return tuple((step, call) for step in self.steps for call in step.calls)

    @cached_property
    def copies(self) -> tuple[tuple[Step, Copy], ...]:
        """Every COPY and ADD of the final image with its step."""
        return tuple((step, step.copy) for step in self.steps if step.copy is not None)

    @cached_property
    def packages(self) -> tuple[Installed, ...]:
        """The system packages that the Dockerfile names."""
        return installed(self.steps)

    @cached_property
    def base(self) -> Base:
        """The image that it is FROM in the end."""
        return parse_base(base_name(self.subject) or (self.subject.image and self.subject.image.base_name) or "")

    @cached_property
    def contents(self) -> Contents | None:
        """The image's files, None where there is no image."""
        image = self.subject.image
        return None if image is None else Contents(image, self.config.ignored, self.words)

    @cached_property
    def base_line(self) -> SourceLine | None:
        """The FROM that names the base image."""
        chain = final_chain(self.subject)
        first = chain[0].instructions[0] if chain else None
        return None if first is None else self.line_at(first.start, first.end)

    @cached_property
    def for_development(self) -> bool:
        """Whether the image is meant for developing or testing, by the name of its Dockerfile, folder or target."""
        named = f"{self.subject.dockerfile.path}/{self.subject.spec.target or ''}"
        return _DEVELOPMENT.search(named) is not None

    def line_at(self, start: int, end: int) -> SourceLine:
        """Lines of this Dockerfile."""
        from weighbridge.model.image import SourceLine

        return SourceLine(file=self.subject.dockerfile.path, start=start, end=end)

    def layer_of(self, step: Step) -> int | None:
        """The layer that a step made, None where there is no image or the step left nothing."""
        return self._layers.get(step.number)

    def step_of(self, layer: int) -> Step | None:
        """The step that made a layer, None where nothing tells."""
        return self._steps.get(layer)

    def line_of(self, layer: int) -> SourceLine | None:
        """Where the Dockerfile makes a layer, None where nothing tells."""
        image = self.subject.image
        return None if image is None else image.layers[layer].line

    @cached_property
    def _layers(self) -> dict[int, int]:
        return {step.number: layer for layer, step in self._steps.items()}

    @cached_property
    def _steps(self) -> dict[int, Step]:
        image = self.subject.image
        starts = {step.line.start: step for step in self.steps}
        lines = enumerate(image.layers if image is not None else ())
        return {
            number: starts[layer.line.start]
            for number, layer in lines
            if layer.line is not None and layer.line.start in starts
        }

    def origin(self, path: str, before: Step) -> str | None:
        """The file of the context that lies at an absolute path of the image when a step begins."""
        copies = [copy for step, copy in self.copies if step.number < before.number]
        return context_path(path, copies, self.subject)

    def text_at(self, path: str, before: Step) -> str | None:
        """The text of a file of the image, where it came from the context and is one of its key files."""
        origin = self.origin(path, before)
        context = self.subject.context
        return context.texts.get(origin) if context is not None and origin is not None else None

    @cached_property
    def started(self) -> str:
        """All that a container starts, as one text: entrypoint, command, health check, and the scripts they name."""
        parts: list[str] = []
        for step in self.steps:
            if step.instruction.keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
                words = " ".join(step.instruction.values)
                parts.append(words)
                for word in re.split(r"[\s\"'\[\],]+", words):
                    text = self.text_at(posixpath.join(step.folder, word), step) if word else None
                    parts.append(text or "")
        return "\n".join(parts)

    def found(
        self,
        rule: Rule,
        message: str,
        *,
        line: SourceLine | None,
        waste: int | None = None,
        evidence: Iterable[Evidence] = (),
    ) -> Finding:
        """A finding of a rule, its texts made fit to print."""
        return Finding(
            rule=rule.id,
            severity=rule.severity,
            message=clipped(message, MESSAGE),
            line=line,
            waste=waste,
            evidence=tuple(islice(evidence, _EVIDENCE)) if self.proven else (),
        )


def shown(text: str, *, path: str | None = None, size: int | None = None, layer: int | None = None) -> Evidence:
    """A piece of evidence, its text made fit to print, its path valid Unicode."""
    if path is not None:
        path = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return Evidence(text=clipped(text, _EVIDENCE_TEXT), path=path, size=size, layer=layer)


def command_shown(call: Call) -> Evidence:
    """A command as evidence: as written, since the values of build arguments may be secrets."""
    where = f" (in {call.script})" if call.script else ""
    return shown(f"`{call.written}`{where}")


def files_shown(files: Iterable[Held], most: int = 5) -> Iterator[Evidence]:
    """Many files as the few rows that hold most of their bytes: folders, and then the rest as one."""
    sizes: Counter[str] = Counter()
    layers: dict[str, int] = {}
    for held in files:
        sizes[held.path] += held.size
        layers[held.path] = held.layer
    totals = directory_totals(sizes)
    for _ in range(most):
        if not sizes:
            return
        heaviest = heaviest_path(sizes, totals)
        path = heaviest[0] if heaviest is not None else max(sizes, key=lambda each: (sizes[each], each))
        below = f"{path}/"
        inside = [each for each in sizes if each == path or each.startswith(below)]
        size = sum(sizes[each] for each in inside)
        yield shown(f"{clipped_path(path, _PATH)} ({format_size(size)})", path=path, size=size, layer=layers[inside[0]])
        for folder, less in directory_totals({each: sizes.pop(each) for each in inside}).items():
            totals[folder] -= less
    if sizes:
        size = sum(sizes.values())
        yield shown(f"{len(sizes)} more file{'s' if len(sizes) > 1 else ''} ({format_size(size)})", size=size)
