"""Which findings the head has and the base has not: by rule and by what the instruction says, never by its line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.finding import Finding
    from weighbridge.model.subject import Subject

_ALIKE = 0.5
"""Share of words that two versions of one instruction have in common."""


def told_apart(
    head: Sequence[Finding], base: Sequence[Finding], head_subject: Subject, base_subject: Subject
) -> tuple[Finding, ...]:
    """The head's findings, each with `introduced` set.

    A finding is old if the base has one of the same rule for the same instruction, or for one that was merely edited.
    """
    waiting = [(finding.rule, _words(finding, base_subject)) for finding in base]
    keys = [(finding.rule, _words(finding, head_subject)) for finding in head]
    old: set[int] = set()
    for exact in (True, False):
        for number, (rule, words) in enumerate(keys):
            if number in old:
                continue
            match = next(
                (
                    each
                    for each in waiting
                    if each[0] == rule and (each[1] == words if exact else _alike(each[1], words))
                ),
                None,
            )
            if match is not None:
                waiting.remove(match)
                old.add(number)
    return tuple(replace(finding, introduced=number not in old) for number, finding in enumerate(head))


def _words(finding: Finding, subject: Subject) -> tuple[str, ...]:
    """The instructions that a finding is about, as words; none where it is about the whole image."""
    if finding.line is None:
        return ()
    about = [
        instruction
        for stage in subject.dockerfile.stages
        for instruction in stage.instructions
        if instruction.start <= finding.line.end and instruction.end >= finding.line.start
    ]
    return tuple(
        word
        for instruction in about
        for word in (instruction.keyword, *instruction.text.split(), *" ".join(instruction.heredocs).split())
    )


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether they are versions of one instruction: the same keyword, and half of the words the same."""
    if one[:1] != other[:1]:
        return False
    if one[:1] == ("FROM",):
        return True
    mine, theirs = set(one[1:]), set(other[1:])
    return len(mine & theirs) >= _ALIKE * max(len(mine | theirs), 1)
