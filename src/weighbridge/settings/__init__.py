"""Everything that can be set, where it comes from, and how it is documented."""

from weighbridge.settings.documents import describe_inputs, file_schema, inputs_table, shipped_schema
from weighbridge.settings.hidden import hidden_values
from weighbridge.settings.model import ImageSettings, Settings
from weighbridge.settings.sources import load

__all__ = [
    "ImageSettings",
    "Settings",
    "describe_inputs",
    "file_schema",
    "hidden_values",
    "inputs_table",
    "load",
    "shipped_schema",
]
