"""What of an image is the program: what starts, the files that are its own, and the language that runs them."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.core.fixes.compiled import GO_VARIABLES, SOURCE
from weighbridge.core.fixes.needs import entry_files
from weighbridge.core.fixes.payload import CACHES, IDLE, NEVER, STATE
from weighbridge.core.proof.filesystem import is_own
from weighbridge.core.proof.needs import CERTIFICATES
from weighbridge.core.proof.starting import started
from weighbridge.model.files import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.core.proof.filesystem import FileSystem
    from weighbridge.model.files import FileTree
    from weighbridge.model.image import ImageConfig
    from weighbridge.model.programs import Programs

# Where a program keeps what belongs to it, by its name: the Filesystem Hierarchy Standard.
_NAMED_FOLDERS = (
    "etc", "usr/share", "usr/lib", "usr/libexec", "var/lib", "var/cache", "var/log", "var/spool", "usr/local/share",
    "usr/local/lib", "usr/local/etc", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu",
)  # fmt: skip
# Where a distribution keeps what belongs to a language, beside the folders of its name.
_SYSTEM_PARTS = {
    "python": ("usr/lib/python3/",),
    "ruby": ("var/lib/gems/", "usr/share/rubygems-integration/"),
    "perl": ("usr/share/perl5/", "usr/lib/x86_64-linux-gnu/perl5/", "usr/lib/x86_64-linux-gnu/perl-base/"),
    "node": ("usr/share/nodejs/",),
    "java": ("usr/lib/jvm/", "etc/ssl/certs/java/"),
}
_NOBODYS = (
    "go/",
    "boot/", "dev/", "media/", "mnt/", "proc/", "run/", "sys/", "var/run/", "var/lock/", "var/log/", "var/mail/",
    "var/spool/", "root/.bashrc/", "root/.profile/",
)  # fmt: skip
_ANCHORS = ("usr/local/share/ca-certificates/", "etc/pki/ca-trust/source/anchors/")
_TOP_TEXT = "bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc root run sbin srv sys tmp usr var"
_TOP = frozenset(_TOP_TEXT.split())
_TOOLCHAINS = ("usr/local/", "usr/src/", "opt/java/", "opt/yarn-", "usr/share/", "opt/conda/")
_CARRIED = (Kind.FILE, Kind.HARDLINK, Kind.SYMLINK, Kind.DIRECTORY)

_INTERPRETERS = {
    "python": re.compile(r"python[\d.]*"),
    "node": re.compile(r"node(?:js)?"),
    "java": re.compile(r"java"),
    "ruby": re.compile(r"ruby[\d.]*"),
    "php": re.compile(r"php(?:-fpm)?[\d.]*"),
    "perl": re.compile(r"perl[\d.]*"),
}
_VERSION_VARIABLES = {name: f"{name.upper()}_VERSION" for name in _INTERPRETERS}
# Names of images whose tags begin with the language's version.
_PUBLISHED = {
    **{name: re.compile(rf"(?:^|/){name}:") for name in _INTERPRETERS},
    "java": re.compile(r"(?:^|/)(?:eclipse-temurin|openjdk|amazoncorretto|sapmachine):"),
}
_NUMBERS = re.compile(r"(\d{1,4})(?:\.(\d{1,4}))?")
# What a language's own image brings besides what the program's author installed, below the folder of its `bin`.
_OWN_PARTS = {
    "python": re.compile(
        r"lib/(?:libpython[^/]*|python[\d.]+/(?!(?:site|dist)-packages/).*"
        r"|python[\d.]+/site-packages/(?:pip|setuptools|wheel|_distutils_hack|pkg_resources|distutils-precedence)\b.*)"
        r"|bin/(?:python|pip|idle|pydoc|2to3|wheel)[^/]*|include/.*|share/man/.*"
    ),
    "node": re.compile(
        r"(?:bin/(?:node|nodejs|npm|npx|corepack|yarn|yarnpkg)|lib/node_modules/(?:npm|corepack)(?:/.*)?|include/.*"
        r"|share/(?:doc|man|systemtap)/.*|(?:CHANGELOG|LICENSE|README)[^/]*)"
    ),
    "java": re.compile(r".*"),
    "ruby": re.compile(
        r"bin/(?:ruby|gem|irb|erb|rake|bundle|bundler|rdoc|ri|racc|rbs|typeprof)|lib/(?:lib)?ruby.*|include/.*"
    ),
    "php": re.compile(r"bin/(?:php|phar|pear|peardev|pecl|docker-php)[^/]*|lib/php/.*|include/.*|php/.*"),
    "perl": re.compile(r"bin/(?:perl|cpan|prove|pod)[^/]*|lib/perl.*"),
}  # fmt: skip


# What only who develops or installs has a use for, below the same folder.
_DEVELOPMENT = {
    "python": re.compile(
        r"bin/(?:python[\d.]*-config|idle|pydoc|2to3|pip)[^/]*|include/.*|lib/pkgconfig/.*|share/.*"
        r"|lib/python[\d.]+/(?:(?:config-[^/]+|test|idlelib|turtledemo|ensurepip|lib2to3)(?:/.*)?|site-packages/pip[-/].*)"
    ),
    "node": re.compile(
        r"bin/(?:npm|npx|corepack|yarn|yarnpkg)|include/.*|lib/node_modules/(?:npm|corepack)(?:/.*)?|share/.*"
    ),
    "java": re.compile(r"(?:jmods|include|man|demo|sample)(?:/.*)?|lib/src\.zip|src\.zip"),
    "ruby": re.compile(r"include/.*|share/(?:ri|doc|man)/.*|lib/pkgconfig/.*"),
    "php": re.compile(
        r"bin/(?:phpize|php-config|pear|peardev|pecl|phar)[^/]*|include/.*|lib/php/(?:build|doc|test)/.*"
    ),
    "perl": re.compile(r"include/.*|share/man/.*"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What interprets a program: `name`, the `version` as far as it is known (`3.11`), and its file in the image."""

    name: str
    version: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`entries` are the files that start; `paths` all that is the program's own, directories too (no leading slash).

    `runtime` are those of them that belong to the language, and need not come to a base that has it.
    """

    entries: tuple[str, ...]
    paths: frozenset[str]
    language: Language | None = None
    runtime: frozenset[str] = frozenset()


def find_program(files: FileSystem, base_name: str = "") -> Program | None:
    """The program of an image; None where it is not known what starts. `base_name` is what it stands on, if known."""
    entries = entry_files(files)
    if not entries:
        return None
    language = _language(files, entries, base_name)
    paths = {path for path in _own(files) if language is not None or not _belongs_to_a_compiler(path)}
    paths |= {path for path in _named(files, entries, language) if not NEVER.search(path)}
    # `npm start` is a way to start a program, too.
    if language is not None and not any(_inside(_DEVELOPMENT, path, language) for path in entries):
        paths = {path for path in paths if not _inside(_DEVELOPMENT, path, language)}
    paths |= set(entries) | _ways(files, entries) | _authorities(files)
    runtime: frozenset[str] = frozenset()
    if language is not None:
        called = {language.path, *(path for path in files.programs.links if files.resolve(path) == language.path)}
        paths |= called
        runtime = frozenset(called | {path for path in paths if _inside(_OWN_PARTS, path, language)})
    return Program(entries=entries, paths=frozenset(paths), language=language, runtime=runtime)


def settings_of(program: Program, config: ImageConfig) -> ImageConfig:
    """The configuration without the variables that only the compiler of a compiled program reads."""
    if program.language is not None:
        return config
    kept = tuple(entry for entry in config.environment if entry.partition("=")[0] not in GO_VARIABLES)
    return replace(config, environment=kept)


def without_hard_links(programs: Programs, tree: FileTree) -> tuple[Programs, dict[str, str]]:
    """The file system with each hard link as a file of its own, and under which name the engine exports its content."""
    linked = [path for path, facts in programs.files.items() if facts.kind is Kind.HARDLINK and path in tree.nodes]
    if not linked:
        return programs, {}
    holders = {
        (placed.content_layer, placed.content_path): path
        for path, placed in tree.nodes.items()
        if path in programs.files and programs.files[path].kind is Kind.FILE
    }
    names: dict[str, str] = {}
    facts = dict(programs.files)
    for path in linked:
        placed = tree.nodes[path]
        holder = holders.get((placed.content_layer, placed.content_path))
        if holder is not None:
            names[path], facts[path] = holder, programs.files[holder]
    return replace(programs, files=facts), names


def _language(files: FileSystem, entries: tuple[str, ...], base_name: str) -> Language | None:
    """By the first interpreter that is started."""
    reached = [each.path for each in started(files) if each.certain and each.path is not None]
    reached += [path for each in reached for path in _interpreter(files, each)]
    for path in (*entries, *reached):
        for name, pattern in _INTERPRETERS.items():
            base = path.rpartition("/")[2]
            if pattern.fullmatch(base):
                tag = base_name.rpartition(":")[2] if _PUBLISHED[name].search(base_name) else ""
                sources = (files.environment.get(_VERSION_VARIABLES[name], ""), base, tag)
                told = next((found for text in sources if (found := _NUMBERS.search(text)) is not None), None)
                version = ".".join(part for part in told.groups() if part) if told is not None else ""
                return Language(name=name, version=version, path=path)
    return None


def _interpreter(files: FileSystem, path: str) -> Iterator[str]:
    for word in files.programs.scripts.get(path, ())[:2]:
        found = files.which(word)
        if found is not None:
            yield found


def _own(files: FileSystem) -> Iterator[str]:
    """What lies outside the folders that a distribution fills, and is no cache and no trace of a build."""
    for path, facts in files.programs.files.items():
        if facts.kind not in _CARRIED or not is_own(path) or f"{path}/".startswith(_NOBODYS):
            continue
        if CACHES.match(f"{path}/") is not None or IDLE.search(path) is not None:
            continue
        if not NEVER.search(path) and not STATE.match(path) and path not in _TOP:
            yield path


def _belongs_to_a_compiler(path: str) -> bool:
    """Whether a path beside a compiled program is a source, a tool that made it, or in what holds such tools."""
    return path.startswith(_TOOLCHAINS) or SOURCE.search(path) is not None


def _named(files: FileSystem, entries: tuple[str, ...], language: Language | None) -> Iterator[str]:
    """What lies in folders that are called as what starts is."""
    names = {path.rpartition("/")[2] for path in entries}
    names |= {word.rpartition("/")[2] for word in (*files.config.entrypoint[:1], *files.config.command[:1])}
    parts: tuple[str, ...] = ()
    if language is not None and not is_own(language.path):
        names |= {language.name, language.path.rpartition("/")[2]}
        parts = _SYSTEM_PARTS.get(language.name, ())
    folders = (*(f"{folder}/{name}/" for folder in _NAMED_FOLDERS for name in names if name), *parts)
    for path, facts in files.programs.files.items():
        if facts.kind in _CARRIED and f"{path}/".startswith(folders):
            yield path


def _ways(files: FileSystem, entries: tuple[str, ...]) -> set[str]:
    """The links by which what starts is named."""
    words = [*files.config.entrypoint, *files.config.command]
    found = set()
    for word in words:
        names = [word] if "/" in word else [f"{folder}/{word}" for folder in files.search_path]
        for name in names:
            path = posixpath.normpath(posixpath.join("/", files.config.working_directory or "/", name)).lstrip("/")
            if path in files.programs.links and files.resolve(path) in entries:
                found.add(path)
    return found


def _authorities(files: FileSystem) -> set[str]:
    """The bundles of certificates, where somebody added an authority of their own."""
    added = any(path.startswith(_ANCHORS) for path in files.programs.files)
    return {path for path in CERTIFICATES if path in files.programs.files} if added else set()


def _inside(parts: Mapping[str, re.Pattern[str]], path: str, language: Language) -> bool:
    """Whether a path is one of a language's parts, below the folder that its `bin` lies in."""
    home = posixpath.dirname(posixpath.dirname(language.path))
    inside = path.removeprefix(f"{home}/")
    return inside != path and parts[language.name].fullmatch(inside) is not None
