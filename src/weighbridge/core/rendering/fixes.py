"""Fixes as people see them: one measured line first, the patch and the proof behind it, what failed at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate

from weighbridge.core.rendering.escape import code_block, markdown, plain
from weighbridge.core.rendering.units import format_percent, format_size
from weighbridge.model.fix import Outcome, ProofStatus, Step
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.fix import Check, Fix, Proof, Surface
    from weighbridge.model.report import ImageReport

_STATUS = {
    ProofStatus.VERIFIED: "verified",
    ProofStatus.REJECTED: "rejected",
    ProofStatus.UNVERIFIABLE: "could not verify",
    ProofStatus.NOT_RUN: "not run",
}
_MARKS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}
_DETAILS = 12


def best(fixes: Sequence[Fix]) -> Fix | None:
    """The smallest fix that is verified; None if there is none."""
    proven = [fix for fix in fixes if fix.proof.status is ProofStatus.VERIFIED]
    return min(proven, key=lambda fix: fix.proof.size or 0) if proven else None


def fix_line(fix: Fix) -> str:
    """The measured saving in one line of Markdown. `fix` is verified."""
    proof = fix.proof
    sizes = f"{format_size(proof.original_size or 0)} → {format_size(proof.size or 0)}"
    return f"**Fix, built and run here: {sizes}** ({_share(proof)}). {markdown(fix.candidate.title)}."


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
        lines.append(f"- attack surface: {markdown(surface)}")
    lines += [f"- what it costs: {markdown(cost)}" for cost in fix.candidate.costs]
    return "\n".join(lines)


def surface_words(before: Surface | None, after: Surface | None) -> str:
    """What an attacker finds less of; empty where that is not known or nothing is gone."""
    if before is None or after is None:
        return ""
    counts = (
        (before.packages - after.packages, "packages"),
        (before.executables - after.executables, "executables"),
        (before.setuid - after.setuid, "setuid files"),
    )
    fewer = [f"{count:,} {word}" for count, word in counts if count > 0]
    gone = [*_gone(before.shells, after.shells), *_gone(before.package_managers, after.package_managers)]
    parts = [f"{', '.join(fewer)} fewer"] if fewer else []
    if gone:
        parts.append(f"no {', '.join(gone)} any more")
    return "; ".join(parts)


def fixes_text(fixes: Sequence[Fix], width: int = 100) -> list[str]:
    """All candidates as a table for a terminal, and why those that failed did."""
    if not fixes:
        return []
    rows = [
        [
            _STATUS[fix.proof.status],
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
    lines += [f"  attack surface: {surface}"] if surface else []
    lines += [f"  what it costs: {plain(cost)}" for cost in found.candidate.costs]
    return "\n".join([*lines, "", *_visible(found.patch), ""])


def _visible(patch: str) -> list[str]:
    """The patch's lines, without what a terminal would act on."""
    return [
        "".join(letter if letter.isprintable() or letter == "\t" else "\ufffd" for letter in line.rstrip("\r"))
        for line in patch.split("\n")
    ]


def _gone(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Names that are nowhere any more, the paths' last parts."""
    left = {name.rpartition("/")[2] for name in after}
    yield from dict.fromkeys(name.rpartition("/")[2] for name in before if name.rpartition("/")[2] not in left)


def _share(proof: Proof) -> str:
    saved, original = proof.saved or 0, proof.original_size or 0
    parts = [format_percent(-saved, original) or ""]
    if proof.packed is not None:
        parts.append(f"{'≈ ' if proof.packed.estimated else ''}{format_size(proof.packed.size)} to pull")
    return "; ".join(part for part in parts if part)


def _step(check: Check) -> str:
    details = "; ".join(markdown(detail, 300) for detail in check.details[:_DETAILS])
    return f"**{check.step.value}** {_MARKS[check.outcome]}" + (f": {details}" if details else "")
