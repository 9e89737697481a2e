"""Report to text and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from weighbridge.core.names import clipped
from weighbridge.core.wire.decode import decode
from weighbridge.core.wire.encode import SCHEMA_NAME, encode, encode_image
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from weighbridge.model.report import ImageReport, Report

MAX_BYTES = 32 * 1024 * 1024
"""A report that is larger is not read."""


def dump(report: Report) -> str:
    """JSON text, the same for the same report, with a line end."""
    return _text({"schema": SCHEMA_NAME, **encode(report)})


def dump_image(image: ImageReport) -> str:
    """One image's object as JSON text, what `inspect` prints."""
    return _text(encode_image(image))


def load(text: str | bytes, *, heads: bool = False) -> Report:
    """Reads a report that anybody may have written, or no more of its `heads` than records are made of, much sooner.

    Raises UsageError that says what is wrong in one line.
    """
    # Most runs only write one: what reads is not prepared for them.
    from weighbridge.core.wire.models import ReportW
    from weighbridge.core.wire.parsing import parsed

    if len(text) > MAX_BYTES:
        raise UsageError(f"the report is larger than {MAX_BYTES:,} bytes")
    try:
        return decode(parsed(text, ReportW), heads=heads)
    except ValidationError as error:
        raise UsageError(f"not a {SCHEMA_NAME} document: {clipped(str(error), 300)}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"not a {SCHEMA_NAME} document: it is not JSON, or contradicts itself") from None


def _text(value: object) -> str:
    try:
        # What json.dumps() writes, in a tenth of the time.
        return to_json(value, indent=2).decode() + "\n"
    except PydanticSerializationError:
        # Half a surrogate pair, which a name may hold.
        return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
