"""What a repository's own smoke test expects, held against what was seen."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped
from weighbridge.core.proof.words import because, fate, what

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.behaviour import Answer, Observation, Request, Smoke


def broken_promises(observation: Observation, smoke: Smoke) -> Iterator[str]:
    """What the smoke test says, and is not so; the first tells most."""
    if not observation.seen:
        return
    _, main = observation.seen[0]
    if smoke.status is not None and main.status != smoke.status:
        yield f"{fate(main)}, where status {smoke.status} is expected{because(main)}"
    if smoke.contains is not None and not holds((*main.stdout, *main.stderr), smoke.contains):
        yield f"the output does not hold {clipped(smoke.contains, 80)!r}{because(main)}"
    # Its requests are the first that are put.
    answers = list(main.answers.values())[: len(smoke.requests)]
    for request, answer in zip_longest(smoke.requests, answers):
        if answer is not None:
            wrong = unfulfilled(request, answer)
            if wrong:
                yield wrong
        elif request.status is not None or request.contains is not None:
            yield f"{_named(request)} could not be asked{because(main)}"


def unfulfilled(request: Request, answer: Answer) -> str:
    """What is wrong with an answer, empty if it is as expected."""
    if request.status is not None and answer.status != request.status:
        said = f": {clipped(answer.lines[0], 160)}" if answer.lines else ""
        return f"{_named(request)} {what(answer)}, where status {request.status} is expected{said}"
    if request.contains is not None and not holds(answer.lines, request.contains):
        return f"the answer to {_named(request)} does not hold {clipped(request.contains, 80)!r}"
    return ""


def holds(lines: Sequence[str], text: str) -> bool:
    """Whether a text stands in lines, or across them."""
    return text in "\n".join(lines)


def _named(request: Request) -> str:
    return f"{request.method} {clipped(request.path, 120)}"
