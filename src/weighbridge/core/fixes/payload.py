"""What the author's own instructions left in the image and a container may need: the freight, without the packing."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from weighbridge.core.fixes.split import Copy, owner_of
from weighbridge.core.installs import find_install
from weighbridge.model.files import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.model.dockerfile import Instruction
    from weighbridge.model.files import Placed
    from weighbridge.model.image import Image

_SYSTEM = ("bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys", "usr", "var")
CACHES = re.compile(
    r"(?:tmp|var/tmp|var/cache|var/log|var/lib/apt|var/lib/dpkg|go/pkg)/"
    r"|(?:usr/local/|(?:root|home/[^/]+)/\.)cargo/(?:(?:registry|git)/|\.)"
    r"|(?:root|home/[^/]+)/(?:(?:\.(?:cache|npm|m2|gradle|nuget|composer|gem|yarn|config/go|local/(?:share|state)/pnpm)|go/pkg)/|\.wget-hsts)"
)
NEVER = re.compile(
    r"(?:^|/)(?:\.git|\.github|\.gitlab|\.svn|\.hg|\.idea|\.vscode|\.pytest_cache)(?:/|$)"
    r"|(?:^|/)(?:\.gitignore|\.gitattributes|\.dockerignore|\.editorconfig|\.gitlab-ci\.yml|\.travis\.yml|"
    r"[^/]*Dockerfile[^/]*|docker-compose[^/]*|compose\.ya?ml|Makefile|GNUmakefile|README[^/]*|CHANGELOG[^/]*|"
    r"bin/composer(?:\.phar)?|CONTRIBUTING[^/]*|\.weighbridge\.yml)$",
    re.IGNORECASE,
)
# What others wrote is taken as it is: it names its own parts.
_INSTALLED = re.compile(r"(?:^|/)(?:node_modules|site-packages|dist-packages|gems|vendor/bundle)/")
# Nothing that is asked for, and nothing for whose sake a folder is taken apart.
IDLE = re.compile(r"(?:^|/)(?:__pycache__|node_modules/\.(?:cache|vite))(?:/|$)")
# What installing anything writes anew in every image; users come along by what made them. The bundle of certificates
# stays: an instruction that writes it added an authority.
STATE = re.compile(
    r"etc/(?:(?:passwd|group|shadow|gshadow|subuid|subgid)-?|\.pwd\.lock|ld\.so\.cache|ca-certificates\.conf|mailcap|environment)$"
    r"|etc/ssl/certs/(?!ca-certificates\.crt$)|usr/local/share/ca-certificates/|etc/(?:alternatives|rc\d\.d|init\.d)/|usr/share/(?:doc|man|info|lintian)/"
)
_LANGUAGE = re.compile(r"usr/local/(?:lib/python[\d.]+/(?:site|dist)-packages|bundle|lib/node_modules|lib/php)/")
_VERSIONED = re.compile(r"usr/local/lib/(?:python|ruby|perl)[\d.]*")
# Whole folders of a system are never copied: the second stage has its own.
_SHARED_TEXT = (
    "usr usr/bin usr/sbin usr/lib usr/lib64 usr/libexec usr/local usr/local/bin usr/local/sbin usr/local/lib "
    "usr/local/share usr/local/etc usr/local/include usr/share usr/src etc opt root home srv var var/lib "
    "var/www mnt media run bin sbin lib lib64 data tmp usr/share/nginx"
)
_SHARED = frozenset(_SHARED_TEXT.split())


def freight(anatomy: Anatomy, until: Instruction, is_source: Callable[[str], bool]) -> dict[str, Placed]:
    """What the author's instructions up to `until` left and may be needed: path → where it stands.

    Left out: what packages brought, caches, version control, and what `is_source` calls an input of the build.
    """
    image = anatomy.subject.image
    if image is None:
        return {}
    packages = packaged(anatomy, image.tree.nodes)
    kept: dict[str, Placed] = {}
    # A virtual environment is one thing, with the links in it.
    environments = tuple(path.removesuffix("pyvenv.cfg") for path in image.tree.nodes if path.endswith("/pyvenv.cfg"))
    for path, placed in image.tree.nodes.items():
        made = anatomy.makers.get(placed.layer)
        if made is None or made.start > until.start:
            continue
        if CACHES.match(path) or STATE.match(path) or IDLE.search(path):
            continue
        installed = path.startswith(environments) or _INSTALLED.search(path) is not None
        if not installed and (NEVER.search(path) or is_source(path)):
            continue
        if path in packages:
            continue
        if placed.entry.kind in (Kind.FILE, Kind.HARDLINK, Kind.SYMLINK):
            kept[path] = placed
    return kept


def packaged(anatomy: Anatomy, paths: Iterable[str]) -> frozenset[str]:
    """Those of the paths that a package manager's RUN of the stage put into the system's folders."""
    image = anatomy.subject.image
    nodes = image.tree.nodes if image is not None else {}
    layers = {number for number, made in anatomy.makers.items() if _brings_packages(anatomy, made)}
    return frozenset(path for path in paths if path in nodes and nodes[path].layer in layers and _in_system(path))


def copies(kept: Mapping[str, Placed], image: Image) -> tuple[Copy, ...]:
    """COPY instructions that bring exactly these files: whole folders where nothing else is in them."""
    # What the base image left in a language's own folder is in its slim twin, too, and does no harm there.
    others = [
        path
        for path, placed in image.tree.nodes.items()
        if placed.entry.kind is not Kind.DIRECTORY
        and path not in kept
        and not (image.layers[placed.layer].from_base and _LANGUAGE.match(path))
        and IDLE.search(path) is None
    ]
    whole = _whole_folders(kept, others)
    grouped: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    alone: list[Copy] = []
    for path in sorted(_roots(kept, whole)):
        owner = _owner(path, kept)
        if path in whole or path not in kept:
            alone.append(Copy(sources=(f"/{path}",), destination=f"/{path}", owner=owner))
        else:
            grouped[path.rpartition("/")[0], owner].append(path)
    for (folder, owner), paths in grouped.items():
        if len(paths) == 1:
            alone.append(Copy(sources=(f"/{paths[0]}",), destination=f"/{paths[0]}", owner=owner))
        else:
            target = f"/{folder}/" if folder else "/"
            alone.append(Copy(sources=tuple(f"/{path}" for path in paths), destination=target, owner=owner))
    return tuple(sorted(alone, key=lambda copy: copy.destination))


def _brings_packages(anatomy: Anatomy, instruction: Instruction) -> bool:
    managers = ("apt", "apk", "yum", "dnf", "microdnf", "zypper", "aptitude", "dpkg")
    return any(
        (install := find_install(command)) is not None and install.command.startswith(managers)
        for command in anatomy.commands(instruction)
    )


def _in_system(path: str) -> bool:
    return path.split("/", 1)[0] in _SYSTEM and not path.startswith(("usr/local/", "usr/src/", "var/www/", "srv/"))


def _whole_folders(kept: Mapping[str, Placed], others: Sequence[str]) -> frozenset[str]:
    """Folders that hold nothing of the others, the system's own apart."""
    missing = {parent for path in others for parent in _parents(path)}
    holding = {parent for path in kept for parent in _parents(path)}
    return frozenset(
        folder for folder in holding - missing if folder not in _SHARED and not _VERSIONED.fullmatch(folder)
    )


def _roots(kept: Iterable[str], whole: frozenset[str]) -> set[str]:
    """The highest whole folder of each file, or the file itself."""
    return {next((parent for parent in reversed(_parents(path)) if parent in whole), path) for path in kept}


def _parents(path: str) -> list[str]:
    """The folders above a path, the nearest first."""
    found = []
    while "/" in path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found


def _owner(path: str, kept: Mapping[str, Placed]) -> str | None:
    """`uid:gid` of most of what is copied; None where that is root."""
    count: dict[tuple[int, int], int] = defaultdict(int)
    below = f"{path}/"
    for name, placed in kept.items():
        if name == path or name.startswith(below):
            count[placed.entry.uid, placed.entry.gid] += 1
    uid, gid = max(count, key=lambda owner: count[owner]) if count else (0, 0)
    return owner_of(uid, gid)
