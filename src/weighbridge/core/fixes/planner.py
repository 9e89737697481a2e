"""Which candidates there are for a subject, and why there are none where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes import builder_pattern, compiled, dotnet, in_place, interpreted, slimmer
from weighbridge.core.fixes.anatomy import Anatomy
from weighbridge.core.fixes.prospect import prospect

if TYPE_CHECKING:
    from weighbridge.model.fix import Candidate
    from weighbridge.model.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Candidates by family, in each the most ambitious first.

    `refusal` is one line: why no stage is split off, by the prospect's judgement; empty where that is tried.
    """

    candidates: tuple[Candidate, ...]
    refusal: str = ""


def plan(subject: Subject) -> Plan:
    """What is worth building and running for this subject. Never raises for what a Dockerfile may hold."""
    anatomy = Anatomy(subject)
    found = prospect(subject)
    if found.glue is not None:
        return Plan(candidates=tuple(builder_pattern.plans(anatomy, found.glue)))
    split = () if found.refusal else _split(anatomy)
    return Plan(candidates=(*split, *slimmer.plans(anatomy), *in_place.plans(anatomy)), refusal=found.refusal)


def _split(anatomy: Anatomy) -> tuple[Candidate, ...]:
    """Of the first kind that the image is of."""
    # A program of .NET's may begin in one of C's, which is nothing without the rest.
    kinds = (dotnet.plans, compiled.plans, interpreted.plans)
    return next((found for kind in kinds if (found := tuple(kind(anatomy)))), ())
