"""Reports and records as they were stored, read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import zstandard

from weighbridge.core import wire
from weighbridge.core.wire.records import load_records
from weighbridge.service.store import named

if TYPE_CHECKING:
    from weighbridge.model.record import Record
    from weighbridge.model.report import ImageReport, Report
    from weighbridge.service import tables
    from weighbridge.service.queries_records import Kept
    from weighbridge.service.store import Store

_LINE = 1 << 20


def text_of(kept: Kept, store: Store) -> bytes | None:
    """A record's report as it came, None where it is not kept any more. Raises StoreUnavailable."""
    if kept.digest is None or kept.bytes is None:
        return None
    content = store.get(named("reports", kept.digest))
    return None if content is None else zstandard.ZstdDecompressor().decompress(content, max_output_size=kept.bytes)


def report_of(kept: Kept, store: Store) -> Report | None:
    """The same as a value."""
    text = text_of(kept, store)
    return None if text is None else wire.load(text)


def alone(report: Report, image: tables.Image) -> Report:
    """The report with nothing but one image in it; as it is where that has another name in it."""
    found = tuple(each for each in report.images if (each.name, each.platform) == (image.name, image.platform))
    return replace(report, images=found, verdict=found[0].verdict) if found else report


def image_of(report: Report, image: tables.Image) -> ImageReport | None:
    """What a report says of an image."""
    return next((each for each in report.images if (each.name, each.platform) == (image.name, image.platform)), None)


def record_of(row: tables.Record) -> Record:
    """A record as the model has it: the columns win over the line that was written before a tag was known."""
    text = zstandard.ZstdDecompressor().decompress(row.line, max_output_size=_LINE).decode()
    (record,) = load_records(text).records
    return replace(record, ref=row.ref, release=row.release)
