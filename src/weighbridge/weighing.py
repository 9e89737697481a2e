"""From a name to an Image: the reading half of the pipeline, shared by `check`, `compare` and `inspect`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.dockerfile.lines import attribute
from weighbridge.dockerfile.provenance import base_digest
from weighbridge.errors import ImageNotFound, UsageError
from weighbridge.naming import ImageName, Transport
from weighbridge.reading.archive import read_archive
from weighbridge.reading.image import assemble
from weighbridge.reading.merge import merge_each
from weighbridge.reading.platforms import is_meant
from weighbridge.reading.stream import read_stream
from weighbridge.reading.verified import Verifier

if TYPE_CHECKING:
    from weighbridge.model.build import Provenance
    from weighbridge.model.dockerfile import Dockerfile
    from weighbridge.model.files import FileTree, LayerIndex
    from weighbridge.model.image import Image, ImageDescription
    from weighbridge.model.programs import Programs
    from weighbridge.ports import Engine, LayerCache, ProgramsCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is known of how an image was built; all None for an image that merely has a name."""

    dockerfile: Dockerfile | None = None
    provenance: Provenance | None = None
    target: str | None = None
    build_args: tuple[str, ...] = ()
    base_name: str | None = None
    base_diff_ids: tuple[str, ...] | None = None


UNKNOWN = Origin()

Progress = Callable[[str, int], None]
"""Called with what is read and the number of further bytes."""


def programs_of(reference: str, engine: Engine, cache: ProgramsCache, progress: Callable[[int], None]) -> Programs:
    """What one image of the daemon holds as far as running it is concerned; read once, then kept by its ID.

    `progress` gets the number of further bytes. Raises ImageNotFound, EngineUnavailable, MalformedImage.
    """
    image_id = engine.describe(reference).id
    programs = cache.get(image_id)
    if programs is None:
        # Here, since no archive needs it.
        from weighbridge.reading.programs import read_programs

        with engine.export(image_id) as chunks:
            programs = read_programs(chunks, progress)
        cache.put(image_id, programs)
    return programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Reads images. The engine is asked for only when an image of the daemon is wanted."""

    engine: Callable[[], Engine]
    cache: LayerCache
    progress: Progress

    def daemon_images(self, references: Sequence[str], origins: Sequence[Origin]) -> tuple[Image, ...]:
        """Reads images of the daemon in one pass, layers that they share or that are known once.

        Raises ImageNotFound, EngineUnavailable, MalformedImage.
        """
        engine = self.engine()
        descriptions = [engine.describe(reference) for reference in references]
        indexes = self._indexes(engine, descriptions)
        return _assembled(descriptions, indexes, origins)

    @contextmanager
    def named_images(self, names: Sequence[ImageName], origin: Origin = UNKNOWN) -> Iterator[tuple[Image, ...]]:
        """Images by name, in the order of the names; those of the daemon read in one pass.

        `origin` is what is known of how each of them was built. The layers of archives are still being verified while
        the context lasts: what is made of the images in it may be told when it has ended without an error.

        Raises UsageError, ImageNotFound, EngineUnavailable, MalformedImage, the last one at the end too.
        """
        in_daemon = [name for name in names if name.transport is Transport.DAEMON]
        references = [name.reference or "" for name in in_daemon]
        from_daemon = self.daemon_images(references, [origin] * len(references)) if in_daemon else ()
        for name, image in zip(in_daemon, from_daemon, strict=True):
            if name.platform is not None and not is_meant(image.platform, name.platform):
                raise ImageNotFound(
                    f"{name.text}: the engine has it for {image.platform}, not for {name.platform}; "
                    f"pull or build it with --platform {name.platform}"
                )
        waiting = iter(from_daemon)
        read: dict[str, LayerIndex] = {}
        fresh: list[LayerIndex] = []
        with Verifier() as verifier:
            in_archives = [name for name in names if name.transport is not Transport.DAEMON]
            described = [self._described(name, read, fresh, verifier) for name in in_archives]
            archived = iter(_assembled(described, read, [origin] * len(described)))
            yield tuple(next(waiting if name.transport is Transport.DAEMON else archived) for name in names)
        for index in fresh:
            self.cache.put(index)

    def _described(
        self, name: ImageName, read: dict[str, LayerIndex], fresh: list[LayerIndex], verifier: Verifier
    ) -> ImageDescription:
        """Of an image in an archive, whose layers are then in `read`: what others before it had is not read again."""
        if name.path is None:
            raise UsageError(f"{name.text}: an archive needs a path")

        def known(diff_id: str) -> LayerIndex | None:
            if diff_id not in read and (index := self.cache.get(diff_id)) is not None:
                read[diff_id] = index
            return read.get(diff_id)

        archive = read_archive(
            name.path,
            name.reference,
            platform=name.platform,
            cached=known,
            verifier=verifier,
            progress=lambda count: self.progress(name.text, count),
        )
        for diff_id, index in archive.indexes.items():
            if diff_id not in read:
                read[diff_id] = index
                fresh.append(index)
        return archive.description

    def _indexes(self, engine: Engine, descriptions: Sequence[ImageDescription]) -> Mapping[str, LayerIndex]:
        known: dict[str, LayerIndex] = {}
        missing: list[ImageDescription] = []
        for description in descriptions:
            for diff_id in description.diff_ids:
                if diff_id not in known and (index := self.cache.get(diff_id)) is not None:
                    known[diff_id] = index
            if any(diff_id not in known for diff_id in description.diff_ids):
                missing.append(description)
        if missing:
            references = list(dict.fromkeys(description.reference for description in missing))
            with engine.save(references) as chunks:
                fresh = read_stream(
                    chunks,
                    missing,
                    cached=known.get,
                    progress=lambda count: self.progress(", ".join(references), count),
                )
            for diff_id, index in fresh.items():
                if diff_id not in known:
                    known[diff_id] = index
                    self.cache.put(index)
        for description in descriptions:
            for diff_id in description.diff_ids:
                if diff_id not in known:
                    raise ImageNotFound(f"{description.reference}: the engine did not hand out layer {diff_id}")
        return known


def _assembled(
    descriptions: Sequence[ImageDescription], indexes: Mapping[str, LayerIndex], origins: Sequence[Origin]
) -> tuple[Image, ...]:
    """The images, the layers that they all begin with looked at once."""
    trees = merge_each([[indexes[diff_id] for diff_id in each.diff_ids] for each in descriptions])
    return tuple(
        _image(description, indexes, origin, tree)
        for description, origin, tree in zip(descriptions, origins, trees, strict=True)
    )


def _image(description: ImageDescription, indexes: Mapping[str, LayerIndex], origin: Origin, tree: FileTree) -> Image:
    attributions = attribute(
        description,
        origin.dockerfile,
        origin.provenance,
        target=origin.target,
        build_args=origin.build_args,
        base_diff_ids=origin.base_diff_ids,
    )
    digest = base_digest(origin.provenance, origin.base_name)
    return assemble(description, indexes, attributions, tree=tree, base_name=origin.base_name, base_digest=digest)
