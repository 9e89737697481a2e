"""Two images of about 1 GB as a pull request makes them: a dependency more, and the layers after it made anew.

Debian, its packages and Python's are the same in both. `npm ci` ran again, with one package more and some updated; so
did what copies the application and what tidies up.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.content import Texture, content
from bench.layers import ArchiveWriter, File, Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE, HEAD = "weighbridge-bench/pair:base", "weighbridge-bench/pair:head"

_TIDIED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """Files of one kind: `files` of them, `size` bytes in all, half of these in `large` files of the first texture."""

    seed: str
    folder: str
    files: int
    size: int
    large: int
    textures: tuple[Texture, ...]
    names: tuple[str, ...]


_MB = 1_000_000
_SYSTEM = _Tree(
    seed="system", folder="usr", files=3_500, size=78 * _MB, large=60,
    textures=(Texture.BINARY, Texture.TEXT), names=("lib{}.so.1", "{}.conf", "{}.pm"),
)  # fmt: skip
_PACKAGES = _Tree(
    seed="packages", folder="usr/lib", files=7_000, size=290 * _MB, large=150,
    textures=(Texture.BINARY, Texture.TEXT), names=("lib{}.so", "{}.h", "{}.txt"),
)  # fmt: skip
_PYTHON = _Tree(
    seed="python", folder="usr/local/lib/python3.12/site-packages", files=10_500, size=360 * _MB, large=60,
    textures=(Texture.BINARY, Texture.TEXT, Texture.TEXT), names=("_{}.so", "{}.py", "{}.pyc"),
)  # fmt: skip
_ASSETS = _Tree(
    seed="assets", folder="srv/assets", files=300, size=60 * _MB, large=8,
    textures=(Texture.MEDIA,), names=("{}.webp", "{}.woff2"),
)  # fmt: skip
_MODULES = _Tree(
    seed="modules", folder="app/node_modules", files=24_000, size=170 * _MB, large=30,
    textures=(Texture.TEXT,), names=("{}.js", "{}.d.ts", "{}.mjs.map"),
)  # fmt: skip
_APPLICATION = _Tree(
    seed="application", folder="app/src", files=2_500, size=42 * _MB, large=20,
    textures=(Texture.TEXT, Texture.MEDIA), names=("{}.ts", "{}.png"),
)  # fmt: skip
_ADDED = _Tree(
    seed="added", folder="app/node_modules/added", files=1_400, size=14 * _MB, large=5,
    textures=(Texture.TEXT, Texture.BINARY), names=("{}.js", "{}.node"),
)  # fmt: skip


def write_pair(path: Path) -> None:
    """One archive with both images; takes about a minute."""
    writer = ArchiveWriter(path)
    writer.add_image(BASE, _image(head=False))
    writer.add_image(HEAD, _image(head=True))
    writer.finish()


def _image(*, head: bool) -> Iterator[Layer]:
    side = "head" if head else "base"
    yield _layer("system", "ADD rootfs.tar.xz / # buildkit", _system())
    yield _layer("packages", "RUN /bin/sh -c apt-get update && apt-get install -y build-essential", _files(_PACKAGES))
    yield _layer("python", "RUN /bin/sh -c pip install -r requirements.txt # buildkit", _distributions())
    yield _layer("assets", "COPY assets /srv/assets # buildkit", _files(_ASSETS))
    yield _layer(f"modules-{side}", "RUN /bin/sh -c npm ci # buildkit", _modules(head=head))
    yield _layer(f"application-{side}", "COPY . . # buildkit", _files(_APPLICATION, edition=side))
    yield _layer(f"tidied-{side}", "RUN /bin/sh -c ./tidy-up # buildkit", _tidied(side))


def _layer(name: str, created_by: str, entries: Iterator[File]) -> Layer:
    return Layer(name=name, created_by=created_by, entries=entries)


def _system() -> Iterator[File]:
    names = [f"package{number}" for number in range(400)]
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nInstalled-Size: {200 + number}\nVersion: 1.{number}-1\n"
        for number, name in enumerate(names)
    )
    yield File(path="var/lib/dpkg/status", content=status.encode())
    for name in names:
        listed = "\n".join(f"/usr/share/{name}/{number}" for number in range(20))
        yield File(path=f"var/lib/dpkg/info/{name}.list", content=listed.encode())
    yield from _files(_SYSTEM)


def _distributions() -> Iterator[File]:
    for number in range(90):
        folder = f"{_PYTHON.folder}/dist{number}-1.{number}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: dist{number}\nVersion: 1.{number}\n\n{'About it. ' * 200}"
        yield File(path=f"{folder}/METADATA", content=metadata.encode())
        record = "\n".join(f"dist{number}/{name}.py,sha256=x,100" for name in range(80))
        yield File(path=f"{folder}/RECORD", content=record.encode())
    yield from _files(_PYTHON)


def _modules(*, head: bool) -> Iterator[File]:
    for number in range(900):
        # Every twentieth has a newer version in the head.
        version = f"2.0.{number}" if head and number % 20 == 0 else f"1.0.{number}"
        described = json.dumps({"name": f"module{number}", "version": version, "main": "index.js"})
        yield File(path=f"{_MODULES.folder}/module{number}/package.json", content=described.encode())
    yield from _files(_MODULES, edition="head" if head else "", edited=20)
    if head:
        yield from _files(_ADDED)


def _tidied(edition: str) -> Iterator[File]:
    """Deletes files of the packages one by one, and copies a part of the application up for another mode."""
    for number, file in enumerate(_files(_PACKAGES)):
        if number == _TIDIED:
            break
        folder, _, name = file.path.rpartition("/")
        if file.content is not None:
            yield File(path=f"{folder}/.wh.{name}", content=b"")
    for number, file in enumerate(_files(_APPLICATION, edition=edition)):
        if number % 3 == 0 and file.content is not None:
            yield File(path=file.path, content=file.content, mode=0o600)


def _files(tree: _Tree, *, edition: str = "", edited: int = 1) -> Iterator[File]:
    """The tree's files, folders first met before what is in them; every `edited`th is another with another edition."""
    shape = random.Random(tree.seed)  # noqa: S311 - it must be the same everywhere
    small_mean = tree.size / 2 / (tree.files - tree.large)
    made: set[str] = set()
    for number in range(tree.files):
        folder = f"{tree.folder}/{_folder(shape)}"
        for above in _new_folders(folder, made):
            yield File(path=above, mode=0o755)
        kind = 0 if number < tree.large else shape.randrange(len(tree.names))
        # Sizes of files are log-normal: most are small, some are many times the mean.
        mean = tree.size / 2 / tree.large if number < tree.large else small_mean
        size = max(1, round(mean * shape.lognormvariate(-0.5, 1.0)))
        name = tree.names[kind].format(f"{number:x}")
        texture = tree.textures[min(kind, len(tree.textures) - 1)]
        seed = f"{tree.seed} {number} {edition if number % edited == 0 else ''}"
        yield File(path=f"{folder}/{name}", content=content(random.Random(seed), texture, size))  # noqa: S311


def _folder(shape: random.Random) -> str:
    return "/".join(f"{'abcdefgh'[depth]}{shape.randrange(6 << depth)}" for depth in range(shape.randint(1, 3)))


def _new_folders(folder: str, made: set[str]) -> list[str]:
    parts = folder.split("/")
    new = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    new = [path for path in new if path not in made]
    made.update(new)
    return new


if __name__ == "__main__":
    # In a process of its own: what it takes would count as the peak of every command that is started afterwards.
    write_pair(Path(sys.argv[1]))
