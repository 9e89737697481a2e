"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.core.rules.case import Case
    from weighbridge.model.finding import Finding, Severity

Examine = Callable[["Rule", "Case"], Iterable["Finding"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One smell. `why` and `how` are paragraphs of Markdown for its page; `bad` and `good` whole Dockerfiles.

    `others` are the ids by which other tools know it. `needs_image` rules say nothing without a built image.
    """

    id: str
    severity: Severity
    title: str
    why: str
    how: str
    bad: str
    good: str
    examine: Examine
    others: tuple[str, ...] = ()
    needs_image: bool = False
