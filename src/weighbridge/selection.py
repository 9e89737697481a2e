"""Which images a command is about, where a repository has several."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from weighbridge.dockerfiles import called, find_dockerfiles, probable_spec
from weighbridge.errors import UsageError
from weighbridge.subjects import read_dockerfile_text

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.settings import ImageSettings, Settings


def at_place(asked: Settings, configured: Settings, *, context: object, file: object) -> Settings:
    """The configured images that lie where the command line points; where none does, one that nobody configured.

    `asked` are the settings with the command line's context and file in every image, `configured` those without.
    """
    places = [posixpath.normpath(str(place)) if place else None for place in (context, file)]
    found = [
        image
        for image in configured.images
        if places[0] in (None, image.context) and places[1] in (None, image.specs()[0].dockerfile)
    ]
    if found:
        return configured.model_copy(update={"images": tuple(found)})
    first = asked.images[0]
    own = {"name": called(first.specs()[0].dockerfile), "context": places[0] or "."}
    return asked.model_copy(update={"images": (first.model_copy(update=own),)})


def with_every_dockerfile(settings: Settings, tree: Path) -> Settings:
    """The settings with an image for each further Dockerfile of the tree, built with the first one's options.

    Raises UsageError where there is no Dockerfile at all.
    """
    first = settings.images[0]
    # What nobody configured, and is not there, nobody meant.
    images = [image for image in settings.images if len(settings.images) > 1 or _is_there(image, tree)]
    covered = {spec.dockerfile for image in images for spec in image.specs()}
    for path in find_dockerfiles(tree):
        text = read_dockerfile_text(tree, path) if path not in covered else None
        if text is not None:
            spec = probable_spec(tree, path, text, [image.name for image in images])
            own = {"name": spec.name, "context": spec.context, "file": spec.file, "target": None, "build_contexts": ()}
            images.append(first.model_copy(update=own))
    if not images:
        raise UsageError("there is no Dockerfile in the repository")
    return settings.model_copy(update={"images": tuple(images)})


def _is_there(image: ImageSettings, tree: Path) -> bool:
    return any((tree / spec.dockerfile).is_file() for spec in image.specs())
