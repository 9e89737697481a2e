"""Which entries of an engine's history made a layer.

The engine's history call leaves out the `empty_layer` mark that the image's configuration holds, so it is told
from the instruction: the metadata instructions never make one, RUN, COPY and ADD always do, and WORKDIR does where
it had to make a directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weighbridge.dockerfile.history import is_run, without_nop
from weighbridge.model.image import HistoryEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NEVER = frozenset(
    [
        "ARG",
        "CMD",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
    ]
)
_ALWAYS = frozenset(["ADD", "COPY", "RUN"])


def history_entries(raw: Sequence[Mapping[str, Any]], layers: int) -> tuple[HistoryEntry, ...]:
    """The engine's answer (newest first) as history, oldest first, with as many layers as the image has.

    Where the entries can't account for `layers`, all of what is doubtful counts as empty: lines are then
    matched by what is certain.
    """
    oldest_first = list(reversed(raw))
    certain = [_makes_layer(entry) for entry in oldest_first]
    missing = layers - sum(made is True for made in certain)
    marks: list[bool] = []
    for made in certain:
        if made is None and missing > 0:
            missing -= 1
            marks.append(True)
        else:
            marks.append(made is True)
    return tuple(
        HistoryEntry(
            created_by=str(entry.get("CreatedBy") or ""), empty=not made, comment=str(entry.get("Comment") or "")
        )
        for entry, made in zip(oldest_first, marks, strict=True)
    )


def _makes_layer(entry: Mapping[str, Any]) -> bool | None:
    """True, False, or None where the instruction alone doesn't tell."""
    if entry.get("Size"):
        return True
    text = str(entry.get("CreatedBy") or "").strip()
    instruction = without_nop(text)
    keyword = instruction.split(" ", 1)[0].upper()
    if keyword in _NEVER:
        return False
    if keyword in _ALWAYS or is_run(text) or text.startswith("|"):
        return True
    return None
