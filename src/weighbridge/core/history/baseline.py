"""Whether an image weighs what is recorded of the base, so that the base need not be built again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.history.make import created, short_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.model.image import Image, Layer
    from weighbridge.model.record import Record, RecordedLayer


def usable(records: Iterable[Record], *, commit: str, image: str, recipe: str) -> tuple[Record, ...]:
    """The records of a commit's image that was built in the same way, one a platform."""
    return tuple(
        record for record in records if (record.commit, record.image, record.recipe) == (commit, image, recipe)
    )


def weighs_as_recorded(image: Image, record: Record) -> bool:
    """Whether platform, layers and waste are those of the record.

    Layers are the same where their diff ID is, or where the same instruction left as many bytes: a step that is run
    again seldom gives the same diff ID, since files have times.
    """
    return (
        image.platform == record.platform
        and len(image.layers) == len(record.layers)
        and image.waste.total == record.wasted
        and all(_same(layer, recorded) for layer, recorded in zip(image.layers, record.layers, strict=True))
    )


def _same(layer: Layer, recorded: RecordedLayer) -> bool:
    if short_id(layer.diff_id) == recorded.id:
        return True
    # What FROM brings does not change by itself; another one is a move of the base image, which is to be explained.
    made_alike = created(layer.created_by) == recorded.created_by and layer.size == recorded.size
    return made_alike and not (layer.from_base or recorded.from_base)
