"""Images in archives and folders: `docker save` of every age, OCI layouts.

An archive is a stranger's: what claims to be a layer is checked against its diff ID before anything else believes it.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weighbridge.errors import MalformedImage
from weighbridge.model.files import LayerIndex
from weighbridge.reading.blobs import ArchiveBlobs, Blob, Blobs, FolderBlobs
from weighbridge.reading.config import description
from weighbridge.reading.verified import index_blob

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.model.image import ImageDescription

MAX_JSON_BYTES = 8 * 1024 * 1024
_MAX_INDEX_DEPTH = 4
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
_REF_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"

Cached = Callable[[str], LayerIndex | None]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveImage:
    """An image of an archive: its description, and the index of each of its layers by diff ID."""

    description: ImageDescription
    indexes: Mapping[str, LayerIndex]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """One image that an archive holds: its names, where its configuration and layers are, in order."""

    names: tuple[str, ...]
    config: str
    layers: tuple[str, ...]


def read_archive(
    path: Path, reference: str | None = None, *, cached: Cached, progress: Progress = lambda _: None
) -> ArchiveImage:
    """Reads one image of a docker archive, OCI archive or OCI folder; `reference` chooses where there are several.

    Layers that `cached` knows are not read. Raises MalformedImage; the message names the archive.
    """
    try:
        with _opened(path) as blobs:
            return _read(blobs, str(path), reference, cached, progress)
    except MalformedImage as error:
        raise MalformedImage(f"{path}: {error}") from error
    except OSError as error:
        raise MalformedImage(f"{path}: cannot be read: {error.strerror}") from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Blobs]:
    if path.is_dir():
        yield FolderBlobs(path)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise MalformedImage("an archive must be a regular file")
        yield ArchiveBlobs(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def _read(blobs: Blobs, source: str, reference: str | None, cached: Cached, progress: Progress) -> ArchiveImage:
    candidate = _chosen(_candidates(blobs), reference)
    layers = [_blob(blobs, name) for name in candidate.layers]
    packed = [blob.size if blob.packed else None for blob in layers]
    config = _blob(blobs, candidate.config)
    image = description(
        _json(config), reference=reference or next(iter(candidate.names), source),
        image_id=f"sha256:{config.sha256(MAX_JSON_BYTES)}", packed_sizes=packed,
    )  # fmt: skip
    indexes: dict[str, LayerIndex] = {}
    for diff_id, blob in zip(image.diff_ids, layers, strict=True):
        if diff_id not in indexes:
            indexes[diff_id] = cached(diff_id) or index_blob(blob, diff_id)
        progress(blob.size)
    return ArchiveImage(description=image, indexes=indexes)


def _candidates(blobs: Blobs) -> list[_Candidate]:
    manifest = blobs.find("manifest.json")
    if manifest is not None:
        return [_docker_candidate(entry) for entry in _objects(_json(manifest), "manifest.json")]
    index = blobs.find("index.json")
    if index is None:
        raise MalformedImage("neither manifest.json nor index.json is in it: not an image archive")
    return list(_oci_candidates(blobs, _json(index), (), 0))


def _docker_candidate(entry: Mapping[str, Any]) -> _Candidate:
    config, layers, tags = entry.get("Config"), entry.get("Layers"), entry.get("RepoTags")
    if not isinstance(config, str) or not isinstance(layers, list) or not all(isinstance(name, str) for name in layers):
        raise MalformedImage("manifest.json names no configuration or no layers")
    return _Candidate(
        names=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (), config=config, layers=tuple(layers)
    )


def _oci_candidates(blobs: Blobs, index: object, names: tuple[str, ...], depth: int) -> Iterator[_Candidate]:
    if not isinstance(index, dict) or depth > _MAX_INDEX_DEPTH:
        raise MalformedImage("its index is not one, or holds itself")
    found = []
    for entry in _objects(index.get("manifests"), "index"):
        annotations = entry.get("annotations")
        known = annotations if isinstance(annotations, dict) else {}
        own = tuple(str(known[key]) for key in (_CONTAINERD_NAME, _REF_NAME) if key in known) or names
        described = entry.get("platform")
        where = described if isinstance(described, dict) else {}
        # BuildKit's attestations stand in an index beside the images that they speak of.
        if where.get("os") != "unknown":
            found.append((entry, own, where))
    for entry, own, _ in _of_this_machine(found):
        value = _json(_blob(blobs, _blob_path(entry.get("digest"))))
        if isinstance(value, dict) and "manifests" in value:
            yield from _oci_candidates(blobs, value, own, depth + 1)
        else:
            yield _oci_candidate(value, own)


def _of_this_machine(found: list[tuple[Any, Any, Any]]) -> list[tuple[Any, Any, Any]]:
    """One platform of several: this machine's where it is among them."""
    if len({str(where) for *_, where in found}) <= 1:
        return found
    machine = platform.machine()
    ours = [item for item in found if item[2].get("architecture") == _ARCHITECTURES.get(machine, machine)]
    return ours or found[:1]


def _oci_candidate(manifest: object, names: tuple[str, ...]) -> _Candidate:
    value = manifest if isinstance(manifest, dict) else {}
    config = value.get("config")
    layers = _objects(value.get("layers"), "manifest")
    return _Candidate(
        names=names,
        config=_blob_path(config.get("digest") if isinstance(config, dict) else None),
        layers=tuple(_blob_path(layer.get("digest")) for layer in layers),
    )


def _chosen(candidates: Sequence[_Candidate], reference: str | None) -> _Candidate:
    if reference is not None:
        candidates = [
            candidate for candidate in candidates if any(_same(name, reference) for name in candidate.names)
        ] or _none_by_that_name(candidates, reference)
    if len({(candidate.config, candidate.layers) for candidate in candidates}) > 1:
        raise MalformedImage(f"it holds several images; add one of their names: {_names(candidates)}")
    if not candidates:
        raise MalformedImage("it holds no image")
    return candidates[0]


def _none_by_that_name(candidates: Sequence[_Candidate], reference: str) -> list[_Candidate]:
    raise MalformedImage(f"it holds no {reference}, but {_names(candidates) or 'only images without a name'}")


def _names(candidates: Sequence[_Candidate]) -> str:
    names = [name for candidate in candidates for name in candidate.names]
    return ", ".join(names[:10]) + (" …" if len(names) > 10 else "")


def _same(name: str, reference: str) -> bool:
    def full(text: str) -> str:
        text = text.removeprefix("docker.io/").removeprefix("library/")
        return text if ":" in text.rpartition("/")[2] else f"{text}:latest"

    return name == reference or full(name) == full(reference)


def _blob_path(digest: object) -> str:
    algorithm, _, value = str(digest).partition(":")
    if algorithm not in ("sha256", "sha512") or not value.isalnum() or not value.isascii():
        raise MalformedImage(f"{str(digest)[:100]!r} is not a digest")
    return f"blobs/{algorithm}/{value}"


def _blob(blobs: Blobs, name: str) -> Blob:
    blob = blobs.find(name)
    if blob is None:
        raise MalformedImage(f"{name[:200]!r} is named in it but not there: it is truncated or damaged")
    return blob


def _json(blob: Blob) -> object:
    try:
        return json.loads(blob.content(MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise MalformedImage(f"{blob.name[:200]!r} is not JSON") from error


def _objects(value: object, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise MalformedImage(f"its {what} is not a list of objects")
    return value
