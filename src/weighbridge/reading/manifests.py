"""Which images an archive or layout holds, and which of them is meant: `manifest.json`, OCI indexes and manifests.

Formats: Docker's image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format"; OCI image-spec, image-index.md
and manifest.md. What is named by a digest must have it.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weighbridge.errors import ImageNotFound, MalformedImage, UsageError
from weighbridge.reading.blobs import missing
from weighbridge.reading.compression import Compression
from weighbridge.reading.config import platform_of
from weighbridge.reading.platforms import is_meant, of_this_machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from weighbridge.reading.blobs import Blob, Blobs

MAX_JSON_BYTES = 4 * 1024 * 1024
"""What the OCI distribution-spec asks registries to take at least, and hardly any takes more."""
MAX_MANIFESTS = 1000
_MAX_NAMES = 1000
_MAX_NAME = 1000
_SHOWN = 10
_REF_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"
_REFERENCE_TYPE = "vnd.docker.reference.type"
_IMAGE_CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_COMPRESSIONS = {
    "application/vnd.oci.image.layer.v1.tar": Compression.PLAIN,
    "application/vnd.oci.image.layer.v1.tar+gzip": Compression.GZIP,
    "application/vnd.oci.image.layer.v1.tar+zstd": Compression.ZSTD,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": Compression.GZIP,
}
_HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLayer:
    """Where a layer is; its stored bytes and their compression as the manifest has them (None: it says nothing)."""

    name: str
    size: int | None = None
    compression: Compression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """One image that an archive holds: its names, its configuration as read, its layers from the oldest."""

    names: tuple[str, ...]
    id: str
    config: Mapping[str, Any]
    layers: tuple[StoredLayer, ...]

    @property
    def platform(self) -> str:
        """As the configuration says."""
        return platform_of(self.config)


def find_image(blobs: Blobs, reference: str | None, platform: str | None) -> StoredImage:
    """The image that is meant; without a platform this machine's, where there are several.

    Raises MalformedImage, ImageNotFound for a name or platform that is not there, UsageError where it takes one more
    word to tell which.
    """
    images = list(_images(blobs))
    if not images:
        raise MalformedImage("it holds no image")
    if reference is not None:
        images = _named(images, reference)
    if platform is not None:
        images = _for(images, platform)
    images = list({image.id: image for image in images}.values())
    if len(images) > 1 and platform is None and _differ_by_platform(images):
        images = _for_this_machine(images)
    if len(images) > 1:
        names = _listed([image.names[0] for image in images if image.names])
        choose = f"add the name of one: {names}" if names else "none of them has a name"
        raise UsageError(f"it holds several images; {choose}")
    return images[0]


def _differ_by_platform(images: Sequence[StoredImage]) -> bool:
    return len({image.names for image in images}) == 1 and len(set(_platforms(images))) == len(images)


def _named(images: Sequence[StoredImage], reference: str) -> list[StoredImage]:
    found = [image for image in images if any(_same(name, reference) for name in image.names)]
    if not found:
        names = _listed(_all_names(images)) or "only images without a name"
        raise ImageNotFound(f"it holds no {reference}, but {names}")
    return found


def _for(images: Sequence[StoredImage], platform: str) -> list[StoredImage]:
    found = [image for image in images if is_meant(image.platform, platform)]
    if not found:
        raise ImageNotFound(f"it holds no image for {platform}, but for {_listed(_platforms(images))}")
    return found


def _for_this_machine(images: Sequence[StoredImage]) -> list[StoredImage]:
    machine = of_this_machine()
    found = [image for image in images if is_meant(image.platform, machine)]
    # Of several variants the one without a name runs everywhere.
    plain = [image for image in found if image.platform.count("/") == machine.count("/")]
    if len(found) > 1 and len(plain) == 1:
        return plain
    if len(found) != 1:
        raise UsageError(f"it is for several platforms; choose one with --platform: {_listed(_platforms(images))}")
    return found


def _images(blobs: Blobs) -> Iterator[StoredImage]:
    manifest = blobs.find("manifest.json")
    if manifest is not None:
        return _of_docker(blobs, _json(manifest))
    index = blobs.find("index.json")
    if index is None:
        raise MalformedImage("neither manifest.json nor index.json is in it: not an image archive")
    return _of_index(blobs, _json(index))


def _of_docker(blobs: Blobs, manifest: object) -> Iterator[StoredImage]:
    entries = _objects(manifest, "manifest.json")
    if len(entries) > MAX_MANIFESTS:
        raise MalformedImage(f"it holds more than {MAX_MANIFESTS:,} images")
    for entry in entries:
        config, layers, tags = entry.get("Config"), entry.get("Layers"), entry.get("RepoTags")
        if (
            not isinstance(config, str)
            or not isinstance(layers, list)
            or not all(isinstance(name, str) for name in layers)
        ):
            raise MalformedImage("manifest.json names no configuration or no layers")
        blob = find_blob(blobs, config)
        # Both `HEX.json` and `blobs/sha256/HEX` say what the file hashes to; other writers name it as they like.
        hexadecimal = config.rpartition("/")[2].removesuffix(".json")
        digest = f"sha256:{hexadecimal}" if _is_sha256(hexadecimal) else None
        yield StoredImage(
            names=_usable_names(tags if isinstance(tags, list) else ()),
            id=_digest(blob),
            config=_mapping(_json(blob, digest), "configuration"),
            layers=tuple(StoredLayer(name=name) for name in layers),
        )


def _of_index(blobs: Blobs, index: object) -> Iterator[StoredImage]:
    """Indexes may lie in each other; each manifest is read once a name, and never more of them than the bound."""
    pending: deque[tuple[object, tuple[str, ...]]] = deque([(index, ())])
    count = 0
    while pending:
        value, names = pending.popleft()
        for entry in _objects(_mapping(value, "index").get("manifests"), "index"):
            count += 1
            if count > MAX_MANIFESTS:
                raise MalformedImage(f"its indexes name more than {MAX_MANIFESTS:,} manifests")
            if _is_attestation(entry):
                continue
            found = _mapping(_described(blobs, entry), "manifest")
            own = _names_of(entry) or names
            if "manifests" in found:
                pending.append((found, own))
            elif _is_image(found):
                yield _of_manifest(blobs, found, own)


def _of_manifest(blobs: Blobs, manifest: Mapping[str, Any], names: tuple[str, ...]) -> StoredImage:
    descriptor = _mapping(manifest.get("config"), "manifest's configuration")
    config = _described(blobs, descriptor)
    return StoredImage(
        names=names,
        id=str(descriptor.get("digest")),
        config=_mapping(config, "configuration"),
        layers=tuple(
            StoredLayer(
                name=_blob_path(layer.get("digest")),
                size=_size(layer),
                compression=_COMPRESSIONS.get(str(layer.get("mediaType"))),
            )
            for layer in _objects(manifest.get("layers"), "manifest")
        ),
    )


def _is_attestation(entry: Mapping[str, Any]) -> bool:
    """BuildKit's attestations stand in an index beside the images that they speak of."""
    platform, annotations = entry.get("platform"), entry.get("annotations")
    return (isinstance(platform, dict) and platform.get("os") == "unknown") or (
        isinstance(annotations, dict) and annotations.get(_REFERENCE_TYPE) == "attestation-manifest"
    )


