"""The pull request that proposes a fix: a title, a commit's message, and the evidence as its body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge import __version__
from weighbridge.core.rendering.escape import code, markdown, plain
from weighbridge.core.rendering.fixes import fix_line, proof_list, proof_title
from weighbridge.core.rendering.surface import surface_rows
from weighbridge.core.rendering.units import format_size

if TYPE_CHECKING:
    from weighbridge.model.fix import Fix
    from weighbridge.model.report import ImageReport

_TITLE = 200


def proposal_title(image: ImageReport, fix: Fix) -> str:
    """One line of plain text, also the commit's message."""
    proof = fix.proof
    sizes = f"{format_size(proof.original_size or 0)} → {format_size(proof.size or 0)}"
    return plain(f"{fix.candidate.title} ({plain(image.name, 60)}: {sizes})", _TITLE)


def proposal_body(image: ImageReport, fix: Fix, marker: str, *, run_url: str | None) -> str:
    """What was measured first, then how it was proven, and what becomes of the pull request."""
    lines = [marker, f"{code(image.name)}: {fix_line(fix)}", ""]
    lines += [f"**{proof_title(fix)}**", "", proof_list(fix), ""]
    rows = surface_rows(fix.proof)
    if rows:
        lines += ["| for an attacker | before | after |", "| :-- | --: | --: |"]
        lines += [f"| {what} | {markdown(before)} | {markdown(after)} |" for what, before, after, _ in rows]
        lines.append("")
    run = f" in [this run]({run_url})" if run_url is not None else ""
    lines.append(
        f"<sub>Built and run by weighbridge {markdown(__version__, 40)}{run}. It keeps this branch up to date until "
        "somebody else commits to it. Close the pull request, and this fix is not proposed again.</sub>"
    )
    return "\n".join(lines) + "\n"


def withdrawn(body: str) -> str:
    """The last body of one that is closed because nothing of it is proven any more."""
    return f"{body.rstrip()}\n\nClosed by weighbridge: what it proposes is not proven any more.\n"
