"""Weighing a registry's images for the reporting service, without an engine."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge import pipeline, wiring
from weighbridge.errors import EngineUnavailable
from weighbridge.model.report import WeighedImage
from weighbridge.naming import ImageName, Transport
from weighbridge.service import serving
from weighbridge.service.jobs.weigher import Release
from weighbridge.weighing import Scale

if TYPE_CHECKING:
    from typing import NoReturn

    from fastapi import FastAPI

    from weighbridge.model.files import LayerIndex
    from weighbridge.ports import LayerCache

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REVISION = "org.opencontainers.image.revision"
_CREATED = "org.opencontainers.image.created"
_MAX_DOCUMENT = 4 << 20
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Builds that can be repeated are made at the beginning of time: that says nothing."""


@dataclass(slots=True)
class _Noting:
    """Implements ports.LayerCache: another one, which notes what went through it."""

    cache: LayerCache
    seen: dict[str, LayerIndex] = field(default_factory=dict)

    def get(self, diff_id: str) -> LayerIndex | None:
        """See ports.LayerCache."""
        found = self.cache.get(diff_id)
        if found is not None:
            self.seen[diff_id] = found
        return found

    def find(self, digits: str) -> LayerIndex | None:
        """See ports.LayerCache."""
        return self.cache.find(digits)

    def put(self, index: LayerIndex) -> None:
        """See ports.LayerCache."""
        self.seen[index.diff_id] = index
        self.cache.put(index)


class RegistryWeigher:
    """Implements service.jobs.weigher.Weigher, with the credentials that `docker login` left."""

    def tags(self, registry: str) -> tuple[str, ...]:
        """See Weigher."""
        return wiring.registry(registry).tags()

    def weigh(self, registry: str, tag: str, platform: str) -> Release:
        """See Weigher."""
        scale = wiring.scale(lambda _what, _count: None, _no_engine)
        noting = _Noting(scale.cache)
        with tempfile.TemporaryDirectory(prefix="weighbridge-") as folder:
            layout = Path(folder) / "image"
            wiring.registry(registry).download(tag, platform, layout)
            name = ImageName(text=tag, transport=Transport.OCI_DIRECTORY, path=layout, platform=platform)
            noted = Scale(engine=scale.engine, cache=noting, progress=scale.progress)
            report = pipeline.inspect_image(name, noted, pipeline.Limits())
            created = _created(layout)
        head = report.images[0].head
        labels = dict(head.config.labels) if isinstance(head, WeighedImage) else {}
        commit = labels.get(_REVISION, "")
        return Release(
            report=report,
            commit=commit if _COMMIT.fullmatch(commit) else None,
            time=_time(labels.get(_CREATED)) or created,
            layers=tuple(noting.seen.values()),
        )


def application() -> FastAPI:
    """One process of `weighbridge serve`, with what its jobs need."""
    return serving.application(RegistryWeigher())


def _no_engine() -> NoReturn:
    raise EngineUnavailable("a registry's images are weighed without an engine")


def _created(layout: Path) -> datetime | None:
    """When the image's configuration says that it was made. The layout was checked, its documents were not."""
    try:
        index = json.loads((layout / "index.json").read_text())
        manifest = _document(layout, index["manifests"][0]["digest"])
        return _time(_document(layout, manifest["config"]["digest"]).get("created"))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _document(layout: Path, digest: str) -> dict[str, dict[str, str]]:
    # A digest that was checked is the name of a file in this folder, and of nothing else.
    with (layout / "blobs" / "sha256" / digest.rpartition(":")[2].rpartition("/")[2]).open("rb") as file:
        found: dict[str, dict[str, str]] = json.loads(file.read(_MAX_DOCUMENT))
    return found


def _time(text: object) -> datetime | None:
    """Of RFC 3339, in UTC."""
    try:
        found = datetime.fromisoformat(str(text)[:40])
    except ValueError:
        return None
    found = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    return found.replace(microsecond=0) if found >= _OLDEST else None
