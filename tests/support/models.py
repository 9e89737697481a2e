"""Images as model values, written down in a few words, for tests of what only looks at values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.model.files import Entry, FileTree, Kind, Placed, Waste, WastedPath
from weighbridge.model.image import Image, ImageConfig, Layer, PackedSize, SourceLine
from weighbridge.model.packages import Ecosystem, Package

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class Step:
    """An instruction and the layer that it made: files as path → bytes (`a/` is a folder), `gone` what it deletes.

    `content` tells different contents of the same size apart.
    """

    run: str
    files: Mapping[str, int] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    content: str = ""
    uid: int = 0
    line: int | None = None
    from_base: bool = False


def step(run: str, files: Mapping[str, int] | None = None, *, line: int | None = None, content: str = "") -> Step:
    """A step of the Dockerfile itself."""
    return Step(run=run, files=files or {}, line=line, content=content)


def base_step(files: Mapping[str, int], content: str = "") -> Step:
    """A layer that FROM brought."""
    return Step(run="ADD rootfs.tar /", files=files, content=content, from_base=True)


def package(name: str, size: int | None, version: str = "1", ecosystem: Ecosystem = Ecosystem.APT) -> Package:
    """A package whose evidence is dpkg's status, or a record of its own."""
    path = "var/lib/dpkg/status" if ecosystem is Ecosystem.APT else f"{ecosystem}/{name}"
    return Package(ecosystem=ecosystem, name=name, version=version, size=size, path=path)


def image(*steps: Step, packages: Sequence[Package] = (), base_name: str | None = None) -> Image:
    """The image that the steps make, oldest first."""
    nodes: dict[str, Placed] = {}
    wasted: list[WastedPath] = []
    by_layer = [0] * len(steps)
    for number, made in enumerate(steps):
        for path in [path for path in nodes if path in made.files or path in made.gone]:
            hidden = nodes.pop(path)
            by_layer[hidden.layer] += hidden.entry.size
            wasted.append(WastedPath(path=path, layer=hidden.layer, size=hidden.entry.size))
        for path, size in made.files.items():
            digest = content_of(made, path, size)
            kind, name = (Kind.DIRECTORY, path[:-1]) if path.endswith("/") else (Kind.FILE, path)
            entry = Entry(name, kind, 0o644, made.uid, 0, size, "", digest)
            nodes[name] = Placed(entry, number, number, name)
    return Image(
        reference="app",
        id="sha256:0",
        platform="linux/amd64",
        config=ImageConfig(),
        layers=tuple(_layer(made) for made in steps),
        tree=FileTree(nodes=nodes, size=sum(placed.entry.size for placed in nodes.values())),
        waste=Waste(total=sum(by_layer), by_layer=tuple(by_layer), largest=tuple(wasted)),
        duplicates=(),
        packages=tuple(packages),
        base_name=base_name,
    )


def content_of(made: Step, path: str, size: int) -> bytes:
    """The digest of a file's content."""
    content = f"{made.content}{path}{size}".encode(errors="surrogateescape")
    return hashlib.blake2b(content, digest_size=16).digest()


def _layer(made: Step) -> Layer:
    size = sum(made.files.values())
    identity = (made.run, sorted(made.files.items()), made.gone, made.content, made.uid)
    return Layer(
        diff_id=f"sha256:{identity}",
        size=size,
        packed=PackedSize(size=size // 2, estimated=True),
        created_by=made.run,
        line=None if made.line is None else SourceLine(file="Dockerfile", start=made.line, end=made.line),
        from_base=made.from_base,
    )
