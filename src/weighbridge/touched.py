"""What an image is built from, and whether two trees build it from the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.contexts import context_digest
from weighbridge.core.copied import copied
from weighbridge.core.rules.glue import find_glue
from weighbridge.dockerfile.parse import parse
from weighbridge.subjects import read_context, read_dockerfile_text, read_subject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from weighbridge.model.build import BuildSpec
    from weighbridge.model.dockerfile import Dockerfile
    from weighbridge.model.subject import Context


def touched(spec: BuildSpec, before: Path, after: Path) -> bool:
    """Whether the Dockerfile, its `.dockerignore`, or a file that it copies is another one; also where nobody can tell.

    Where a script carries what it copies out of another image, that one's count, too, and so does the script.
    Raises MalformedDockerfile, UsageError.
    """
    was, now = read_subject(before, spec), read_subject(after, spec)
    if was is None or now is None:
        return True
    glue = find_glue(now)
    if glue != find_glue(was):
        return True
    if glue is None:
        return _touched(spec, before, after)
    first = replace(spec, context=glue.builder_context, file=glue.builder, target=None)
    scripts = any(was.neighbours.get(path) != now.neighbours.get(path) for path in glue.scripts)
    return scripts or _touched(spec, before, after) or _touched(first, before, after)


def _touched(spec: BuildSpec, before: Path, after: Path) -> bool:
    texts = [read_dockerfile_text(tree, spec.dockerfile) for tree in (before, after)]
    if texts[0] is None or texts[0] != texts[1] or spec.build_contexts:
        return True
    dockerfile = parse(texts[0], spec.dockerfile)
    found = []
    for tree in (before, after):
        context = read_context(tree, spec)
        digest = None if context is None else copied_digest(tree, spec, context, [dockerfile])
        if context is None or digest is None:
            return True
        found.append((context.ignore, digest))
    return found[0] != found[1]


def copied_digest(tree: Path, spec: BuildSpec, context: Context, dockerfiles: Iterable[Dockerfile]) -> str | None:
    """A digest of the files that one of the Dockerfiles may copy; None as in contexts.context_digest."""
    taken = [copied(dockerfile) for dockerfile in dockerfiles]
    sizes = {
        path: size
        for path, size in context.sizes.items()
        if any(patterns is None or patterns.excludes(path) for patterns in taken)
    }
    return context_digest(tree, spec, replace(context, sizes=sizes))
