"""What was seen of a program, in the words of details: what became of it, what it answered, what it said last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.names import clipped
from weighbridge.model.behaviour import AnswerKind

if TYPE_CHECKING:
    from weighbridge.model.behaviour import Answer, Seen

SHOWN = 160
_KERNEL_WORDS = {126: "it may not be executed", 127: "it was not found"}


def fate(seen: Seen) -> str:
    """What became of it."""
    if seen.refusal:
        return f"it cannot be started: {clipped(seen.refusal, 200)}"
    if seen.stopped:
        return seen.stopped
    if seen.alive:
        return "stays alive"
    words = _KERNEL_WORDS.get(seen.status or 0)
    return f"ends with status {seen.status}" + (f" ({words})" if words else "")


def what(answer: Answer) -> str:
    """What came of a request."""
    if answer.kind is AnswerKind.HTTP:
        kind = f" {clipped(answer.content_type.partition(';')[0], 40)}" if answer.content_type else ""
        return f"answers {answer.status}{kind} ({answer.length:,} bytes)"
    if answer.kind is AnswerKind.BYTES:
        return f"answers {answer.length:,} bytes that are not HTTP"
    return "is refused" if answer.kind is AnswerKind.REFUSED else "is not answered"


def because(seen: Seen) -> str:
    """The program's own last words."""
    lines = seen.stderr or seen.stdout
    return f": {clipped(lines[-1], SHOWN)}" if lines else ""
