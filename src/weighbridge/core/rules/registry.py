"""All rules, and the one way to examine a subject by them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.core.rules.bases import BASES
from weighbridge.core.rules.case import Case
from weighbridge.core.rules.context_rules import CONTEXT
from weighbridge.core.rules.dependencies import DEPENDENCIES
from weighbridge.core.rules.downloads import DOWNLOADS
from weighbridge.core.rules.glue import GLUE
from weighbridge.core.rules.ignores import read_ignores
from weighbridge.core.rules.language_caches import LANGUAGE_CACHES
from weighbridge.core.rules.layers import LAYERS
from weighbridge.core.rules.leftovers import LEFTOVERS
from weighbridge.core.rules.storage import STORAGE
from weighbridge.core.rules.system_packages import SYSTEM_PACKAGES
from weighbridge.core.rules.toolchains import TOOLCHAINS
from weighbridge.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Container

    from weighbridge.core.rules.config import RulesConfig
    from weighbridge.core.rules.path_words import PathWords
    from weighbridge.core.rules.rule import Rule
    from weighbridge.model.subject import Subject

RULES: tuple[Rule, ...] = (
    *TOOLCHAINS,
    *BASES,
    *GLUE,
    *LAYERS,
    *SYSTEM_PACKAGES,
    *LANGUAGE_CACHES,
    *DEPENDENCIES,
    *DOWNLOADS,
    *CONTEXT,
    *LEFTOVERS,
    *STORAGE,
)
"""In the order in which a reader should learn them."""

MOST = 200
"""Findings of one image that are kept, the heaviest."""

_RANKS = {severity: rank for rank, severity in enumerate((Severity.HIGH, Severity.MEDIUM, Severity.LOW))}


def examine(
    subject: Subject,
    config: RulesConfig,
    *,
    only: Container[str] | None = None,
    words: PathWords | None = None,
    proven: bool = True,
) -> tuple[Finding, ...]:
    """All findings about a subject, the heaviest first; those without bytes follow by severity.

    At most MOST. Rules that are switched off, and findings that a comment of the Dockerfile silences, are left out.
    `only` names the rules that are asked for, by id; all of them if it is not given. `words` and `proven` are a Case's.
    """
    case = Case(subject, config, words, proven)
    ignores = read_ignores(subject)
    findings: list[Finding] = []
    for rule in RULES:
        severity = config.severities.get(rule.id, rule.severity)
        wanted = only is None or rule.id in only
        if severity is None or not wanted or (rule.needs_image and case.contents is None):
            continue
        findings += [
            replace(finding, severity=severity) for finding in rule.examine(rule, case) if not ignores.silence(finding)
        ]
    return tuple(sorted(findings, key=_order)[:MOST])


def _order(finding: Finding) -> tuple[int, int, int, str, str]:
    line = finding.line.start if finding.line is not None else 0
    return (-(finding.waste or 0), _RANKS[finding.severity], line, finding.rule, finding.message)
