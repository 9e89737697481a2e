"""Subjects for rules and fixes, written down in a few words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from weighbridge.core.rules.config import RulesConfig
from weighbridge.core.rules.registry import examine
from weighbridge.dockerfile.parse import parse
from weighbridge.model.build import BuildSpec
from weighbridge.model.subject import Context, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.model.finding import Finding
    from weighbridge.model.image import Image
    from weighbridge.model.programs import Programs

TODAY = date(2026, 11, 24)
CONFIG = RulesConfig(today=TODAY)


def context(
    sizes: Mapping[str, int] | None = None, texts: Mapping[str, str] | None = None, ignore: str | None = None
) -> Context:
    """A build context; the files with texts are in it, too."""
    named = {path: len(text) for path, text in (texts or {}).items()}
    return Context(sizes=named | dict(sizes or {}), texts=texts or {}, ignore_path=".dockerignore", ignore=ignore)


def subject(
    text: str,
    *,
    image: Image | None = None,
    context: Context | None = None,
    neighbours: Mapping[str, str] | None = None,
    target: str | None = None,
    build_args: tuple[str, ...] = (),
    programs: Programs | None = None,
) -> Subject:
    """A subject of this Dockerfile."""
    return Subject(
        spec=BuildSpec(name="app", target=target, build_args=build_args),
        dockerfile=parse(text, "Dockerfile"),
        text=text,
        context=context,
        image=image,
        programs=programs,
        neighbours=neighbours or {},
    )


def found(rule: str, examined: Subject, config: RulesConfig = CONFIG) -> list[Finding]:
    """What one rule says of a subject, when all are asked."""
    return [finding for finding in examine(examined, config) if finding.rule == rule]
