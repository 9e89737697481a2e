"""What rules look at and fixes rewrite: one image with the files that it was built from."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - fields of values that are made from it
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.build import BuildSpec
    from weighbridge.model.dockerfile import Dockerfile
    from weighbridge.model.image import Image, ImageConfig
    from weighbridge.model.programs import Programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The build context as BuildKit would send it. Paths are relative to it.

    `sizes` are the files after `.dockerignore` with their bytes; `excluded_bytes` what `.dockerignore` keeps out.
    `texts` are the small files that tell how a project is built (go.mod, package.json, pom.xml, scripts, …).
    `ignore_path` is where the ignore file in force lies or would lie, relative to the repository; `ignore` its text,
    None where there is none.
    """

    sizes: Mapping[str, int]
    texts: Mapping[str, str]
    ignore_path: str
    ignore: str | None
    excluded_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One image to look at. What is not known is None: rules and fixes then say less.

    `text` is the Dockerfile as its author wrote it, line ends included. `neighbours` are other Dockerfiles and build
    scripts of the repository (path → text), where a builder pattern would show. `base_config` is the configuration
    that FROM's image brought.
    """

    spec: BuildSpec
    dockerfile: Dockerfile
    text: str
    context: Context | None = None
    image: Image | None = None
    programs: Programs | None = None
    base_config: ImageConfig | None = None
    neighbours: Mapping[str, str] = field(default_factory=dict)
