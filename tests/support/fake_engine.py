"""Fakes of the engine, the builder and the layer cache. They pass the same contract tests as the real ones."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.core.redaction import redacted
from weighbridge.errors import BuildFailed, EngineUnavailable, ImageNotFound, Interrupted, MalformedDockerfile
from weighbridge.model.build import BuiltImage
from weighbridge.model.image import HistoryEntry, ImageConfig, ImageDescription

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from weighbridge.model.build import BuildSpec
    from weighbridge.model.files import LayerIndex

BASE_NAME = "busybox:1.36"
_KNOWN = frozenset({"FROM", "RUN", "LABEL", "ENV", "ARG"})


@dataclass(frozen=True, kw_only=True)
class FakeLayer:
    """What an instruction made: a real tar."""

    created_by: str
    tar: bytes

    @property
    def diff_id(self) -> str:
        """As in an image's configuration."""
        return f"sha256:{hashlib.sha256(self.tar).hexdigest()}"


def layer(created_by: str, **files: int) -> FakeLayer:
    """A layer with files of so many zero bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, size in files.items():
            member = tarfile.TarInfo(name)
            member.size = size
            tar.addfile(member, io.BytesIO(bytes(size)))
    return FakeLayer(created_by=created_by, tar=buffer.getvalue())


BASE = (layer("COPY /rootfs /", busybox=2000),)


@dataclass(frozen=True, kw_only=True)
class FakeImage:
    """Layers, the oldest first."""

    layers: tuple[FakeLayer, ...]
    environment: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The digest of the configuration."""
        return f"sha256:{hashlib.sha256(self.configuration).hexdigest()}"

    @property
    def configuration(self) -> bytes:
        """As it is stored."""
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": list(self.environment)},
            "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in self.layers]},
            "history": [{"created_by": each.created_by} for each in self.layers],
        }
        return json.dumps(document).encode()


@dataclass
class FakeEngine:
    """Images in memory, by name; implements ports.Engine.

    Features: archives are real ones; `fault` is raised by every later call; images named in `vanishing` are described,
    but gone when they are to be saved; `removed` notes what was removed.
    """

    images: dict[str, FakeImage] = field(default_factory=lambda: {BASE_NAME: FakeImage(layers=BASE)})
    fault: EngineUnavailable | None = None
    vanishing: set[str] = field(default_factory=set)
    removed: list[str] = field(default_factory=list)
    saves: list[tuple[str, ...]] = field(default_factory=list)

    def describe(self, reference: str) -> ImageDescription:
        """See the port."""
        image = self._image(reference)
        return ImageDescription(
            reference=reference,
            id=image.id,
            platform="linux/amd64",
            config=ImageConfig(environment=image.environment),
            diff_ids=tuple(each.diff_id for each in image.layers),
            history=tuple(HistoryEntry(created_by=each.created_by, empty=False) for each in image.layers),
            packed_sizes=(None,) * len(image.layers),
        )

    @contextmanager
    def save(self, references: Sequence[str]) -> Iterator[Iterator[bytes]]:
        """See the port."""
        for reference in self.vanishing & set(references):
            self.images.pop(reference, None)
        images = {reference: self._image(reference) for reference in references}
        self.saves.append(tuple(references))
        data = _archive(images)
        yield (data[start : start + 4096] for start in range(0, len(data), 4096))

    @contextmanager
    def export(self, reference: str) -> Iterator[Iterator[bytes]]:
        """See the port; nothing is mounted here."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as final:
            for each in self._image(reference).layers:
                with tarfile.open(fileobj=io.BytesIO(each.tar)) as tar:
                    for member in tar:
                        final.addfile(member, tar.extractfile(member))
        yield iter([buffer.getvalue()])

    def remove(self, reference: str) -> None:
        """See the port."""
        self._check()
        self.removed.append(reference)
        self.images = {name: image for name, image in self.images.items() if reference not in (name, image.id)}

    def _image(self, reference: str) -> FakeImage:
        self._check()
        for name, image in self.images.items():
            if reference in (name, image.id):
                return image
        raise ImageNotFound(f"{reference}: no such image")

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


def _archive(images: dict[str, FakeImage]) -> bytes:
    """What `docker save` gives: each layer once, the manifest last."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        blobs = {each.diff_id: each.tar for image in images.values() for each in image.layers}
        blobs |= {image.id: image.configuration for image in images.values()}
        for digest, data in sorted(blobs.items()):
            _add(tar, f"blobs/{digest.replace(':', '/')}", data)
        manifest = [
            {
                "Config": f"blobs/{image.id.replace(':', '/')}",
                "RepoTags": [name],
                "Layers": [f"blobs/{each.diff_id.replace(':', '/')}" for each in image.layers],
            }
            for name, image in images.items()
        ]
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


