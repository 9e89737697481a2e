"""Whole images as text, written out as every archive that tools make of them.

    tag app:1
    platform linux/arm64
    RUN apt-get install -y gcc
        usr/bin/gcc 500
    ENV A=b
    COPY . /app
        .

A line at the margin is an entry of the history, what is indented below it its layer (see `layers`). An entry with
nothing below it made no layer; a single dot stands for an empty one.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import zstandard

from tests.support.layers import Item, file, layer, tar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
_SUFFIXES = {"plain": "", "gzip": "+gzip", "zstd": "+zstd"}

Json = dict[str, Any]
Parts = dict[str, "bytes | Item"]
"""The files of an archive or folder by name, in their order; an Item stands for itself (a symlink)."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One entry of the history; `layer` is the tar that it made, None where it made none."""

    created_by: str
    layer: bytes | None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """An image. `config` is what the image's configuration has besides layers, history and platform."""

    steps: tuple[Step, ...]
    tags: tuple[str, ...] = ()
    platform: str = "linux/amd64"
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def layers(self) -> tuple[bytes, ...]:
        """Plain tars, oldest first."""
        return tuple(step.layer for step in self.steps if step.layer is not None)

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Of the layers, oldest first."""
        return tuple(map(digest, self.layers))

    def configuration(self) -> Json:
        """The image's configuration, OCI image-spec config.md."""
        operating_system, architecture, *variant = self.platform.split("/")
        return {
            "os": operating_system,
            "architecture": architecture,
            **({"variant": variant[0]} if variant else {}),
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": list(self.diff_ids)},
            "history": [
                {"created_by": step.created_by, **({"empty_layer": True} if step.layer is None else {})}
                for step in self.steps
            ],
            **self.config,
        }


def recipe(text: str) -> Recipe:
    """The image that the text describes."""
    steps: list[tuple[str, list[str]]] = []
    tags: list[str] = []
    platform = "linux/amd64"
    for line in text.split("\n"):
        word, _, rest = line.partition(" ")
        if not line.strip():
            continue
        if not word:
            steps[-1][1].append(line.strip())
        elif word == "tag":
            tags.append(rest)
        elif word == "platform":
            platform = rest
        else:
            steps.append((line, []))
    return Recipe(
        steps=tuple(_step(created_by, lines) for created_by, lines in steps), tags=tuple(tags), platform=platform
    )


def of_layers(*layers: Sequence[Item], tag: str = "app:1") -> Recipe:
    """An image of these layers, made by nobody knows what."""
    return Recipe(steps=tuple(Step(created_by="", layer=tar(items)) for items in layers), tags=(tag,))


def tagged(made: Recipe, *tags: str) -> Recipe:
    """The same image under other names."""
    return replace(made, tags=tags)


def digest(data: bytes) -> str:
    """`sha256:…`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def packed(data: bytes, packing: str) -> bytes:
    """The layer as a store keeps it: `plain`, `gzip` or `zstd`."""
    if packing == "gzip":
        return gzip.compress(data, 6, mtime=0)
    return zstandard.ZstdCompressor().compress(data) if packing == "zstd" else data


def dumps(value: object) -> bytes:
    """JSON as the engines write it."""
    return json.dumps(value, separators=(",", ":")).encode()


def old_docker_archive(*recipes: Recipe) -> Parts:
    """`docker save` up to 24: a folder for each layer, a symlink where an earlier image has the same layer."""
    parts: Parts = {}
    manifest = []
    places: dict[str, str] = {}
    for made in recipes:
        names: list[str] = []
        chain = ""
        for data in made.layers:
            chain = hashlib.sha256(f"{chain}{digest(data)}{len(names)}{made.tags}".encode()).hexdigest()
            name = f"{chain}/layer.tar"
            parts[f"{chain}/VERSION"] = b"1.0"
            parts[f"{chain}/json"] = dumps({"id": chain})
            known = places.setdefault(digest(data), name)
            parts[name] = (
                data if known == name else Item(name=name.encode(), typeflag=b"2", link=f"../{known}".encode())
            )
            names.append(name)
        configuration = dumps(made.configuration())
        config_name = f"{digest(configuration).removeprefix('sha256:')}.json"
        parts[config_name] = configuration
        manifest.append({"Config": config_name, "RepoTags": list(made.tags) or None, "Layers": names})
    parts["manifest.json"] = dumps(manifest)
    return parts


def docker_archive(*recipes: Recipe, packing: str = "plain") -> Parts:
    """`docker save` from 25 on: an OCI layout, its blobs in the order of their digests, `manifest.json` for the old."""
    layout = oci_layout(*recipes, packing=packing)
    manifest = []
    for made in recipes:
        stored = [packed(data, packing) for data in made.layers]
        manifest.append(
            {
                "Config": blob_name(dumps(made.configuration())),
                "RepoTags": list(made.tags) or None,
                "Layers": [blob_name(data) for data in stored],
            }
        )
    return {**layout, "manifest.json": dumps(manifest), "oci-layout": layout["oci-layout"]}


def oci_layout(*recipes: Recipe, packing: str = "gzip", attested: bool = False) -> Parts:
    """An OCI layout with one manifest a name; `attested` puts each into an index beside BuildKit's attestation."""
    blobs: dict[str, bytes] = {}
    entries = []
    for made in recipes:
        entry = add_image(blobs, made, packing)
        if attested:
            entry = add_index(blobs, [entry, add_attestation(blobs, entry)])
        entries += [{**entry, "annotations": names_of(tag)} for tag in made.tags] or [entry]
    return layout_of(blobs, entries)


