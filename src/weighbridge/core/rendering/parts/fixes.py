"""The best fix that is proven: one measured line unfolded, its patch and its proof behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.fixes.best import best, why_unsplit
from weighbridge.core.rendering.escape import code, markdown, prose
from weighbridge.core.rendering.fixes import fix_line, patch_block, proof_list, proof_title
from weighbridge.core.rendering.parts.part import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.report import ImageReport


def fix(image: ImageReport) -> str | None:
    """The measured saving, or why none was looked for; None where nothing is proven."""
    found = best(image.fixes)
    if found is not None:
        return fix_line(found)
    return f"<sub>No fix was tried: {markdown(image.unfixed)}.</sub>" if image.unfixed else None


def fix_sections(image: ImageReport, most: int) -> Iterator[Section]:
    """The patch, at most so many lines of it, and how it was proven. `most` zero leaves both out."""
    found = best(image.fixes)
    if found is None or not most:
        return
    named = f"In `git apply`'s form; it changes {', '.join(code(edit.path) for edit in found.candidate.edits[:5])}.\n\n"
    # A comment that other jobs share may have had no room for it.
    if found.patch:
        yield Section(title="The patch", body=named + patch_block(found, most))
    yield Section(title=proof_title(found), body=proof_list(found))
    yield from unsplit_section(image, most)


def unsplit_section(image: ImageReport, most: int) -> Iterator[Section]:
    """Why no stage is split off; `most` zero leaves it out."""
    reason = why_unsplit(image)
    if reason and most:
        yield Section(title="Why no build stage is split off", body=f"{prose(reason)}.")
