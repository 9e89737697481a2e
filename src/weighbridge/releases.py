"""A release of a registry, weighed without an engine: what is known of its layers is not fetched again."""

from __future__ import annotations

import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from weighbridge import pipeline
from weighbridge.model.record import COMMIT
from weighbridge.naming import ImageName, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from weighbridge.model.files import LayerIndex
    from weighbridge.model.report import Report
    from weighbridge.ports import Announced, LayerCache, Registry
    from weighbridge.weighing import Scale

REVISION = "org.opencontainers.image.revision"
_REVISIONS = (REVISION, "org.label-schema.vcs-ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A release that was weighed, what its registry announced, and its layers."""

    report: Report
    announced: Announced
    layers: Sequence[LayerIndex]


class Sharing:
    """Who fetches which layer: of threads that want the same, one does, and the others wait until it is read."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._lock = threading.Lock()

    @contextmanager
    def absent(self, diff_ids: Sequence[str], cache: LayerCache) -> Iterator[frozenset[str]]:
        """Those that have to be fetched; nobody else does while the context lasts."""
        with ExitStack() as held:
            wanted = set()
            # In the same order whoever wants them, so that two wait for each other rather than for good.
            for diff_id in sorted(set(diff_ids)):
                if cache.get(diff_id) is not None:
                    continue
                turn = self._turn(diff_id)
                turn.acquire()
                if cache.get(diff_id) is None:
                    held.callback(turn.release)
                    wanted.add(diff_id)
                else:
                    turn.release()
            yield frozenset(wanted)

    def _turn(self, diff_id: str) -> threading.Lock:
        """The lock of a layer, which goes when nobody has it any more."""
        with self._lock:
            return self._turns.setdefault(diff_id, threading.Lock())


@dataclass(slots=True)
class _Noting:
    """Implements ports.LayerCache: another one, which forgets nothing of what went through it."""

    cache: LayerCache
    seen: dict[str, LayerIndex] = field(default_factory=dict)

    def get(self, diff_id: str) -> LayerIndex | None:
        """See ports.LayerCache."""
        if diff_id not in self.seen and (found := self.cache.get(diff_id)) is not None:
            self.seen[diff_id] = found
        return self.seen.get(diff_id)

    def find(self, digits: str) -> LayerIndex | None:
        """See ports.LayerCache."""
        return self.cache.find(digits)

    def put(self, index: LayerIndex) -> None:
        """See ports.LayerCache."""
        self.seen[index.diff_id] = index
        self.cache.put(index)


def weigh(
    tag: str,
    platform: str,
    registry: Registry,
    scale: Scale,
    sharing: Sharing,
    *,
    consider: Callable[[Announced], None] = lambda _: None,
) -> Fetched:
    """Weighs a tag. `consider` is told of it before any layer is fetched, and what it raises ends it.

    Raises ImageNotFound, MalformedImage, OSError.
    """
    noting = _Noting(scale.cache)
    told: list[Announced] = []
    with tempfile.TemporaryDirectory(prefix="weighbridge-") as folder, ExitStack() as held:

        def choose(announced: Announced) -> frozenset[str]:
            consider(announced)
            told.append(announced)
            return held.enter_context(sharing.absent(announced.diff_ids, noting))

        layout = Path(folder) / "image"
        registry.download(tag, platform, layout, choose)
        name = ImageName(text=tag, transport=Transport.OCI_DIRECTORY, path=layout, platform=platform)
        report = pipeline.inspect_image(name, replace(scale, cache=noting), pipeline.Limits())
    return Fetched(report=report, announced=told[0], layers=tuple(noting.seen.values()))


def commit_of(announced: Announced) -> str | None:
    """The commit that an image says it was made of, in a label or an annotation; None where it names none whole."""
    told = (words.get(name) for name in _REVISIONS for words in (labels_of(announced), announced.annotations))
    return next((text for text in told if isinstance(text, str) and COMMIT.fullmatch(text)), None)


def labels_of(announced: Announced) -> dict[str, object]:
    """The image's labels, as a stranger wrote them."""
    config = announced.config.get("config")
    labels = config.get("Labels") if isinstance(config, dict) else None
    return labels if isinstance(labels, dict) else {}
