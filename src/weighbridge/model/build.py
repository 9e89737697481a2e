"""What to build, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.image import SourceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSpec:
    """How one image is built, with the meanings of docker/build-push-action's inputs.

    `context` and `file` are relative to the tree that is built; `file` None means `Dockerfile` in the
    context. `platform` None means the builder's own. `timeout` is seconds.
    Secrets are names or references here (`id=…,env=…`, `id=…,src=…`), except in `secrets`, whose `KEY=value` is
    never shown.
    """

    name: str
    context: str = "."
    file: str | None = None
    target: str | None = None
    build_args: tuple[str, ...] = ()
    build_contexts: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    secret_envs: tuple[str, ...] = ()
    secret_files: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    platform: str | None = None
    pull: bool = False
    no_cache: bool = False
    network: str | None = None
    timeout: float = 3600.0

    @property
    def dockerfile(self) -> str:
        """Path of the Dockerfile relative to the tree."""
        if self.file is not None:
            return self.file
        return "Dockerfile" if self.context in ("", ".") else f"{self.context.rstrip('/')}/Dockerfile"


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerfileText:
    """What to build from instead of the Dockerfile that the tree has. Texts keep their line ends.

    `ignore` is the text of the ignore file; None leaves the one at the top of the context in force.
    """

    text: str
    ignore: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenLayer:
    """One layer of the result, as BuildKit's provenance has it.

    `digest` is a diff ID under overlay2 and a packed digest under the containerd store. `line` is None where FROM
    brought the layer (`from_base`).
    """

    digest: str
    line: SourceLine | None
    from_base: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What BuildKit's provenance says of a built image: its layers, oldest first, and the images that it used.

    `materials` are pairs of a package URL and a digest, as in SLSA's provenance v0.2.
    """

    layers: tuple[ProvenLayer, ...]
    materials: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """`id` is what the engine knows the image by; `seconds` is wall time of the build."""

    id: str
    seconds: float
    provenance: Provenance | None
