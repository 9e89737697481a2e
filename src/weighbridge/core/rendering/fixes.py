"""Fixes as people see them: one measured line first, the patch and the proof behind it, what failed at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate

from weighbridge.core.fixes.best import best, why_unsplit
from weighbridge.core.rendering.escape import code_block, markdown, plain, visible
from weighbridge.core.rendering.surface import surface_words
from weighbridge.core.rendering.units import format_percent, format_size
from weighbridge.model.fix import Outcome, ProofStatus, Step
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.fix import Check, Fix, Proof
    from weighbridge.model.report import ImageReport

STATUSES = {
    ProofStatus.VERIFIED: "verified",
    ProofStatus.REJECTED: "rejected",
    ProofStatus.UNVERIFIABLE: "could not verify",
    ProofStatus.NOT_RUN: "not run",
}
OUTCOMES = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}
_DETAILS = 12


def fix_line(fix: Fix) -> str:
    """The measured saving in one line of Markdown. `fix` is verified."""
    proof = fix.proof
    return f"**Fix, built and run here: {_sizes(proof)}** ({_share(proof)}). {markdown(fix.candidate.title)}."


def measured(fix: Fix) -> str:
    """Both sizes, the share that is saved, and what is left to pull: plain text. `fix` is verified."""
    return f"{_sizes(fix.proof)} ({_share(fix.proof)})"


def fix_words(image: ImageReport) -> list[str]:
    """Lines of plain text about the best fix that is proven, the saving first; why none was tried; or none."""
    found = best(image.fixes)
    reason = why_unsplit(image)
    unsplit = [f"no stage is split off: {plain(reason)}"] if reason else []
    if found is None:
        return [*([f"no fix was tried: {plain(image.unfixed)}"] if image.unfixed else []), *unsplit]
    surface = surface_words(found.proof.before, found.proof.after)
    return [
        f"fix, built and run here: {measured(found)}: {plain(found.candidate.title)}",
        *([f"for an attacker: {surface}"] if surface else []),
        *(f"it costs: {plain(cost)}" for cost in found.candidate.costs),
        *unsplit,
    ]


def patch_block(fix: Fix, most: int = 200) -> str:
    """The patch as a block of Markdown, cut after `most` lines."""
    lines = fix.patch.splitlines()
    shown = lines[:most]
    if len(lines) > most:
        shown.append(f"… and {len(lines) - most} more lines: the report's JSON holds them")
    return code_block(tuple(shown), "diff")


def proof_title(fix: Fix) -> str:
    """What the folded proof is called."""
    passed = sum(1 for check in fix.proof.checks if check.outcome is Outcome.PASSED)
    return f"How it was proven: {passed} of {len(Step)} steps"


def proof_list(fix: Fix) -> str:
    """The steps as a Markdown list, and what the fix takes away from an attacker and from the program."""
    lines = [f"- {_step(check)}" for check in fix.proof.checks]
    surface = surface_words(fix.proof.before, fix.proof.after)
    if surface:
        lines.append(f"- for an attacker: {markdown(surface)}")
    lines += [f"- it costs: {markdown(cost)}" for cost in fix.candidate.costs]
    return "\n".join(lines)


def fixes_text(fixes: Sequence[Fix], width: int = 100) -> list[str]:
    """All candidates as a table for a terminal, and why those that failed did."""
    if not fixes:
        return []
    rows = [
        [
            STATUSES[fix.proof.status],
            fix.candidate.strategy,
            format_size(fix.proof.size) if fix.proof.size is not None else "",
            _share(fix.proof) if fix.proof.saved is not None else "",
        ]
        for fix in fixes
    ]
    table = tabulate(rows, headers=["", "candidate", "size", "saving"], tablefmt="plain", disable_numparse=True)
    lines = [line[:width].rstrip() for line in table.splitlines()]
    reasons = [f"{fix.candidate.strategy}: {plain(fix.proof.reason, 400)}" for fix in fixes if fix.proof.reason]
    return lines + reasons


def fixes_page(image: ImageReport) -> str:
    """What `fix` prints: the answer, the candidates, the best patch, and how it was proven. Ends with a line end."""
    name = plain(image.name)
    if isinstance(image.head, Unavailable):
        return f"{name} could not be weighed: {plain(image.head.reason)}\n"
    weighs = f"{name} weighs {format_size(image.head.size)}"
    unsplit = [f"no stage is split off: {plain(image.unsplit)}"] if image.unsplit else []
    if not image.fixes:
        return "\n".join([f"{weighs}: nothing to fix was found", *unsplit, ""])
    found = best(image.fixes)
    if found is None:
        return "\n".join([f"{weighs}: no fix is proven", *unsplit, "", *fixes_text(image.fixes), ""])
    proof = found.proof
    lines = [
        f"{weighs}, and {format_size(proof.size or 0)} after a fix that was built and run here ({_share(proof)})",
        *unsplit,
        "",
        *fixes_text(image.fixes),
        "",
        *(f"  {check.step.value}: {plain('; '.join(check.details), 300)}" for check in proof.checks),
    ]
    surface = surface_words(proof.before, proof.after)
    lines += [f"  for an attacker: {surface}"] if surface else []
    lines += [f"  it costs: {plain(cost)}" for cost in found.candidate.costs]
    return "\n".join([*lines, "", *(visible(line) for line in found.patch.split("\n")), ""])


def _sizes(proof: Proof) -> str:
    return f"{format_size(proof.original_size or 0)} → {format_size(proof.size or 0)}"


def _share(proof: Proof) -> str:
    saved, original = proof.saved or 0, proof.original_size or 0
    parts = [format_percent(-saved, original) or ""]
    if proof.packed is not None:
        parts.append(f"{'≈ ' if proof.packed.estimated else ''}{format_size(proof.packed.size)} to pull")
    return "; ".join(part for part in parts if part)


def _step(check: Check) -> str:
    details = "; ".join(markdown(detail, 300) for detail in check.details[:_DETAILS])
    return f"**{check.step.value}** {OUTCOMES[check.outcome]}" + (f": {details}" if details else "")
