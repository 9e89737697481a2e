"""The end of a build log: the failing step, not the steps before it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from weighbridge.core.rendering.escape import code_block
from weighbridge.core.rendering.parts.part import Section
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.report import ImageReport

_RULE = "------"
_STEP = " > ["


def logs(image: ImageReport, most: int) -> Iterator[Section]:
    """One for each side that was not built; the head's is open, since nothing else is known of it."""
    for side, shown in (("head", image.head), ("base", image.base)):
        if isinstance(shown, Unavailable) and shown.log_tail and most:
            body = code_block(telling(shown.log_tail)[-most:])
            yield Section(title=f"The end of the {side}'s build log", body=body, opened=side == "head")


def telling(log: Sequence[str]) -> tuple[str, ...]:
    """BuildKit's own summary of what failed (the step, its last lines, the Dockerfile around it), or else everything.

    It stands at the end, after a rule: ` > [3/3] RUN make:`.
    """
    for number, (rule, step) in enumerate(itertools.pairwise(log)):
        if rule == _RULE and step.startswith(_STEP):
            return tuple(log[number + 1 :])
    return tuple(log)
