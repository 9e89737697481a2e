"""What badges tell of rows: the numbers of one image, or of all images of a repository together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from weighbridge.core.badges.figures import Figures
from weighbridge.core.history.versions import in_order, previous_release
from weighbridge.model.budget import Status
from weighbridge.model.image import PackedSize
from weighbridge.service.tables import Image, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

_RELEASES = 1_000
_WORST = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)
NOTHING = Figures(status=Status.UNKNOWN)


def of_image(image: Image) -> Figures:
    """What its newest record on the default branch says."""
    if image.size is None or image.packed is None or image.status is None:
        return NOTHING
    return Figures(
        size=image.size,
        packed=PackedSize(size=image.packed, estimated=bool(image.packed_estimated)),
        layers=image.layer_count,
        saving=image.saving,
        status=Status(image.status),
        limited=image.max_size is not None,
    )


def of_record(record: Record) -> Figures:
    """What one record says."""
    return Figures(
        size=record.size,
        packed=PackedSize(size=record.packed, estimated=record.packed_estimated),
        layers=record.layer_count,
        saving=record.saving,
        status=Status(record.status),
        limited=record.max_size is not None,
    )


def together(all_of_them: Sequence[Figures]) -> Figures:
    """Their sums; what one of them lacks is unknown."""
    if len(all_of_them) == 1:
        return all_of_them[0]
    sizes = [each.size for each in all_of_them]
    packed = [each.packed for each in all_of_them]
    return Figures(
        images=len(all_of_them),
        size=_sum(sizes),
        packed=None
        if any(each is None for each in packed)
        else PackedSize(
            size=sum(each.size for each in packed if each), estimated=any(each.estimated for each in packed if each)
        ),
        layers=_sum([each.layers for each in all_of_them]),
        before=_sum([each.before for each in all_of_them]),
        since="last releases",
        saving=_sum([each.saving for each in all_of_them]),
        status=next(
            (status for status in _WORST if any(each.status is status for each in all_of_them)), Status.UNKNOWN
        ),
        limited=any(each.limited for each in all_of_them),
    )


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def release_before(
    session: Session, image_id: int, record_id: int | None, release: str | None
) -> tuple[str, int] | None:
    """The tag and the size of the highest version before a record's, of any version where it is none itself."""
    statement = (
        select(Record.id, Record.release, Record.size)
        .where(Record.image_id == image_id, Record.release > "", Record.pull == 0)
        .limit(_RELEASES)
    )
    by_tag = {tag: size for number, tag, size in session.execute(statement) if number != record_id and tag}
    if release:
        tag = previous_release(release, by_tag)
    else:
        tags = in_order(by_tag)
        tag = tags[-1] if tags else None
    return None if tag is None else (tag, by_tag[tag])
