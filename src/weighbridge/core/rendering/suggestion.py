"""A review comment that suggests a change of a few lines: what it is worth first, then the block to commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import markdown
from weighbridge.core.rendering.fixes import fix_line
from weighbridge.core.rendering.surface import surface_words
from weighbridge.core.suggestions import fence

if TYPE_CHECKING:
    from weighbridge.core.suggestions import Suggestion
    from weighbridge.model.fix import Fix
    from weighbridge.model.report import ImageReport


def suggestion_body(image: ImageReport, fix: Fix, suggestion: Suggestion, parts: int, marker: str) -> str:
    """The comment. `parts` is of how many changes the fix consists, all of which were built and run together."""
    lines = [marker, f"{markdown(image.name, 80)}: {fix_line(fix)}"]
    surface = surface_words(fix.proof.before, fix.proof.after)
    if surface:
        lines.append(f"For an attacker: {markdown(surface)}.")
    lines += [f"It costs: {markdown(cost)}." for cost in fix.candidate.costs]
    if parts > 1:
        lines.append(f"One of {parts} changes that were proven together: the saving is that of all of them.")
    return "\n".join([lines[0], *(f"{line}\n" for line in lines[1:]), *fence(suggestion.after)]) + "\n"
