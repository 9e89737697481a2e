"""Values as the database takes them. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import zstandard

from weighbridge.core.names import clipped
from weighbridge.core.wire.records import dump_record
from weighbridge.errors import UsageError
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.model.record import Record
    from weighbridge.model.report import ImageReport

Values = dict[str, object]
"""By the names of columns."""

_NAME = 255
_LEVEL = 3


def packed(content: bytes) -> bytes:
    """Packed with zstandard."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(content)


def unpacked(content: bytes, limit: int) -> bytes:
    """What `packed` made of at most `limit` bytes. Raises UsageError for anything else."""
    try:
        # The library allocates what a frame claims, whatever limit it is given.
        if not 0 <= zstandard.get_frame_parameters(content).content_size <= limit:
            raise UsageError("what is stored is larger than it may be")
        return zstandard.ZstdDecompressor().decompress(content)
    except zstandard.ZstdError:
        raise UsageError("what is stored is damaged") from None


def seconds(time: datetime) -> int:
    """Whole seconds since 1970."""
    return int(time.timestamp())


def moment(seconds: int) -> datetime:
    """The time, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def plain(text: str, length: int = _NAME) -> str:
    """Text that every database takes: no NUL, no half surrogates, bounded."""
    return clipped(text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode(), length)


def record_columns(record: Record) -> Values:
    """What there is a column for, of a record alone."""
    return {
        "time": seconds(record.time),
        "recorded": seconds(record.recorded),
        "ref": record.ref and plain(record.ref),
        "release": record.release and plain(record.release),
        "size": record.size,
        "packed": record.packed.size,
        "packed_estimated": record.packed.estimated,
        "wasted": record.wasted,
        "layer_count": len(record.layers),
        "file_count": record.file_count,
        "status": record.verdict.value,
        "max_size": record.max_size,
        "saving": record.saving,
        "line": packed(dump_record(record).encode("utf-8", "replace")),
    }


def columns(record: Record, image: ImageReport) -> Values:
    """What there is a column for, with the side that it was compared with."""
    base = image.base.size if isinstance(image.base, WeighedImage) else None
    return {
        **record_columns(record),
        "base_size": base,
        "delta": None if base is None else record.size - base,
    }


def finding_rows(report: ImageReport) -> list[Values]:
    """What the head was found to smell of."""
    return [
        {
            "rule": plain(finding.rule, 100),
            "severity": finding.severity.value,
            "message": plain(finding.message, 2000),
            "file": finding.line and plain(finding.line.file, 1000),
            "start": finding.line and finding.line.start,
            "waste": finding.waste,
        }
        for finding in report.findings
    ]


def package_rows(report: ImageReport) -> list[Values]:
    """The packages of the head."""
    if not isinstance(report.head, WeighedImage):
        return []
    return [
        {
            "ecosystem": package.ecosystem.value,
            "name": plain(package.name),
            "version": plain(package.version),
            "size": package.size,
        }
        for package in report.head.packages
    ]


def findings_digest(report: ImageReport) -> str:
    """Tells whether finding_rows() changed, without making them."""
    return _digest(
        (each.rule, each.severity.value, each.message, each.line and (each.line.file, each.line.start), each.waste)
        for each in report.findings
    )


def packages_digest(report: ImageReport) -> str:
    """Tells whether package_rows() changed, without making them."""
    packages = report.head.packages if isinstance(report.head, WeighedImage) else ()
    return _digest((each.ecosystem.value, each.name, each.version, each.size) for each in packages)


def _digest(values: Iterable[object]) -> str:
    """SHA-256 of what is written the same whenever it is the same."""
    return hashlib.sha256(repr(list(values)).encode()).hexdigest()
