"""Budgets and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - pydantic reads the annotations when it runs
from enum import StrEnum


class Status(StrEnum):
    """The verdict, mildest first. UNKNOWN is worse than WARN and milder than FAIL."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent:
    """A share of the base's unpacked size, in percent."""

    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """`max_size` in unpacked bytes; `max_increase` in bytes (int) or as a share of the base. None: no limit."""

    max_size: int | None = None
    max_increase: int | Percent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`reasons` are plain text, one line each, code between backticks, not escaped; empty for a plain pass."""

    status: Status
    reasons: tuple[str, ...] = ()
