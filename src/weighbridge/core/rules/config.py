"""What of the rules a user may set."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - fields of values that are made from it
from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - likewise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesConfig:
    """`severities` gives rules another severity, None to switch one off. `ignored` are patterns of paths in the image
    (as in an ignore file) that no finding is about. `today` is what ends of support are held against.
    """

    today: date
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
