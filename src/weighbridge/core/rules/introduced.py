"""Which findings the head has and the base has not: by rule and by what the instruction says, never by its line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.dockerfile import Instruction
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


def told_by_instruction(head: Sequence[Finding], head_subject: Subject, base_subject: Subject) -> tuple[Finding, ...]:
    """As far as the base's Dockerfile tells, where its image is not at hand.

    A finding is old if the base has its very instructions, and introduced if it has none that is like them. Of one that
    was edited, or that is about the whole image, it is not known.
    """
    before = [_instruction_words(each) for stage in base_subject.dockerfile.stages for each in stage.instructions]
    found = []
    for finding in head:
        about = [_instruction_words(each) for each in _about(finding, head_subject)]
        introduced = None
        if about and all(words in before for words in about):
            introduced = False
        elif about and not any(_alike(words, other) for words in about for other in before):
            introduced = True
        found.append(replace(finding, introduced=introduced))
    return tuple(found)


def _words(finding: Finding, subject: Subject) -> tuple[str, ...]:
    """The instructions that a finding is about, as words; none where it is about the whole image."""
    return tuple(word for instruction in _about(finding, subject) for word in _instruction_words(instruction))


def _about(finding: Finding, subject: Subject) -> list[Instruction]:
    if finding.line is None:
        return []
    return [
        instruction
        for stage in subject.dockerfile.stages
        for instruction in stage.instructions
        if instruction.start <= finding.line.end and instruction.end >= finding.line.start
    ]


def _instruction_words(instruction: Instruction) -> tuple[str, ...]:
    return (instruction.keyword, *instruction.text.split(), *" ".join(instruction.heredocs).split())


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether they are versions of one instruction: the same keyword, and half of the words the same."""
    if one[:1] != other[:1]:
        return False
    if one[:1] == ("FROM",):
        return True
    mine, theirs = set(one[1:]), set(other[1:])
    return len(mine & theirs) >= _ALIKE * max(len(mine | theirs), 1)
