"""Fakes of the engine, the builder and the layer cache. They pass the same contract tests as the real ones."""

from __future__ import annotations

import io
import re
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.archives import Recipe, Step, as_tar, digest, docker_archive, dumps, tagged
from tests.support.layers import layer, tar
from weighbridge.core.redaction import redacted
from weighbridge.errors import BuildFailed, EngineUnavailable, ImageNotFound, Interrupted, MalformedDockerfile
from weighbridge.model.build import BuiltImage
from weighbridge.model.image import HistoryEntry, ImageDescription
from weighbridge.reading.config import image_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from weighbridge.model.build import BuildSpec, DockerfileText
    from weighbridge.model.files import LayerIndex

BASE_NAME = "busybox:1.36"
_KNOWN = frozenset({"FROM", "RUN", "LABEL", "ENV", "ARG"})


def step(instruction: str, name: str = "", size: int = 0) -> Step:
    """An instruction and the layer that it made, with a file and its folders if it is named."""
    parts = name.split("/")
    folders = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
    return Step(created_by=instruction, layer=tar(layer("\n".join([*folders, f"{name} {size}"]) if name else "")))


BASE = (step("COPY /rootfs /", "busybox", 2000),)


@dataclass
class FakeEngine:
    """Images in memory, by name; implements ports.Engine.

    Features: archives are real ones; `fault` is raised by every later call; images named in `vanishing` are described,
    but gone when they are to be saved; `removed` notes what was removed.
    """

    images: dict[str, Recipe] = field(default_factory=lambda: {BASE_NAME: Recipe(steps=BASE)})
    fault: EngineUnavailable | None = None
    vanishing: set[str] = field(default_factory=set)
    removed: list[str] = field(default_factory=list)
    saves: list[tuple[str, ...]] = field(default_factory=list)

    def describe(self, reference: str) -> ImageDescription:
        """See the port."""
        image = self._image(reference)
        return ImageDescription(
            reference=reference,
            id=_id(image),
            platform=image.platform,
            config=image_config(image.configuration()["config"]),
            diff_ids=image.diff_ids,
            history=tuple(HistoryEntry(created_by=each.created_by, empty=each.layer is None) for each in image.steps),
            packed_sizes=(None,) * len(image.layers),
        )

    @contextmanager
    def save(self, references: Sequence[str]) -> Iterator[Iterator[bytes]]:
        """See the port."""
        for reference in self.vanishing & set(references):
            self.images.pop(reference, None)
        images = [tagged(self._image(reference), reference) for reference in references]
        self.saves.append(tuple(references))
        data = as_tar(docker_archive(*images))
        yield (data[start : start + 4096] for start in range(0, len(data), 4096))

    @contextmanager
    def export(self, reference: str) -> Iterator[Iterator[bytes]]:
        """See the port; nothing is mounted here."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as final:
            for each in self._image(reference).layers:
                with tarfile.open(fileobj=io.BytesIO(each)) as single:
                    for member in single:
                        final.addfile(member, single.extractfile(member))
        yield iter([buffer.getvalue()])

    def remove(self, reference: str) -> None:
        """See the port."""
        self._check()
        self.removed.append(reference)
        self.images = {name: image for name, image in self.images.items() if reference not in (name, _id(image))}

    def data_folder(self) -> Path | None:
        """See the port: a disk that cannot be seen."""
        self._check()
        return None

    def _image(self, reference: str) -> Recipe:
        self._check()
        for name, image in self.images.items():
            if reference in (name, _id(image)):
                return image
        raise ImageNotFound(f"{reference}: no such image")

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


def _id(image: Recipe) -> str:
    return digest(dumps(image.configuration()))


@dataclass
class FakeBuilder:
    """Builds into a FakeEngine what little of a Dockerfile it understands; implements ports.Builder.

    Features: `FROM busybox:1.36`; `RUN dd … of=/PATH bs=N count=M` makes a file; `RUN echo WORDS` writes to the log;
    `RUN false` fails; `RUN sleep N` waits for the time limit or cancel(); `ENV K=V`; everything else that BuildKit does
    not know (`knows`) is malformed. `hidden` is masked. `together` has the most builds that ran at once, `built` the
    tags that were asked for.
    """

    engine: FakeEngine
    hidden: tuple[str, ...] = ()
    knows: frozenset[str] = _KNOWN
    together: int = 0
    specs: list[BuildSpec] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def build(
        self,
        spec: BuildSpec,
        *,
        tree: Path,
        tag: str,
        on_line: Callable[[str], None],
        instead: DockerfileText | None = None,
    ) -> BuiltImage:
        """See the port."""
        with self._lock:
            self.specs.append(spec)
            self.built.append(tag)
            self._running += 1
            self.together = max(self.together, self._running)
        try:
            text = (tree / spec.dockerfile).read_text() if instead is None else instead.text
            return self._build(spec, text, tag, on_line)
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
        steps: list[Step] = []
        environment: list[str] = []
        for number, line in enumerate(dockerfile.splitlines(), 1):
            keyword, _, rest = line.partition(" ")
            if keyword not in self.knows:
                raise MalformedDockerfile(f"{spec.dockerfile}:{number}: unknown instruction: {keyword}", line=number)
            log.append(redacted(f"#{number} {line}", self.hidden))
            on_line(log[-1])
            if keyword == "FROM":
                steps += self._base(rest)
            elif keyword == "ENV":
                environment.append(rest)
            elif keyword == "RUN":
                steps += self._run(spec, rest, number, log, on_line)
        image = Recipe(steps=tuple(steps), config={"config": {"Env": environment}})
        self.engine.images[tag] = image
        return BuiltImage(id=_id(image), seconds=0.5, provenance=None)

    def _base(self, name: str) -> Sequence[Step]:
        if name not in self.engine.images:
            raise BuildFailed(f"Dockerfile:1: {name}: not found", line=1)
        return self.engine.images[name].steps

    def _run(
        self, spec: BuildSpec, command: str, number: int, log: list[str], on_line: Callable[[str], None]
    ) -> Sequence[Step]:
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
        return [step(f"RUN {command}", *((made[1], int(made[2]) * int(made[3])) if made else ()))]


@dataclass
class FakeLayerCache:
    """Layer indexes in memory; implements ports.LayerCache."""

    indexes: dict[str, LayerIndex] = field(default_factory=dict)

    def get(self, diff_id: str) -> LayerIndex | None:
        """See the port."""
        return self.indexes.get(diff_id)

    def find(self, digits: str) -> LayerIndex | None:
        """See the port."""
        found = (index for diff_id, index in self.indexes.items() if diff_id.startswith(f"sha256:{digits}"))
        return next(found, None)

    def put(self, index: LayerIndex) -> None:
        """See the port."""
        self.indexes[index.diff_id] = index
