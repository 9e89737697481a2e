"""Everything that can be set, and where it comes from; settings.documents has how it is documented."""

from weighbridge.settings.hidden import hidden_values
from weighbridge.settings.model import ImageSettings, Settings
from weighbridge.settings.sources import load

__all__ = [
    "ImageSettings",
    "Settings",
    "hidden_values",
    "load",
]
