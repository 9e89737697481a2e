"""A checked-out tree to a Subject: the Dockerfile, the build context as BuildKit would send it, and what stands near.

Only regular files are read, never through a symlink, and never more than the bounds below.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.dockerfile.ignore import Ignore, read_ignore
from weighbridge.dockerfile.parse import MAX_BYTES, parse
from weighbridge.errors import MalformedDockerfile, UsageError
from weighbridge.model.subject import Context, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from weighbridge.dockerfile.ignore import Matched
    from weighbridge.model.build import BuildSpec
    from weighbridge.model.dockerfile import Dockerfile
    from weighbridge.model.image import Image, ImageConfig
    from weighbridge.model.programs import Programs

_MAX_TEXT_BYTES = 256 * 1024
_MAX_TEXTS_BYTES = 4 * 1024 * 1024
_MAX_SCRIPT_BYTES = 64 * 1024
_MAX_TEXTS = 400
_MAX_ENTRIES = 200_000
_MAX_MATCHES = 20_000_000
"""Paths times patterns: how much is matched before a context counts as too large to look at."""

_MAX_NEIGHBOURS = 64
_MAX_NEIGHBOUR_FOLDERS = 200
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://|git@", re.IGNORECASE)

_KEY_FILES = (
    "go.mod go.work package.json .nvmrc lerna.json nx.json turbo.json pnpm-workspace.yaml .yarnrc.yml angular.json "
    "pyproject.toml setup.py setup.cfg Pipfile environment.yml .python-version manage.py "
    "pom.xml build.gradle build.gradle.kts settings.gradle settings.gradle.kts gradle.properties "
    "Cargo.toml rust-toolchain rust-toolchain.toml composer.json Gemfile Gemfile.lock Rakefile config.ru .ruby-version "
    "global.json nuget.config Directory.Build.props CMakeLists.txt Makefile makefile GNUmakefile meson.build "
    "configure.ac Procfile nginx.conf"
)
_KEY_NAMES = frozenset(_KEY_FILES.split())
_KEY_PATTERN = re.compile(
    r"requirements[^/]*\.(?:txt|in)|[^/]*\.(?:csproj|fsproj|vbproj|sln|sh|bash|gemspec|cabal)|docker-entrypoint[^/]*"
    r"|entrypoint[^/]*|(?:vite|webpack|rollup|next|nuxt|astro|svelte|vue)\.config\.[cm]?[jt]s",
    re.IGNORECASE,
)
_MAIN_PROGRAM = re.compile(
    r"(?:main|app|server|index|wsgi|asgi|program)\.(?:go|py|js|ts|mjs|cjs|rs|rb|php|cs|c|cpp|cc)", re.IGNORECASE
)
_NEIGHBOUR = re.compile(
    r"(?:[^/]*\.)?(?:docker|container)file(?:[._-][^/]*)?|[^/]*\.(?:sh|bash|mk|bat|cmd|ps1)|(?:gnu)?makefile"
    r"|(?:docker-)?compose[^/]*\.ya?ml|\.travis\.yml|circle\.yml|\.gitlab-ci\.yml|jenkinsfile|justfile|taskfile\.ya?ml"
    r"|(?:build|release|make|docker)[^/.]*",
    re.IGNORECASE,
)


def read_subject(
    tree: Path,
    spec: BuildSpec,
    *,
    image: Image | None = None,
    programs: Programs | None = None,
    base_config: ImageConfig | None = None,
) -> Subject | None:
    """What `spec` builds in the checked-out `tree`; None where there is no Dockerfile.

    The context is None where it is not in the tree or too large to look at. Raises MalformedDockerfile, UsageError.
    """
    text = read_dockerfile_text(tree, spec.dockerfile)
    if text is None:
        return None
    return Subject(
        spec=spec,
        dockerfile=parse(text, spec.dockerfile),
        text=text,
        context=read_context(tree, spec),
        image=image,
        programs=programs,
        base_config=base_config,
        neighbours=read_neighbours(tree, spec),
    )


def read_dockerfile(tree: Path, path: str) -> Dockerfile | None:
    """The parsed Dockerfile, None if there is none. Raises MalformedDockerfile, UsageError."""
    text = read_dockerfile_text(tree, path)
    return None if text is None else parse(text, path)


def read_dockerfile_text(tree: Path, path: str) -> str | None:
    """The Dockerfile as written, line ends included, None if there is none. Raises MalformedDockerfile, UsageError.

    Bytes that are not UTF-8 are U+FFFD in it.
    """
    location = tree / path
    try:
        if not location.resolve().is_relative_to(tree.resolve()):
            raise UsageError(f"{path}: a Dockerfile must lie inside the repository")
        # A pipe that nobody writes to would be waited for.
        if location.exists() and not location.is_file():
            raise MalformedDockerfile(f"{path}: is not a file")
        with location.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MalformedDockerfile(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise MalformedDockerfile(f"{path}: larger than {MAX_BYTES} bytes")
    return content.decode("utf-8", "replace")


def foreign_line(tree: Path, path: str) -> int | None:
    """The first line of a file that is not UTF-8, 1-based; None where all of it is, or where it cannot be read."""
    try:
        with (tree / path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        content.decode()
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    except OSError:
        return None
    return None


def read_context(tree: Path, spec: BuildSpec) -> Context | None:
    """The build context after its ignore file; None where it is not in the tree, or too large to look at."""
    if _ELSEWHERE.match(spec.context):
        return None
    root = tree / spec.context
    if not root.is_dir() or not root.resolve().is_relative_to(tree.resolve()):
        return None
    ignore_path, ignore_text = _ignore_file(tree, spec)
    walk = _Walk(root=root, ignore=read_ignore(ignore_text or ""))
    if not walk.all():
        return None
    return Context(
        sizes=walk.sizes,
        texts=dict(_key_texts(root, walk)),
        ignore_path=ignore_path,
        ignore=ignore_text,
        excluded_bytes=walk.excluded_bytes,
    )


def read_neighbours(tree: Path, spec: BuildSpec) -> dict[str, str]:
    """Other Dockerfiles, build scripts and compose files (path → text).

    Looked for in the root, the context, the Dockerfile's folder and the folders one below them.
    """
    starts = dict.fromkeys(["", posixpath.dirname(spec.dockerfile), "" if spec.context == "." else spec.context])
    folders = list(starts)
    for start in starts:
        folders += [posixpath.join(start, name) for name in _folders(tree, start)]
    found: dict[str, str] = {}
    for folder in list(dict.fromkeys(folders))[:_MAX_NEIGHBOUR_FOLDERS]:
        for name in _files(tree, folder):
            path = posixpath.join(folder, name)
            if path != spec.dockerfile and _NEIGHBOUR.fullmatch(name) and len(found) < _MAX_NEIGHBOURS:
                text = _text(tree / path)
                if text is not None:
                    found[path] = text
    return found


def _ignore_file(tree: Path, spec: BuildSpec) -> tuple[str, str | None]:
    """The Dockerfile's own ignore file goes before the context's."""
    own = f"{spec.dockerfile}.dockerignore"
    text = _text(tree / own)
    if text is not None:
        return own, text
    shared = posixpath.normpath(posixpath.join(spec.context, ".dockerignore"))
    return shared, _text(tree / shared)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One pass over a context, files only, names in order."""

    root: Path
    ignore: Ignore
    sizes: dict[str, int] = field(default_factory=dict)
    programs: list[str] = field(default_factory=list)
    excluded_bytes: int = 0
    entries: int = 0

    def all(self) -> bool:
        """Whether it came to the end within bounds."""
        most = min(_MAX_ENTRIES, _MAX_MATCHES // max(len(self.ignore.patterns), 1))
        pending: list[tuple[str, bool, Matched | None]] = [("", False, None)]
        while pending:
            folder, lost, above = pending.pop()
            below: list[tuple[str, bool, Matched | None]] = []
            for entry in _entries(self.root / folder):
                self.entries += 1
                if self.entries > most:
                    return False
                path = f"{folder}/{entry.name}" if folder else entry.name
                # Nothing comes back below an excluded directory unless there are exceptions.
                out, matched = (True, above) if lost else self.ignore.step(path, above)
                if entry.is_dir(follow_symlinks=False):
                    below.append((path, out and not self.ignore.has_exceptions, matched))
                else:
                    self._count(path, entry, out=out)
            pending += reversed(below)
        return True

    def _count(self, path: str, entry: os.DirEntry[str], *, out: bool) -> None:
        with contextlib.suppress(OSError):
            facts = entry.stat(follow_symlinks=False)
            size = facts.st_size if stat.S_ISREG(facts.st_mode) else 0
            if out:
                self.excluded_bytes += size
                return
            self.sizes[path] = size
            # A program without an extension that is small enough to be a script: what a RUN may start.
            if facts.st_mode & stat.S_IXUSR and size <= _MAX_SCRIPT_BYTES and "." not in entry.name:
                self.programs.append(path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []


def _folders(tree: Path, folder: str) -> Iterator[str]:
    if _inside(tree, folder):
        yield from (
            entry.name
            for entry in _entries(tree / folder)
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.name != "node_modules"
        )


def _files(tree: Path, folder: str) -> Iterator[str]:
    if _inside(tree, folder):
        yield from (entry.name for entry in _entries(tree / folder) if entry.is_file(follow_symlinks=False))


def _inside(tree: Path, folder: str) -> bool:
    return (tree / folder).resolve().is_relative_to(tree.resolve())


def _key_texts(root: Path, walk: _Walk) -> Iterator[tuple[str, str]]:
    """The files that tell how a project is built, those nearest to the root first."""
    wanted = {path for path, size in walk.sizes.items() if size <= _MAX_TEXT_BYTES and _is_key(path)}
    wanted.update(path for path in walk.programs if not _is_foreign(path))
    total = 0
    for path in sorted(wanted, key=lambda path: (path.count("/"), path))[:_MAX_TEXTS]:
        total += walk.sizes[path]
        if total > _MAX_TEXTS_BYTES:
            return
        text = _text(root / path)
        if text is not None:
            yield path, text


def _is_key(path: str) -> bool:
    name = path.rpartition("/")[2]
    if _is_foreign(path):
        return False
    return name in _KEY_NAMES or bool(_KEY_PATTERN.fullmatch(name) or _MAIN_PROGRAM.fullmatch(name))


def _is_foreign(path: str) -> bool:
    return "node_modules/" in path or path.startswith(".git/")


def _text(path: Path) -> str | None:
    """A regular file's text; None for anything else, and for what is larger than a text that people write."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, so that no symlink is followed
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = file.read(_MAX_TEXT_BYTES + 1)
    return content.decode("utf-8", "replace") if len(content) <= _MAX_TEXT_BYTES else None
