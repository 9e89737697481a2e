"""Holds rules and plans to Dockerfiles that people have labelled by hand, and prints how far they agree.

    python scripts/corpus.py CORPUS.json CHECKOUTS [--cases] [--date YYYY-MM-DD]

CORPUS.json has `cases`: each an `id`, `path` (the Dockerfile) and `context` relative to its repository, `smells` (what
reaches the final image), `minor_smells` (real, but of no weight there) and `multi_stage` (yes, already, no, refuse),
which the prospect is held to. CHECKOUTS holds a folder for each id: the repository at that commit. Nothing is built, so
this is what the Dockerfile and the files beside it show. The status is 1 where anything raised.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tabulate import tabulate

from weighbridge.core.fixes.planner import plan
from weighbridge.core.fixes.prospect import Outlook, Prospect, prospect
from weighbridge.core.rules.config import RulesConfig
from weighbridge.core.rules.registry import RULES, examine
from weighbridge.examining import today
from weighbridge.model.build import BuildSpec
from weighbridge.model.fix import Family
from weighbridge.subjects import read_subject

RULE_IDS = {rule.id for rule in RULES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One case: rules that were found, and labels that say so; how a split was judged, and what was expected.

    `minor` labels are neither demanded nor counted as wrong. `merged` tells whether a plan merges two Dockerfiles, for
    which no image is needed, None where there is nothing to merge.
    """

    id: str
    found: frozenset[str]
    wanted: frozenset[str]
    minor: frozenset[str]
    expected: Outlook
    prospect: Prospect
    merged: bool | None

    @property
    def right(self) -> frozenset[str]:
        """Labels that were found."""
        return self.found & self.wanted

    @property
    def missed(self) -> frozenset[str]:
        """Labels that were not."""
        return self.wanted - self.found

    def wrong(self, labels: frozenset[str]) -> frozenset[str]:
        """What was found, is a label elsewhere, and is none here."""
        return (self.found & labels) - self.wanted - self.minor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("checkouts", type=Path)
    parser.add_argument("--cases", action="store_true", help="also what differs and each prospect, by case")
    parser.add_argument(
        "--date", type=date.fromisoformat, default=today(), help="what ends of support are held against"
    )
    given = parser.parse_args()
    cases = json.loads(given.corpus.read_text("utf-8"))["cases"]
    config = RulesConfig(today=given.date)
    outcomes: list[Outcome] = []
    crashed = 0
    for case in cases:
        try:
            outcomes.append(_examined(case, given.checkouts, config))
        except Exception:
            crashed += 1
            print(f"{case['id']}:", file=sys.stderr)
            traceback.print_exc()
    print(_report(outcomes, crashed))
    if given.cases:
        print("\n" + _differences(outcomes))
    sys.exit(1 if crashed else 0)


def _examined(case: dict[str, Any], checkouts: Path, config: RulesConfig) -> Outcome:
    spec = BuildSpec(name=case["id"], context=case["context"], file=case["path"])
    subject = read_subject(checkouts / case["id"], spec)
    if subject is None:
        raise FileNotFoundError(f"{case['id']}: no {case['path']} in {checkouts / case['id']}")
    found = prospect(subject)
    # Planned in any case: that must not raise.
    merges = any(candidate.family is Family.BUILDER_PATTERN for candidate in plan(subject).candidates)
    return Outcome(
        id=case["id"],
        found=frozenset(finding.rule for finding in examine(subject, config)),
        wanted=frozenset(case.get("smells", ())),
        minor=frozenset(case.get("minor_smells", ())),
        expected=Outlook(case["multi_stage"]),
        prospect=found,
        merged=merges if found.glue is not None else None,
    )


def _report(outcomes: list[Outcome], crashed: int) -> str:
    labels = frozenset().union(*(outcome.wanted | outcome.minor for outcome in outcomes)) & RULE_IDS
    unknown = frozenset().union(*(outcome.wanted for outcome in outcomes)) - RULE_IDS
    right = Counter(label for outcome in outcomes for label in outcome.right)
    wrong = Counter(label for outcome in outcomes for label in outcome.wrong(labels))
    missed = Counter(label for outcome in outcomes for label in outcome.missed)
    rows = [_row(label, right[label], wrong[label], missed[label]) for label in sorted(labels)]
    rows.append(_row("**all**", right.total(), wrong.total(), missed.total()))
    table = tabulate(rows, headers=("label", "right", "wrong", "missed", "precision", "recall"), tablefmt="github")
    lines = [f"{len(outcomes) + crashed} cases, {crashed} crashed.", "", table]
    if unknown:
        lines += ["", f"Labels without a rule: {', '.join(sorted(unknown))}."]
    return "\n".join([*lines, "", _plans(outcomes)])


def _row(label: str, right: int, wrong: int, missed: int) -> tuple[str, int, int, int, str, str]:
    precision = f"{right / (right + wrong):.2f}" if right + wrong else ""
    recall = f"{right / (right + missed):.2f}" if right + missed else ""
    return label, right, wrong, missed, precision, recall


def _plans(outcomes: list[Outcome]) -> str:
    """Labels of what a split would be, and how many of each were judged how."""
    pairs = Counter((outcome.expected, outcome.prospect.outlook) for outcome in outcomes)
    rows = [(expected, *(pairs[expected, judged] or "" for judged in Outlook)) for expected in Outlook]
    table = tabulate(rows, headers=("labelled", *Outlook), tablefmt="github")
    agreeing = sum(outcome.expected is outcome.prospect.outlook for outcome in outcomes)
    merging = [outcome.merged for outcome in outcomes if outcome.merged is not None]
    lines = [f"Of {len(outcomes)} prospects, {agreeing} are what the label says.", "", table]
    if merging:
        lines += ["", f"Of {len(merging)} pairs of Dockerfiles with glue, {sum(merging)} are merged without an image."]
    return "\n".join(lines)


def _differences(outcomes: list[Outcome]) -> str:
    labels = frozenset().union(*(outcome.wanted | outcome.minor for outcome in outcomes)) & RULE_IDS
    rows = [
        (outcome.id, ", ".join(sorted(outcome.wrong(labels))), ", ".join(sorted(outcome.missed)))
        for outcome in outcomes
        if outcome.wrong(labels) or outcome.missed
    ]
    rules = tabulate(rows, headers=("case", "found, not labelled", "labelled, not found"), tablefmt="github")
    judged = [
        (outcome.id, outcome.expected.value, outcome.prospect.outlook.value, outcome.prospect.reason)
        for outcome in outcomes
    ]
    judged.sort(key=lambda row: row[1] == row[2])
    return f"{rules}\n\n{tabulate(judged, headers=('case', 'labelled', 'judged', 'because'), tablefmt='github')}"


if __name__ == "__main__":
    main()
