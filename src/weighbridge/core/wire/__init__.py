"""The report as JSON, `weighbridge.report/1`: written deterministically, read as if a stranger had written it."""

from weighbridge.core.wire.documents import MAX_BYTES, dump, dump_image, load
from weighbridge.core.wire.fixes import dump_proof, load_proof
from weighbridge.core.wire.schema import report_schema, shipped_schema

__all__ = ["MAX_BYTES", "dump", "dump_image", "dump_proof", "load", "load_proof", "report_schema", "shipped_schema"]