def _is_image(manifest: Mapping[str, Any]) -> bool:
    """Signatures, charts and other artifacts have configurations of another type."""
    config = manifest.get("config")
    media_type = config.get("mediaType") if isinstance(config, dict) else None
    return "artifactType" not in manifest and (media_type is None or media_type in _IMAGE_CONFIGS)


def _names_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    annotations = entry.get("annotations")
    known = annotations if isinstance(annotations, dict) else {}
    return _usable_names([known.get(key) for key in (_CONTAINERD_NAME, _REF_NAME)])


def _usable_names(values: Sequence[object]) -> tuple[str, ...]:
    """What can be a reference; anything else names nothing."""
    return tuple(
        value
        for value in values[:_MAX_NAMES]
        if isinstance(value, str) and 0 < len(value) <= _MAX_NAME and value.isprintable()
    )


def _same(name: str, reference: str) -> bool:
    def full(text: str) -> str:
        text = text.removeprefix("docker.io/").removeprefix("library/")
        return text if ":" in text.rpartition("/")[2] else f"{text}:latest"

    return name == reference or full(name) == full(reference)


def _all_names(images: Sequence[StoredImage]) -> list[str]:
    return [name for image in images for name in image.names]


def _platforms(images: Sequence[StoredImage]) -> list[str]:
    return [image.platform for image in images]


def _listed(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(unique[:_SHOWN]) + (" …" if len(unique) > _SHOWN else "")


def find_blob(blobs: Blobs, name: str) -> Blob:
    """The part by that name. Raises MalformedImage where there is none."""
    blob = blobs.find(name)
    if blob is None:
        raise missing(name)
    return blob


def _described(blobs: Blobs, descriptor: Mapping[str, Any]) -> object:
    """The JSON that a descriptor names, of the size and digest that it says."""
    digest = descriptor.get("digest")
    blob = find_blob(blobs, _blob_path(digest))
    check_size(blob, _size(descriptor))
    return _json(blob, str(digest))


def check_size(blob: Blob, size: int | None) -> None:
    """Raises MalformedImage where a part is not as large as the manifest says."""
    if size is not None and size != blob.size:
        raise MalformedImage(f"{blob.name[:200]!r} has {blob.size:,} bytes where its manifest says {size:,}")


def _size(descriptor: Mapping[str, Any]) -> int | None:
    size = descriptor.get("size")
    return size if isinstance(size, int) else None


def _blob_path(digest: object) -> str:
    algorithm, _, value = str(digest).partition(":")
    if algorithm not in _HASHES or not value.isalnum() or not value.isascii():
        raise MalformedImage(f"{str(digest)[:100]!r} is not a digest")
    return f"blobs/{algorithm}/{value}"


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _digest(blob: Blob) -> str:
    return f"sha256:{hashlib.sha256(blob.content(MAX_JSON_BYTES)).hexdigest()}"


def _json(blob: Blob, digest: str | None = None) -> object:
    """The value of a part. Raises MalformedImage where it is not JSON, or not what its digest says."""
    content = blob.content(MAX_JSON_BYTES)
    if digest is not None:
        algorithm = digest.partition(":")[0]
        if f"{algorithm}:{_HASHES[algorithm](content).hexdigest()}" != digest:
            raise MalformedImage(
                f"{blob.name[:200]!r} is not the {digest[:80]} that it claims to be: damaged or forged"
            )
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedImage(f"{blob.name[:200]!r} is not JSON") from error


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedImage(f"its {what} is not a JSON object")
    return value


def _objects(value: object, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise MalformedImage(f"its {what} is not a list of objects")
    return value
