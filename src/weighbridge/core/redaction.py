"""Keeps secrets out of what people see."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge.model.finding import Finding
    from weighbridge.model.image import Image

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
    config = image.config
    return replace(
        image,
        config=replace(
            config,
            entrypoint=_all(config.entrypoint, hidden),
            command=_all(config.command, hidden),
            environment=_all(config.environment, hidden),
            labels=tuple((name, redacted(value, hidden)) for name, value in config.labels),
            health_check=_all(config.health_check, hidden),
        ),
        layers=tuple(replace(layer, created_by=redacted(layer.created_by, hidden)) for layer in image.layers),
    )


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