def oci_multi_platform(*recipes: Recipe, tag: str = "app:1", packing: str = "gzip") -> Parts:
    """One name for several platforms, as `buildx build --platform a,b --output type=oci` writes it."""
    blobs: dict[str, bytes] = {}
    entries = []
    for made in recipes:
        entry = add_image(blobs, made, packing)
        entries += [entry, add_attestation(blobs, entry)]
    return layout_of(blobs, [{**add_index(blobs, entries), "annotations": names_of(tag)}])


def layout_of(blobs: Mapping[str, bytes], entries: Sequence[Json]) -> Parts:
    """A layout of these blobs; `index.json` comes after them."""
    index = dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)})
    return {**dict(sorted(blobs.items())), "index.json": index, "oci-layout": dumps({"imageLayoutVersion": "1.0.0"})}


def add_image(blobs: dict[str, bytes], made: Recipe, packing: str, **more: object) -> Json:
    """Puts configuration, layers and manifest there (with `more` in it); the manifest's descriptor."""
    manifest = {
        **more,
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": add_blob(blobs, dumps(made.configuration()), CONFIG),
        "layers": [add_blob(blobs, packed(data, packing), LAYER + _SUFFIXES[packing]) for data in made.layers],
    }
    operating_system, architecture, *variant = made.platform.split("/")
    platform = {"os": operating_system, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
    return {**add_blob(blobs, dumps(manifest), MANIFEST), "platform": platform}


def add_attestation(blobs: dict[str, bytes], of: Json) -> Json:
    """BuildKit's: a manifest like any other, for a platform that there is not."""
    statement = add_blob(blobs, dumps({"_type": "statement", "of": of["digest"]}), "application/vnd.in-toto+json")
    empty = dumps(
        {"os": "unknown", "architecture": "unknown", "rootfs": {"type": "layers", "diff_ids": [of["digest"]]}}
    )
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST, "config": add_blob(blobs, empty, CONFIG), "layers": [statement],
    }  # fmt: skip
    return {
        **add_blob(blobs, dumps(manifest), MANIFEST),
        "annotations": {
            "vnd.docker.reference.digest": of["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        },
        "platform": {"os": "unknown", "architecture": "unknown"},
    }


def add_index(blobs: dict[str, bytes], entries: Sequence[Json]) -> Json:
    """Puts an index of the entries there; its descriptor."""
    return add_blob(blobs, dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}), INDEX)


def add_blob(blobs: dict[str, bytes], data: bytes, media_type: str) -> Json:
    """Puts a blob there; its descriptor."""
    blobs[blob_name(data)] = data
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def blob_name(data: bytes) -> str:
    """Where a layout keeps it."""
    return f"blobs/{digest(data).replace(':', '/')}"


def names_of(tag: str) -> Json:
    """The annotations that name an image, as engines write them."""
    full = tag if "/" in tag else f"docker.io/library/{tag}"
    return {"io.containerd.image.name": full, "org.opencontainers.image.ref.name": tag.rpartition(":")[2]}


def as_tar(parts: Parts) -> bytes:
    """The parts as one tar."""
    return tar(part if isinstance(part, Item) else file(name, part) for name, part in parts.items())


def archive(parts: Parts, path: Path, *, zipped: bool = False) -> Path:
    """Writes the parts as one tar, gzip over all of it where `zipped`; the path."""
    data = as_tar(parts)
    path.write_bytes(gzip.compress(data, 1) if zipped else data)
    return path


def folder(parts: Parts, path: Path) -> Path:
    """Writes the parts as a folder; the path."""
    for name, part in parts.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(part, Item):
            target.symlink_to(part.link.decode())
        else:
            target.write_bytes(part)
    return path


def _step(created_by: str, lines: Sequence[str]) -> Step:
    if not lines:
        return Step(created_by=created_by, layer=None)
    items = layer("\n".join(line for line in lines if line != "."))
    return Step(created_by=created_by, layer=tar(items))
