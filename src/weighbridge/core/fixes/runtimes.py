"""What official images of languages hold beside their distribution, and which of it a program needs when it runs.

So a program can stand on the distribution alone, or on less: the headers, documents and package managers of the image
that it was made on stay there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes.split import Copy
from weighbridge.core.proof.filesystem import FileSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.core.fixes.needs import Needs

_LANGUAGE_BASE = re.compile(r"(?:docker\.io/)?(?:library/)?(node|python|ruby|perl):[\w.-]+")
_NODE = "usr/local/bin/node"
_MANAGERS = ("npm", "npx", "yarn", "yarnpkg", "pnpm", "pnpx", "corepack")
_HOME = re.compile(r"(?:(?:.*/)?node_modules/(?:@[^/]+/)?|opt/)[^/]+(?=/)")
_PYTHON = re.compile(r"usr/local/bin/(python(3\.\d+))")
_PLAIN = re.compile(r"LANG=[\w.-]{1,40}")
_WINDOWS = "/_tkinter."


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A language's files that come along from the first stage; paths as the image has them, without a leading slash.

    `paths` are the programs and libraries among them, which ask for libraries of their own; `folders` whatever is
    copied whole. `copies` bring all of it, `lines` link what cannot be copied by its name. `commands` make it at the
    end of the first stage, `settings` tell the second of it.
    """

    language: str
    paths: frozenset[str]
    folders: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    lines: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    def brings(self, path: str) -> bool:
        """Whether a file comes along with it."""
        return path in self.paths or path.startswith(tuple(f"{folder}/" for folder in self.folders))


def language_of(base: str) -> str | None:
    """The language of an official image by its name; None for any other image."""
    found = _LANGUAGE_BASE.fullmatch(base)
    return None if found is None else found[1]


def runtime(anatomy: Anatomy, needed: Needs, kept: Collection[str]) -> Runtime | None:
    """What `needed` takes of the official image that the stage is FROM; None where that cannot be told.

    `kept` are the paths that are shipped beside it.
    """
    subject = anatomy.subject
    make = _MAKERS.get(language_of(anatomy.base) or "")
    if make is None or subject.image is None or subject.programs is None:
        return None
    return make(anatomy, FileSystem(subject.programs, subject.image.config), needed, kept)


def _from_base(anatomy: Anatomy, path: str) -> bool:
    image = anatomy.subject.image
    placed = image.tree.nodes.get(path) if image is not None else None
    return image is not None and placed is not None and image.layers[placed.layer].from_base


def _node(anatomy: Anatomy, files: FileSystem, needed: Needs, _: Collection[str]) -> Runtime | None:
    """The program, and those package managers that something starts."""
    if files.which("node") != _NODE or not _from_base(anatomy, _NODE):
        return None
    program = Copy(sources=(f"/{_NODE}",), destination=f"/{_NODE}")
    folders: list[str] = []
    lines: list[str] = []
    for name in _MANAGERS:
        path = files.which(name)
        if path is None or not (path in needed.entries or name in needed.words) or not _from_base(anatomy, path):
            continue
        home, link = _HOME.match(path), f"usr/local/bin/{name}"
        target = files.programs.links.get(link)
        if home is None or target is None:
            return None
        folders.append(home[0])
        lines.append(f"RUN ln -s {target} /{link}")
    homes = tuple(dict.fromkeys(folders))
    return Runtime(
        language="node",
        paths=frozenset({_NODE}),
        folders=homes,
        copies=(program, *(Copy(sources=(f"/{home}",), destination=f"/{home}") for home in homes)),
        lines=tuple(lines),
    )


def _python(anatomy: Anatomy, files: FileSystem, _: Needs, kept: Collection[str]) -> Runtime | None:
    """The interpreter and its library; from the image itself where the program has its packages elsewhere."""
    found = _PYTHON.fullmatch(files.which("python3") or "")
    if found is None or not _from_base(anatomy, found[0]):
        return None
    name, version = found[1], found[2]
    library = f"usr/local/lib/python{version}"
    elves = files.programs.elves
    loaded = {path for path in elves if path.startswith(f"{library}/lib-dynload/") and _WINDOWS not in path}
    if not loaded:
        return None
    own = any(path.startswith(f"{library}/") for path in kept)
    names = [each for each in ("python", "python3", name) if files.which(each) == found[0]]
    origin = None if own else anatomy.base
    config = anatomy.subject.base_config
    languages = [entry for entry in (config.environment if config is not None else ()) if entry.startswith("LANG=")]
    set_already = "LANG" in anatomy.authored_environment()
    return Runtime(
        language="python",
        paths=frozenset({found[0], *loaded}),
        folders=(library,),
        settings=() if set_already else tuple(f"ENV {entry}" for entry in languages if _PLAIN.fullmatch(entry)),
        copies=(
            Copy(
                sources=tuple(f"/usr/local/bin/{each}" for each in names), destination="/usr/local/bin/", origin=origin
            ),
            Copy(sources=(f"/{library}",), destination=f"/{library}", origin=origin),
        ),
    )


_MAKERS: dict[str, Callable[[Anatomy, FileSystem, Needs, Collection[str]], Runtime | None]] = {
    "node": _node,
    "python": _python,
}


def loose_libraries(
    needed: Needs, there: Collection[str], files: FileSystem, besides: Collection[str]
) -> Iterator[Copy]:
    """Libraries for an image without a package manager and without the loader's cache: one line for each folder.

    `there` are the sonames that it has, `besides` the paths that come anyway.
    """
    folders: dict[str, list[str]] = {}
    for name, path in sorted(needed.libraries.items()):
        if name in there or name.startswith("ld-") or (path in besides and _searched(path)):
            continue
        folder = path.rpartition("/")[0]
        source = f"{folder}/{name}" if files.resolve(f"{folder}/{name}") == path else path
        if source == path and path.rpartition("/")[2] != name:
            yield Copy(sources=(f"/{path}",), destination=f"/usr/lib/{name}")
        else:
            folders.setdefault(folder if _searched(path) else "usr/lib", []).append(source)
    for folder, sources in folders.items():
        yield Copy(sources=tuple(f"/{source}" for source in sources), destination=f"/{folder}/")


def _searched(path: str) -> bool:
    """Whether the loader looks there without being told."""
    return path.startswith(("lib/", "lib64/", "usr/lib/", "usr/lib64/"))
