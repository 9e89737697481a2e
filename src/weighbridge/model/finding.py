"""What is wrong with an image, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.image import SourceLine


class Severity(StrEnum):
    """How much a finding usually matters, mildest first; its bytes say how much it matters here."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that shows it. `text` is one line, plain, not escaped for any output.

    `path` is where in the image (no leading slash), `size` its unpacked bytes, `layer` which layer holds it (oldest is
    0); None where that is not what the evidence is about.
    """

    text: str
    path: str | None = None
    size: int | None = None
    layer: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One smell at one place. `message` is one line of plain text, not escaped for any output.

    `waste` is what it costs in unpacked bytes, measured in the image; None where only the Dockerfile shows it.
    `introduced` tells whether the head has it and the base has not; None where there is no base to tell.
    """

    rule: str
    severity: Severity
    message: str
    line: SourceLine | None
    waste: int | None
    evidence: tuple[Evidence, ...] = ()
    introduced: bool | None = None

    @property
    def static(self) -> bool:
        """Whether nothing in the image was measured for it."""
        return self.waste is None
