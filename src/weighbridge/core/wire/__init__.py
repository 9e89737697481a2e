"""The report as JSON, `weighbridge.report/1`: written deterministically, read as if a stranger had written it."""

from weighbridge.core.wire.documents import MAX_BYTES, dump, dump_image, load
from weighbridge.core.wire.fixes import dump_fix, load_fix

__all__ = ["MAX_BYTES", "dump", "dump_fix", "dump_image", "load", "load_fix", "report_schema", "shipped_schema"]


def report_schema() -> str:
    """See wire.schema."""
    from weighbridge.core.wire.schema import report_schema as made

    return made()


def shipped_schema() -> str:
    """See wire.schema."""
    from weighbridge.core.wire.schema import shipped_schema as shipped

    return shipped()