@dataclass
class FakeBuilder:
    """Builds into a FakeEngine what little of a Dockerfile it understands; implements ports.Builder.

    Features: `FROM busybox:1.36`; `RUN dd … of=/PATH bs=N count=M` makes a file; `RUN echo WORDS` writes to the log;
    `RUN false` fails; `RUN sleep N` waits for the time limit or cancel(); `ENV K=V`; everything else that BuildKit does
    not know is malformed. `hidden` is masked. `together` has the most builds that ran at once.
    """

    engine: FakeEngine
    hidden: tuple[str, ...] = ()
    together: int = 0
    specs: list[BuildSpec] = field(default_factory=list)
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def build(self, spec: BuildSpec, *, tree: Path, tag: str, on_line: Callable[[str], None]) -> BuiltImage:
        """See the port."""
        with self._lock:
            self.specs.append(spec)
            self._running += 1
            self.together = max(self.together, self._running)
        try:
            return self._build(spec, (tree / spec.dockerfile).read_text(), tag, on_line)
        finally:
            with self._lock:
                self._running -= 1

    def cancel(self) -> None:
        """See the port."""
        self._cancelled.set()

    def _build(self, spec: BuildSpec, dockerfile: str, tag: str, on_line: Callable[[str], None]) -> BuiltImage:
        if self._cancelled.is_set():
            raise Interrupted("the build was cancelled")
        if self.engine.fault is not None:
            raise self.engine.fault
        log: list[str] = []
        layers: list[FakeLayer] = []
        environment: list[str] = []
        for number, line in enumerate(dockerfile.splitlines(), 1):
            keyword, _, rest = line.partition(" ")
            if keyword not in _KNOWN:
                raise MalformedDockerfile(f"{spec.dockerfile}:{number}: unknown instruction: {keyword}", line=number)
            log.append(redacted(f"#{number} {line}", self.hidden))
            on_line(log[-1])
            if keyword == "FROM":
                layers += self._base(rest)
            elif keyword == "ENV":
                environment.append(rest)
            elif keyword == "RUN":
                layers += self._run(spec, rest, number, log, on_line)
        image = FakeImage(layers=tuple(layers), environment=tuple(environment))
        self.engine.images[tag] = image
        return BuiltImage(id=image.id, seconds=0.5, provenance=None)

    def _base(self, name: str) -> Sequence[FakeLayer]:
        if name not in self.engine.images:
            raise BuildFailed(f"Dockerfile:1: {name}: not found", line=1)
        return self.engine.images[name].layers

    def _run(
        self, spec: BuildSpec, command: str, number: int, log: list[str], on_line: Callable[[str], None]
    ) -> Sequence[FakeLayer]:
        if command == "false":
            raise BuildFailed(
                f"{spec.dockerfile}:{number}: `false` ended with exit status 1", line=number, log_tail=tuple(log)
            )
        if command.startswith("echo "):
            log.append(redacted(f"#{number} 0.1 {command.removeprefix('echo ')}", self.hidden))
            on_line(log[-1])
        if command.startswith("sleep "):
            wanted = float(command.removeprefix("sleep "))
            if self._cancelled.wait(min(spec.timeout, wanted)):
                raise Interrupted("the build was cancelled")
            if spec.timeout < wanted:
                raise BuildFailed(f"the build took longer than {spec.timeout:g} s and was ended", log_tail=tuple(log))
        made = re.search(r"of=/(\S+) bs=(\d+) count=(\d+)", command)
        return [layer(f"RUN {command}", **({made[1]: int(made[2]) * int(made[3])} if made else {}))]


@dataclass
class FakeLayerCache:
    """Layer indexes in memory; implements ports.LayerCache."""

    indexes: dict[str, LayerIndex] = field(default_factory=dict)

    def get(self, diff_id: str) -> LayerIndex | None:
        """See the port."""
        return self.indexes.get(diff_id)

    def put(self, index: LayerIndex) -> None:
        """See the port."""
        self.indexes[index.diff_id] = index
