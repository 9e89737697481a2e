"""All Dockerfiles of a repository, and what each is probably built from."""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING

from weighbridge.core.copied import literal_sources
from weighbridge.dockerfile.parse import parse
from weighbridge.errors import MalformedDockerfile
from weighbridge.model.build import BuildSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MOST = 100
_MAX_FOLDERS = 20_000
_NAME = re.compile(r"(?:[^/]+\.)?(?:dockerfile|containerfile)(?:[._-][^/]+)?", re.IGNORECASE)
_NO_DOCKERFILE = (
    *(".dockerignore", ".md", ".txt", ".bak", ".orig", ".swp", "~"),
    *(".j2", ".jinja", ".tmpl", ".tpl", ".template", ".in", ".erb"),
)
_FOREIGN = frozenset({"node_modules", "vendor", "third_party", "site-packages"})
_UNFIT = re.compile(r"[^a-z0-9._-]+")


def find_dockerfiles(tree: Path) -> tuple[str, ...]:
    """Paths relative to the tree, shallow ones first; at most MOST. No link is followed, nothing hidden entered.

    Templates of Dockerfiles are none, and what a package manager brought is somebody else's.
    """
    found = sorted(_walked(tree), key=lambda path: (path.count("/"), path))
    return tuple(found[:MOST])


def probable_spec(tree: Path, path: str, text: str, taken: Iterable[str]) -> BuildSpec:
    """How a Dockerfile is probably built: in its own folder, or in the root where only that has what it copies.

    The name is not one of those `taken`.
    """
    folder = posixpath.dirname(path) or "."
    return BuildSpec(name=_free(called(path), set(taken)), context=_context(tree, folder, path, text), file=path)


def called(path: str) -> str:
    """`api` for `api/Dockerfile`, `web` for `Dockerfile.web` and `web.Dockerfile`."""
    folder, _, name = path.rpartition("/")
    rest = re.sub(r"(?:dockerfile|containerfile)", "", name, flags=re.IGNORECASE).strip("._-")
    parts = [folder.rpartition("/")[2], rest]
    return _UNFIT.sub("-", "-".join(part for part in parts if part).lower()).strip("-._")[:60] or "image"


def _walked(tree: Path) -> Iterator[str]:
    for count, (folder, folders, files) in enumerate(os.walk(tree)):
        if count >= _MAX_FOLDERS:
            return
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _FOREIGN)
        inside = os.path.relpath(folder, tree)
        for name in files:
            location = os.path.join(folder, name)  # noqa: PTH118 - os.walk speaks in texts
            if _is_dockerfile(name) and not os.path.islink(location):  # noqa: PTH114
                yield name if inside == "." else f"{inside}/{name}"


def _is_dockerfile(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and not name.lower().endswith(_NO_DOCKERFILE) and name.isprintable()


def _context(tree: Path, folder: str, path: str, text: str) -> str:
    try:
        sources = literal_sources(parse(text, path))
    except MalformedDockerfile:
        return folder
    here, in_root = (all((tree / place / source).exists() for source in sources) for place in (folder, "."))
    return "." if in_root and not here else folder


def _free(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found
