"""The report as JSON, `weighbridge.report/1`: written deterministically, read as if a stranger had written it."""

from weighbridge.core.wire.documents import MAX_BYTES, dump, dump_image, load, schema

__all__ = ["MAX_BYTES", "dump", "dump_image", "load", "schema"]
