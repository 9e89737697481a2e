"""Times as JSON has them: UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def written(time: datetime) -> str:
    """`2026-01-31T23:59:59Z`."""
    return time.astimezone(UTC).strftime(_TIME)


def time_of(text: str) -> datetime:
    """The time that was written. Raises ValueError for one that there is not."""
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
