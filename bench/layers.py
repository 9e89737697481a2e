"""Layers and images of the benchmark, written as the archives that `docker load` takes.

Nothing here shares code with what is measured.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_DAY = 1_700_000_000
_CREATED = "2023-11-14T22:13:20Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A regular file; `content` None makes it a directory."""

    path: str
    content: bytes | None = None
    mode: int = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """An instruction and what it put into its layer. `entries` is read once, when the layer is written."""

    name: str
    created_by: str
    entries: Iterable[File]


class ArchiveWriter:
    """One docker archive of several images; a layer that two of them share stands in it once."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115 - closed by finish()
        self._folder = path.parent
        self._layers: dict[str, tuple[str, str]] = {}
        self._manifest: list[Mapping[str, object]] = []

    def add_image(self, tag: str, layers: Iterable[Layer]) -> None:
        """Writes the layers that are not in it yet; layers are the same if their names are."""
        written = [(layer, *self._layer(layer)) for layer in layers]
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "created": _CREATED,
                "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]},
                "rootfs": {"type": "layers", "diff_ids": [diff_id for _, _, diff_id in written]},
                "history": [{"created": _CREATED, "created_by": layer.created_by} for layer, _, _ in written],
            }
        ).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        self._tar.addfile(_header(name, len(config)), io.BytesIO(config))
        self._manifest.append({"Config": name, "RepoTags": [tag], "Layers": [path for _, path, _ in written]})

    def finish(self) -> None:
        """Writes the manifest and closes the archive."""
        manifest = json.dumps(self._manifest).encode()
        self._tar.addfile(_header("manifest.json", len(manifest)), io.BytesIO(manifest))
        self._tar.close()

    def _layer(self, layer: Layer) -> tuple[str, str]:
        """Its place in the archive and its diff ID."""
        if layer.name not in self._layers:
            part = self._folder / f"{layer.name}.layer"
            with part.open("w+b") as file:
                diff_id = _write_layer(file, layer.entries)
                size = file.tell()
                file.seek(0)
                path = f"{diff_id.removeprefix('sha256:')}/layer.tar"
                self._tar.addfile(_header(path, size), file)
            part.unlink()
            self._layers[layer.name] = path, diff_id
        return self._layers[layer.name]


def _write_layer(file: IO[bytes], entries: Iterable[File]) -> str:
    hashing = _Hashing(file)
    with tarfile.open(fileobj=hashing, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        named: set[str] = set()
        for entry in entries:
            if entry.content is None and entry.path in named:
                # The engine refuses a layer that names a path twice.
                continue
            named.add(entry.path)
            header = _header(entry.path, len(entry.content or b""), entry.mode)
            if entry.content is None:
                header.type = tarfile.DIRTYPE
            tar.addfile(header, io.BytesIO(entry.content or b""))
    return f"sha256:{hashing.state.hexdigest()}"


def _header(path: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    header = tarfile.TarInfo(path)
    header.size, header.mode, header.mtime = size, mode, _DAY
    return header


class _Hashing(io.RawIOBase):
    """A file that is hashed as it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self.state = hashlib.sha256()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.state.update(data)
        return self._file.write(data)
