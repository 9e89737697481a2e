"""The setting of the rules: a mapping in the file, lines of `rule=severity` in an input or option."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from weighbridge.core.rules.registry import RULES
from weighbridge.model.finding import Severity
from weighbridge.settings.values import parse_lines

OFF = "off"
_SHOWN = 64


def parse_rules(value: object) -> dict[str, Severity | None]:
    """Rules with the severity that each is to have, None for those that are off."""
    pairs = value.items() if isinstance(value, Mapping) else [_pair(line) for line in _lines(value)]
    return {_rule(name): _severity(str(name), severity) for name, severity in pairs}


def _lines(value: object) -> tuple[object, ...]:
    lines = parse_lines(value)
    if not isinstance(lines, tuple):
        raise ValueError("must be a mapping of rules to severities, or lines of the form rule=severity")  # noqa: TRY004
    return lines


def _pair(line: object) -> tuple[str, str]:
    name, separator, severity = str(line).partition("=")
    if not separator:
        raise ValueError("must be lines of the form rule=severity")
    return name.strip(), severity.strip()


def _rule(name: object) -> str:
    known = [rule.id for rule in RULES]
    if name in known:
        return str(name)
    close = difflib.get_close_matches(str(name)[:_SHOWN], known, 1)
    shown = "".join(letter if letter.isprintable() else "?" for letter in str(name)[:_SHOWN])
    raise ValueError(f"there is no rule {shown}{f', did you mean {close[0]}?' if close else ''}")


def _severity(name: str, value: object) -> Severity | None:
    # What writes YAML may write `off` as a boolean.
    if value == OFF or value is False:
        return None
    if isinstance(value, str) and value in list(Severity):
        return Severity(value)
    raise ValueError(f"{name[:_SHOWN]} must be off, low, medium or high")


_SCHEMA = {
    "anyOf": [
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                rule.id: {"description": rule.title, "enum": [OFF, *(severity.value for severity in Severity)]}
                for rule in sorted(RULES, key=lambda rule: rule.id)
            },
        },
        {"type": "array", "items": {"type": "string"}},
        {"type": "string"},
    ]
}

Rules = Annotated[dict[str, Severity | None], BeforeValidator(parse_rules), WithJsonSchema(_SCHEMA)]
