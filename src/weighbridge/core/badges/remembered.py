"""What badges tell of what is remembered: the newest record, against the release before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.badges.figures import Figures
from weighbridge.core.history.versions import in_order, previous_release

if TYPE_CHECKING:
    from weighbridge.core.history.look import Series
    from weighbridge.model.record import Record


def figures(series: Series) -> Figures:
    """Of one image on one platform, whose records run from the oldest."""
    newest = series.records[-1]
    before = _release_before(newest, series.records[:-1])
    return Figures(
        size=newest.size,
        packed=newest.packed,
        layers=len(newest.layers),
        before=before.size if before else None,
        since=before.release or "" if before else "last release",
        saving=newest.saving,
        status=newest.verdict,
        limited=newest.max_size is not None,
    )


def _release_before(newest: Record, earlier: tuple[Record, ...]) -> Record | None:
    """The highest version before a release; for any other record the highest that there is."""
    by_tag = {record.release: record for record in earlier if record.release is not None}
    if newest.release is None:
        tags = in_order(by_tag)
        return by_tag[tags[-1]] if tags else None
    tag = previous_release(newest.release, by_tag)
    return None if tag is None else by_tag[tag]
