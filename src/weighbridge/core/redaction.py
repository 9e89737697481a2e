"""Keeps secrets out of what people see."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.model.behaviour import Seen
    from weighbridge.model.finding import Finding
    from weighbridge.model.fix import Proof
    from weighbridge.model.image import Image, ImageConfig

_MASK = "***"
# A line of a longer secret that is shorter than this tells nothing, and masking it (`{`, `1`) would tear every text.
_SHORTEST_LINE = 4
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def without_controls(text: str) -> str:
    """The text without terminal sequences and control characters; tabs and line feeds stay."""
    return _CONTROLS.sub("", text)


def hidden_parts(secrets: Iterable[str]) -> tuple[str, ...]:
    """What must not be shown of secrets: each whole, and line by line where it has several. Longest first."""
    parts: set[str] = set()
    for secret in secrets:
        lines = [line.strip() for line in secret.splitlines()]
        parts.add(secret.strip())
        parts.update(line for line in lines if len(line) >= _SHORTEST_LINE)
    parts |= {without_controls(part) for part in parts}
    return tuple(sorted(filter(None, parts), key=lambda part: (-len(part), part)))


def redacted(text: str, hidden: Sequence[str]) -> str:
    """The text with each of the `hidden_parts` masked."""
    for part in hidden:
        text = text.replace(part, _MASK)
    return text


def redacted_image(image: Image, hidden: Sequence[str]) -> Image:
    """The image without secrets in its instructions and configuration, which may keep what it was built with."""
    if not hidden:
        return image
    return replace(
        image,
        config=redacted_config(image.config, hidden),
        layers=tuple(replace(layer, created_by=redacted(layer.created_by, hidden)) for layer in image.layers),
    )


def redacted_config(config: ImageConfig, hidden: Sequence[str]) -> ImageConfig:
    """The configuration without secrets, which may have become variables or words of the command."""
    return replace(
        config,
        entrypoint=_all(config.entrypoint, hidden),
        command=_all(config.command, hidden),
        environment=_all(config.environment, hidden),
        labels=tuple((name, redacted(value, hidden)) for name, value in config.labels),
        health_check=_all(config.health_check, hidden),
    )


def redacted_seen(seen: Seen, hidden: Sequence[str]) -> Seen:
    """What a program was seen to do, without secrets that it printed, answered or wrote."""
    if not hidden:
        return seen
    answers = {
        redacted(key, hidden): replace(
            answer, location=redacted(answer.location, hidden), lines=_all(answer.lines, hidden)
        )
        for key, answer in seen.answers.items()
    }
    return replace(
        seen,
        refusal=redacted(seen.refusal, hidden),
        stdout=_all(seen.stdout, hidden),
        stderr=_all(seen.stderr, hidden),
        answers=answers,
        health_output=redacted(seen.health_output, hidden),
        written=frozenset(redacted(path, hidden) for path in seen.written),
    )


def redacted_proof(proof: Proof, hidden: Sequence[str]) -> Proof:
    """The proof without secrets in its words."""
    checks = tuple(replace(check, details=_all(check.details, hidden)) for check in proof.checks)
    return replace(proof, reason=redacted(proof.reason, hidden), checks=checks)


def redacted_findings(findings: Sequence[Finding], hidden: Sequence[str]) -> tuple[Finding, ...]:
    """The findings without secrets in what they say and show."""
    return tuple(
        replace(
            finding,
            message=redacted(finding.message, hidden),
            evidence=tuple(
                replace(each, text=redacted(each.text, hidden), path=each.path and redacted(each.path, hidden))
                for each in finding.evidence
            ),
        )
        for finding in findings
    )


def _all(texts: Sequence[str], hidden: Sequence[str]) -> tuple[str, ...]:
    return tuple(redacted(text, hidden) for text in texts)
