"""Which candidates there are for a subject, and why there are none where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes import builder_pattern, compiled, interpreted
from weighbridge.core.fixes.anatomy import Anatomy

if TYPE_CHECKING:
    from weighbridge.model.fix import Candidate
    from weighbridge.model.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Candidates by family, in each the most ambitious first. `refusal` is one line, empty where a split is tried."""

    candidates: tuple[Candidate, ...]
    refusal: str = ""


def plan(subject: Subject) -> Plan:
    """What is worth building and running for this subject. Never raises for what a Dockerfile may hold."""
    anatomy = Anatomy(subject)
    glue = builder_pattern.find_glue(anatomy)
    if glue is not None:
        merged = builder_pattern.merged(anatomy, glue)
        return Plan(candidates=() if merged is None else (merged,))
    candidates = tuple(compiled.plans(anatomy)) or tuple(interpreted.plans(anatomy))
    return Plan(candidates=candidates)
