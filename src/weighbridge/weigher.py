"""Weighing a registry's images for the reporting service, without an engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from weighbridge import releases, wiring
from weighbridge.errors import EngineUnavailable
from weighbridge.service import serving
from weighbridge.service.jobs.weigher import Release

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from fastapi import FastAPI

    from weighbridge.ports import Announced

_CREATED = "org.opencontainers.image.created"
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Builds that can be repeated are made at the beginning of time: that says nothing."""


class RegistryWeigher:
    """Implements service.jobs.weigher.Weigher, with the credentials that `docker login` left."""

    def __init__(self) -> None:
        self._sharing = releases.Sharing()

    def tags(self, registry: str) -> tuple[str, ...]:
        """See Weigher."""
        return wiring.registry(registry).tags()

    def weigh(self, registry: str, tag: str, platform: str, consider: Callable[[str | None], None]) -> Release:
        """See Weigher."""
        fetched = releases.weigh(
            tag,
            platform,
            wiring.registry(registry),
            wiring.scale(lambda _what, _count: None, _no_engine),
            self._sharing,
            consider=lambda announced: consider(releases.commit_of(announced)),
        )
        return Release(
            report=fetched.report,
            commit=releases.commit_of(fetched.announced),
            time=_time(fetched.announced),
            layers=fetched.layers,
        )


def application() -> FastAPI:
    """One process of `weighbridge serve`, with what its jobs need."""
    return serving.application(RegistryWeigher())


def _no_engine() -> NoReturn:
    raise EngineUnavailable("a registry's images are weighed without an engine")


def _time(announced: Announced) -> datetime | None:
    """When the image says that it was made, in UTC."""
    for told in (releases.labels_of(announced).get(_CREATED), announced.config.get("created")):
        try:
            found = datetime.fromisoformat(str(told)[:40])
            found = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        if found >= _OLDEST:
            return found.replace(microsecond=0)
    return None
