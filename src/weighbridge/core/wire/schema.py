"""The JSON Schema of the report: derived from the models, and shipped as a file for whoever reads reports."""

from __future__ import annotations

import inspect
import json
from importlib.resources import files
from typing import Any

import msgspec

from weighbridge.core.wire.encode import SCHEMA_NAME
from weighbridge.core.wire.models import NOT_BEFORE_A_LINE_END, ReportW

SCHEMA_FILE = "report.schema.json"


def report_schema() -> str:
    """JSON Schema of a report, as the text that ships with the package. `$defs/Image` is what `inspect` prints."""
    made = msgspec.json.schema(ReportW)
    # The report itself is the root; the rest is referred to.
    made = {"$defs": made["$defs"], **made["$defs"].pop(ReportW.__name__)}
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA_NAME, **_plain(made)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def shipped_schema() -> str:
    """The JSON Schema that the package holds."""
    return files("weighbridge.core.wire").joinpath(SCHEMA_FILE).read_text("utf-8")


def _plain(value: Any) -> Any:
    """Without the titles that only repeat names, without the W that tells the models from what they carry, and without
    what only Python's regular expressions need."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    # A title is text; a property that is called so is an object.
    kept = {key: _plain(item) for key, item in value.items() if not (key == "title" and isinstance(item, str))}
    if "$defs" in kept:
        kept["$defs"] = {name.removesuffix("W"): item for name, item in kept["$defs"].items()}
    if isinstance(kept.get("pattern"), str):
        kept["pattern"] = kept["pattern"].removesuffix(NOT_BEFORE_A_LINE_END)
    if isinstance(kept.get("description"), str):
        kept["description"] = inspect.cleandoc(kept["description"])
    if isinstance(kept.get("$ref"), str):
        kept["$ref"] = kept["$ref"].removesuffix("W")
    return kept
