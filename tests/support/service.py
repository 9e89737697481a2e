"""Reports and layers as senders send them to a service, made from images that were really weighed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support import reports
from tests.support.archives import archive, docker_archive, of_layers
from tests.support.layers import layer
from tests.support.weigh import NoCache, weigh
from weighbridge.core import wire
from weighbridge.core.summarize import summarize
from weighbridge.core.wire.layers import digest_of_layer, dump_layer
from weighbridge.model.record import Occasion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from weighbridge.model.image import Image
    from weighbridge.model.report import ImageReport

START = datetime(2026, 1, 1, tzinfo=UTC)
REPOSITORY = "octocat/yard"


def sent(
    *images: ImageReport, number: int = 0, pull: int | None = None, repository: str = REPOSITORY, **changes: Any
) -> bytes:
    """A report of a push to main, an hour after the one before it, or of a pull request."""
    commit = f"{number:040x}"
    time = START + timedelta(hours=number)
    occasion = Occasion(
        commit=commit,
        time=time,
        recorded=time,
        ref="main",
        release=None,
        recipes={},
        event="push",
        default_branch="main",
    )
    made = reports.report(*(images or (reports.image(),)), head=commit)
    made = replace(made, repository=repository, pull_request=pull, occasion=replace(occasion, **changes))
    return wire.dump(made).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """An image that was read, and the documents of its layers by diff ID."""

    image: Image
    documents: Mapping[str, bytes]

    @property
    def reported(self) -> ImageReport:
        """As a report has it."""
        head = summarize(self.image, against=None, build_seconds=None)
        return replace(reports.image(platform=self.image.platform), base=None, diff=None, head=head)

    def having(self, **more: Any) -> dict[str, Any]:
        """The body of `POST /api/v1/layers/missing`."""
        layers = [{"diff_id": diff_id, "digest": digest_of_layer(text)} for diff_id, text in self.documents.items()]
        return {"repository": REPOSITORY, "layers": layers, **more}


def read(folder: Path, *texts: str) -> Weighed:
    """The image of layers that are written down as text, see `tests.support.layers`."""
    cache = NoCache()
    path = archive(docker_archive(of_layers(*map(layer, texts))), folder / f"{abs(hash(texts))}.tar")
    (image,) = weigh(f"docker-archive:{path}", cache=cache)
    return Weighed(image=image, documents={index.diff_id: dump_layer(index) for index in cache.kept})
