"""What the rules find in an image, and what of it is new: the examining part of `check`, `compare` and `inspect`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from weighbridge.core.rules.contents import path_words
from weighbridge.core.rules.introduced import told_apart, told_by_instruction
from weighbridge.core.rules.registry import examine
from weighbridge.dockerfile.parse import parse
from weighbridge.model.build import BuildSpec
from weighbridge.model.dockerfile import Dockerfile
from weighbridge.model.subject import Subject
from weighbridge.subjects import read_subject

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.core.rules.config import RulesConfig
    from weighbridge.model.finding import Finding
    from weighbridge.model.image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One side: an image, None where only its weight is known, and the checked-out tree that it was built from."""

    tree: Path
    image: Image | None


def findings_of_change(
    spec: BuildSpec, head: Weighed, base: Weighed | None, config: RulesConfig
) -> tuple[Finding, ...]:
    """The head's findings; those that the base lacks are marked where there is a base."""
    subject = read_subject(head.tree, spec, image=head.image)
    if subject is None:
        return ()
    before = read_subject(base.tree, spec, image=base.image) if base is not None else None
    if before is None or base is None:
        return examine(subject, config)
    if base.image is None:
        return told_by_instruction(examine(subject, config), subject, before)
    return _told_apart(subject, before, config)


def findings_of_image(
    image: Image, config: RulesConfig, *, dockerfile: tuple[str, str] | None = None
) -> tuple[Finding, ...]:
    """What an image alone shows; with its Dockerfile (path and text), what both do. Raises MalformedDockerfile."""
    return examine(_subject(image, dockerfile), config)


def findings_of_images(base: Image, head: Image, config: RulesConfig) -> tuple[Finding, ...]:
    """The head's findings from the images alone, those that the base lacks marked."""
    return _told_apart(_subject(head, None), _subject(base, None), config)


def _told_apart(subject: Subject, before: Subject, config: RulesConfig) -> tuple[Finding, ...]:
    """The findings of a subject; those that an earlier one lacks are marked. Only their rules are asked again.

    Most paths are those of both images: what is looked for in them is found once.
    """
    images = [each.image for each in (subject, before) if each.image is not None]
    words = path_words(images, config.ignored) if images else None
    found = examine(subject, config, words=words)
    old = examine(before, config, only={finding.rule for finding in found}, words=words, proven=False)
    return told_apart(found, old, subject, before)


def today() -> date:
    """The day that ends of support are held against."""
    return datetime.now(tz=UTC).date()


def _subject(image: Image, dockerfile: tuple[str, str] | None) -> Subject:
    path, text = dockerfile or ("Dockerfile", "")
    return Subject(
        spec=BuildSpec(name=image.reference, file=path),
        dockerfile=parse(text, path) if dockerfile else Dockerfile(path=path, arguments=(), stages=()),
        text=text,
        image=image,
    )
