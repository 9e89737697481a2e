"""Which candidates there are for a subject, and why there are none where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes import builder_pattern, compiled, in_place, interpreted, slimmer
from weighbridge.core.fixes.anatomy import Anatomy
from weighbridge.core.rules.glue import find_glue

if TYPE_CHECKING:
    from weighbridge.model.fix import Candidate
    from weighbridge.model.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Candidates by family, in each the most ambitious first.

    `refusal` is one line: why no stage is split off; empty where that is tried, or where there was nothing to say.
    """

    candidates: tuple[Candidate, ...]
    refusal: str = ""


def plan(subject: Subject) -> Plan:
    """What is worth building and running for this subject. Never raises for what a Dockerfile may hold."""
    anatomy = Anatomy(subject)
    glue = find_glue(subject)
    if glue is not None:
        merged = builder_pattern.merged(anatomy, glue)
        return Plan(candidates=() if merged is None else (merged,))
    refusal = _refusal(anatomy)
    split = () if refusal else tuple(compiled.plans(anatomy)) or tuple(interpreted.plans(anatomy))
    return Plan(candidates=(*split, *slimmer.plans(anatomy), *in_place.plans(anatomy)), refusal=refusal)


def _refusal(anatomy: Anatomy) -> str:
    if not anatomy.on_image():
        return "the stage that is shipped stands on another stage of the same file"
    if any(each.keyword == "ONBUILD" for each in anatomy.body):
        return "ONBUILD makes this an image to build on, which needs its tools"
    if anatomy.base == "scratch":
        return "there is nothing below the author's own files"
    if anatomy.stage.index > 0 and any(flag.startswith("--from=") for each in anatomy.body for flag in each.flags):
        return "what is built comes from a stage of its own already"
    return ""
