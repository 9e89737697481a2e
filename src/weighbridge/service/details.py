"""The files of images: from a record to its whole file system, read from the store layer by layer."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from sqlalchemy import select

from weighbridge.core import wire
from weighbridge.core.wire.layers import MAX_BYTES, load_layer
from weighbridge.errors import MalformedImage, UsageError
from weighbridge.model.image import Image
from weighbridge.model.report import Stage, Unavailable, WeighedImage
from weighbridge.reading.merge import merge
from weighbridge.reading.waste import duplicates, waste
from weighbridge.service import tables
from weighbridge.service.store import named
from weighbridge.service.tables_details import LayerFiles
from weighbridge.service.values import plain, unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from weighbridge.model.files import LayerIndex
    from weighbridge.model.report import ImageReport, Report
    from weighbridge.service.store import Store

MAX_ENTRIES = 1_000_000
"""Of all layers of an image: beyond, it is not put together."""
_turns = threading.BoundedSemaphore(2)
"""Putting an image together takes memory for each of its files: not more than so many at once in a process."""

KIND = "layers"
"""Of documents in the store."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


def image(session: Session, store: Store, record: tables.Record) -> Image | Unavailable:
    """The image of a record, with its merged tree, as core.compare, core.filediff and core.treemap take it.

    Unavailable, with one line why, where the report or the files of a layer are not kept (any more). Whether the
    reader may see the record's repository is for the caller to know. Raises StoreUnavailable.
    """
    (found,) = images(session, store, record)
    return found


def images(session: Session, store: Store, *records: tables.Record) -> tuple[Image | Unavailable, ...]:
    """Several at once: layers that they share are read once, and compared at no cost."""
    with _turns:
        loaded: dict[str, LayerIndex] = {}
        return tuple(_image(session, store, record, loaded) for record in records)


def report(session: Session, store: Store, record: tables.Record) -> Report | Unavailable:
    """The whole report that a record came with. Raises StoreUnavailable."""
    digest = session.scalar(select(tables.Report.digest).where(tables.Report.id == record.report_id))
    if digest is None:
        return _unavailable("only its record is kept, not its report")
    content = store.get(named("reports", digest))
    if content is None:
        return _unavailable("its report is not in the store any more")
    try:
        return wire.load(unpacked(content, wire.MAX_BYTES))
    except UsageError as error:
        return _unavailable(f"its report in the store cannot be read: {error}")


def image_report(session: Session, store: Store, record: tables.Record) -> ImageReport | Unavailable:
    """The record's image in its report. Raises StoreUnavailable."""
    whole = report(session, store, record)
    return whole if isinstance(whole, Unavailable) else image_in(session, whole, record)


def image_in(session: Session, whole: Report, record: tables.Record) -> ImageReport | Unavailable:
    """The record's image in the report that it came with."""
    row = session.get_one(tables.Image, record.image_id)
    for each in whole.images:
        if (plain(each.name, 1000), plain(each.platform, 1000)) == (row.name, row.platform):
            return each
    return _unavailable("its report does not speak of this image")


def files_of(session: Session, record: tables.Record, diff_ids: Sequence[str]) -> Mapping[str, str]:
    """Layers' diff IDs → documents' digests, both hexadecimal, as the record's own repository told them."""
    repository = select(tables.Image.repository_id).where(tables.Image.id == record.image_id).scalar_subquery()
    found = session.execute(
        select(LayerFiles.diff_id, LayerFiles.digest)
        .where(
            LayerFiles.repository_id == repository,
            LayerFiles.diff_id.in_(diff_ids),
            LayerFiles.pull.in_({0, record.pull}),
        )
        # What came for the pull request itself counts before what its branch has.
        .order_by(LayerFiles.pull)
    )
    return {row.diff_id: row.digest for row in found}


class _Lacking(Exception):
    """Why there is no image, in one line."""


def _image(session: Session, store: Store, record: tables.Record, loaded: dict[str, LayerIndex]) -> Image | Unavailable:
    told = image_report(session, store, record)
    if isinstance(told, Unavailable):
        return told
    if isinstance(told.head, Unavailable):
        return told.head
    try:
        indexes = _indexes(session, store, record, told.head, loaded)
        return _assembled(told.platform, told.head, indexes)
    except _Lacking as lacking:
        return _unavailable(str(lacking))
    except MalformedImage as error:
        return _unavailable(str(error))


def _indexes(
    session: Session, store: Store, record: tables.Record, head: WeighedImage, loaded: dict[str, LayerIndex]
) -> list[LayerIndex]:
    diff_ids = [layer.diff_id.removeprefix("sha256:") for layer in head.layers]
    digests = files_of(session, record, [diff_id for diff_id in diff_ids if _DIGEST.fullmatch(diff_id)])
    indexes, entries = [], 0
    for diff_id in diff_ids:
        digest = digests.get(diff_id)
        if digest is None:
            raise _Lacking(f"the files of its layer {plain(diff_id, 12)} were not sent")
        if digest not in loaded:
            loaded[digest] = _loaded(store, digest)
        entries += len(loaded[digest].entries)
        if entries > MAX_ENTRIES:
            raise _Lacking(f"it has more than {MAX_ENTRIES:,} files")
        indexes.append(loaded[digest])
    return indexes


def _loaded(store: Store, digest: str) -> LayerIndex:
    content = store.get(named(KIND, digest))
    if content is None:
        raise _Lacking("the files of a layer are not in the store any more")
    try:
        return load_layer(unpacked(content, MAX_BYTES))
    except UsageError as error:
        raise _Lacking(f"the files of a layer cannot be read: {error}") from None


def _assembled(platform: str, head: WeighedImage, indexes: Sequence[LayerIndex]) -> Image:
    """Sizes and lines as the report has them, files as the layers have them."""
    tree = merge(indexes)
    return Image(
        reference=head.reference,
        id=head.id,
        platform=platform,
        config=head.config,
        layers=head.layers,
        tree=tree,
        waste=waste(indexes, tree),
        duplicates=duplicates(tree),
        packages=head.packages,
        base_name=head.base_name,
        base_digest=head.base_digest,
    )


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(stage=Stage.READ, reason=reason)
