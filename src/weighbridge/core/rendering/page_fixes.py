"""The page's part about fixes: the measured saving, the patch, the ladder, what an attacker loses, what was tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes.best import best, why_unsplit
from weighbridge.core.rendering.escape import Span, plain, visible
from weighbridge.core.rendering.fixes import OUTCOMES, STATUSES, measured, proof_title
from weighbridge.core.rendering.surface import surface_rows, surface_words
from weighbridge.core.rendering.tables import Column, Field, Table, make_table, prose_field, size_field, text_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.fix import Fix
    from weighbridge.model.report import ImageReport

_PATCH_LINES = 1_000
_KINDS = {"+": "plus", "-": "minus", "@": "at"}
_HEADERS = ("+++ ", "--- ", "diff --git ", "new file mode ", "deleted file mode ")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchLine:
    """A line of the patch; `kind` is "plus", "minus", "at" or ""."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixPart:
    """`answer` is one line; `patch` is empty where nothing is proven. `hidden` lines of it were left out."""

    answer: tuple[Span, ...]
    notes: tuple[str, ...]
    patch: tuple[PatchLine, ...]
    hidden: int
    tables: tuple[Table, ...]


def fix_part(image: ImageReport) -> FixPart | None:
    """None where nobody asked for fixes, and where there was nothing to fix."""
    reason = why_unsplit(image)
    unsplit = (f"No stage is split off: {plain(reason)}.",) if reason else ()
    found = best(image.fixes)
    if found is None:
        answer = f"No fix was tried: {plain(image.unfixed)}." if image.unfixed else "No fix is proven."
        if not (image.fixes or image.unfixed or unsplit):
            return None
        tables = (_candidates(image.fixes, opened=True),) if image.fixes else ()
        return FixPart(answer=(Span(answer),), notes=unsplit, patch=(), hidden=0, tables=tables)
    lines = found.patch.splitlines()
    return FixPart(
        answer=(
            Span("Fix, built and run here: "),
            Span(measured(found), strong=True),
            Span(f". {plain(found.candidate.title)}."),
        ),
        notes=(*_notes(found), *unsplit),
        patch=tuple(_patch_line(line) for line in lines[:_PATCH_LINES]),
        hidden=max(0, len(lines) - _PATCH_LINES),
        tables=tuple(_tables(found, image.fixes)),
    )


def _notes(fix: Fix) -> Iterator[str]:
    surface = surface_words(fix.proof.before, fix.proof.after)
    if surface:
        yield f"For an attacker: {surface}."
    yield from (f"It costs: {plain(cost)}." for cost in fix.candidate.costs)


def _patch_line(line: str) -> PatchLine:
    kind = "" if line.startswith(_HEADERS) else _KINDS.get(line[:1], "")
    return PatchLine(text=visible(line), kind=kind)


def _tables(fix: Fix, fixes: Sequence[Fix]) -> Iterator[Table]:
    steps = [
        (
            text_field(check.step.value),
            text_field(OUTCOMES[check.outcome]),
            prose_field("; ".join(check.details), 2_000),
        )
        for check in fix.proof.checks
    ]
    columns = (Column(name="step"), Column(name="outcome"), Column(name="what was seen"))
    yield make_table(proof_title(fix), columns, steps, opened=True)
    rows = [
        (text_field(what), text_field(before, 600), text_field(after, 600), _fewer(fewer))
        for what, before, after, fewer in surface_rows(fix.proof)
    ]
    if rows:
        counted = (Column(name="what"), Column(name="before"), Column(name="after"), Column(name="fewer", number=True))
        yield make_table("What an attacker finds", counted, rows, opened=True)
    if len(fixes) > 1:
        yield _candidates(fixes)


def _fewer(count: int) -> Field:
    return Field(text=f"{count:,}".replace("-", "−"), key=count)


def _candidates(fixes: Sequence[Fix], *, opened: bool = False) -> Table:
    rows = [
        (
            text_field(STATUSES[fix.proof.status]),
            text_field(fix.candidate.strategy),
            size_field(fix.proof.size) if fix.proof.size is not None else Field(text="", key=-1),
            prose_field(fix.proof.reason or fix.candidate.title),
        )
        for fix in fixes
    ]
    columns = (
        Column(name="outcome"),
        Column(name="candidate", code=True),
        Column(name="size", number=True),
        Column(name="why"),
    )
    return make_table("What was tried", columns, rows, opened=opened)
