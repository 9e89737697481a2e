"""The action's fixes: looked for, suggested on the lines of the pull request, or proposed as one of their own."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge import examining
from weighbridge.core.rendering.escape import plain
from weighbridge.errors import WeighbridgeError
from weighbridge.event import OtherEvent, PushEvent
from weighbridge.fixing import Workshop, with_fixes
from weighbridge.proposing import Outcome, propose
from weighbridge.suggesting import NotSuggested, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.adapters.runner import Runner
    from weighbridge.building import BuildLog, Side
    from weighbridge.event import Event
    from weighbridge.model.fix import Candidate, Proof, Step
    from weighbridge.model.report import Report
    from weighbridge.pipeline import Yard
    from weighbridge.ports import PullRequests
    from weighbridge.proposing import Proposed
    from weighbridge.revisions import Refs
    from weighbridge.settings import Settings
    from weighbridge.wiring import Outside

_UNATTENDED = ("schedule", "workflow_dispatch")


def look(report: Report, settings: Settings, refs: Refs, yard: Yard, runner: Runner, outside: Outside) -> Report:
    """The report with fixes that were proven, where they are asked for; a warning where proving itself failed."""
    if not settings.fix:
        return report
    prover = outside.prover(
        yard.builder,
        yard.scale,
        RunnerClimb(runner),
        minutes=settings.fix_minutes,
        minimum_change=settings.minimum_change,
    )
    shop = Workshop(
        yard=replace(yard, log=NoGroups(yard.log)),
        prover=prover,
        rules=settings.rules_config(examining.today()),
        smoke=settings.smokes(),
        begin=runner.line,
    )
    try:
        with runner.group("Look for fixes"), runner.untrusted():
            report = with_fixes(report, settings, refs, shop, sparing=report.pull_request is not None)
    except WeighbridgeError as error:
        reason = plain(str(error))
        runner.warning(f"no fixes were tried: {reason}")
        return replace(report, images=tuple(replace(image, unfixed=reason) for image in report.images))
    for image in report.images:
        if image.unfixed:
            runner.line(f"{image.name}: no fix was tried: {image.unfixed}")
    return report


def tell(
    report: Report,
    settings: Settings,
    event: Event,
    outside: Outside,
    pulls: PullRequests | None,
    number: int | None,
    runner: Runner,
) -> None:
    """Brings what was proven to where it can be taken by a click. What GitHub refuses is a warning."""
    if not settings.fix:
        return
    if number is not None and settings.fix_suggestions and settings.comment_mode != "off":
        reviews = outside.reviews(settings, event)
        if pulls is not None and reviews is not None:
            done = suggest(pulls, reviews, number, report, key=settings.comment_key)
            if not isinstance(done, NotSuggested):
                runner.line(
                    f"suggestions on #{number}: {done.created} created, {done.edited} edited, "
                    f"{done.unchanged} unchanged, {done.deleted} deleted"
                )
            elif done.fault:
                runner.warning(f"no suggestions on #{number}: {done.reason}; the patch is in the report")
            else:
                runner.line(f"no suggestions on #{number}: {done.reason}")
    if settings.fix_pull_request:
        _propose(report, settings, event, outside, runner)


def _propose(report: Report, settings: Settings, event: Event, outside: Outside, runner: Runner) -> None:
    base = branch_of(event)
    if base is None:
        kind = (
            "a push to another branch than the default one" if isinstance(event, PushEvent) else f"a {event.name} run"
        )
        runner.line(f"{kind or 'this run'} opens no pull request for a fix")
        return
    proposals = outside.proposals(settings, event)
    if proposals is None:
        runner.warning("no pull request for a fix: there is no github-token")
        return
    done = propose(proposals, report, base, key=settings.comment_key, run_url=event.run_url)
    if not done:
        runner.line("no pull request for a fix: none was looked for, or there is none")
    for each in done:
        _say(each, runner)


def _say(done: Proposed, runner: Runner) -> None:
    if done.outcome is Outcome.FAILED:
        runner.warning(f"{done.image}: no pull request for its fix: {done.reason}; the patch is in the report")
        return
    told = f"{done.image}: pull request for its fix {done.outcome.value}"
    runner.line(": ".join(part for part in (told, done.reason, done.url) if part))


def branch_of(event: Event) -> str | None:
    """The branch that a run may propose fixes for; None for runs about anything else."""
    if isinstance(event, PushEvent):
        return event.branch if event.branch == event.default_branch else None
    if isinstance(event, OtherEvent) and event.name in _UNATTENDED:
        return event.ref_name
    return None


class NoGroups:
    """Implements building.BuildLog inside of a group: groups do not nest."""

    def __init__(self, log: BuildLog) -> None:
        self._log = log

    @contextlib.contextmanager
    def group(self, title: str) -> Iterator[None]:  # noqa: ARG002 - the lines stand in the group around it
        """See building.BuildLog."""
        yield

    def line(self, side: Side, text: str) -> None:
        """See building.BuildLog."""
        self._log.line(side, text)


class RunnerClimb:
    """Implements proving.Climb: what candidates do and come to, in the job's log."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def begin(self, candidate: Candidate, step: Step) -> None:
        """See proving.Climb."""
        self._runner.line(f"{candidate.strategy}: {step.value}")

    def end(self, candidate: Candidate, proof: Proof) -> None:
        """See proving.Climb."""
        self._runner.line(f"{candidate.strategy}: {proof.status.value} {proof.reason}".rstrip())

    def line(self, candidate: Candidate | None, text: str) -> None:
        """See proving.Climb."""
        self._runner.line(f"{candidate.strategy if candidate else 'original'} │ {text}")
