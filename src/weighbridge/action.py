"""The action: everything comes from the environment, everything goes to the runner and the pull request."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge import action_fixes, pipeline, remembering, revisions, sending, wiring
from weighbridge.adapters.files import write_text
from weighbridge.adapters.runner import Runner
from weighbridge.core import rendering, wire
from weighbridge.core.outputs import outputs
from weighbridge.core.rendering.headline import recorded_base
from weighbridge.core.sticky import CommentMode, Run
from weighbridge.core.verdict import exit_status
from weighbridge.errors import GitHubError, MeasurementError, WeighbridgeError
from weighbridge.event import Event, LocalEvent, MergeGroupEvent, PullRequestEvent, PushEvent, read_event
from weighbridge.interruption import Stop
from weighbridge.model.budget import Status, Verdict
from weighbridge.model.report import Report, Unavailable
from weighbridge.occasions import purpose_of
from weighbridge.pipeline import Place
from weighbridge.publish import CommentRequest, NotPublished, PublishedComment, publish_comment
from weighbridge.settings import Settings, hidden_values, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.building import Side
    from weighbridge.ports import PullRequests


REAL = wiring.Outside()


def run(environ: Mapping[str, str] | None = None, outside: wiring.Outside = REAL) -> int:
    """One run of the action; the exit status. What goes wrong is told to the runner in one line."""
    environ = os.environ if environ is None else environ
    runner = Runner(environ, sys.stdout)
    try:
        return _run(environ, runner, outside)
    except WeighbridgeError as error:
        runner.error(" ".join(str(error).split()), title="weighbridge")
        return error.exit_status
    except Stop as stop:
        runner.error(f"{stop}; nothing was left behind", title="weighbridge")
        return MeasurementError.exit_status


def _run(environ: Mapping[str, str], runner: Runner, outside: wiring.Outside) -> int:
    # Before anything can fail with it in a message.
    _mask(runner, *(environ.get(name, "") for name in ("INPUT_GITHUB-TOKEN", "GITHUB_TOKEN", "INPUT_SERVICE-TOKEN")))
    event = read_event(environ)
    # Another user than ours owns the workspace that the runner mounts; git would not touch it otherwise.
    repository = outside.repository(event.workspace or Path.cwd(), trusted=True)
    settings = load(cli={}, environ=environ, root=repository.root)
    hidden = hidden_values(settings, environ, repository.root)
    _mask(runner, *hidden)
    refs = revisions.choose(event, repository, base=settings.base_ref)
    runner.line(f"weighbridge weighs {refs.head.label}, {refs.reason}")
    pulls = outside.pull_requests(settings, event)
    number = _number(event, settings, pulls, refs.head.commit, runner)
    yard = pipeline.Yard(
        repository=repository,
        builder=outside.builder(repository.root, settings.build_environment(environ), hidden),
        engine=outside.engine,
        scale=wiring.scale(lambda _what, _count: None, outside.engine),
        log=RunnerLog(runner),
        hidden=hidden,
    )
    place = Place(repository=event.repository, server_url=event.server_url, pull_request=number)
    history = partial(outside.history, repository.root, settings, event, trusted=True)
    recorded = remembering.recorded_base(settings, refs, partial(history, quick=True), runner.line)
    report = pipeline.check_revisions(settings, refs, yard, place, recorded, purpose=purpose_of(event))
    if (again := recorded_base(report)) is not None:
        runner.line(again)
    report = action_fixes.look(report, settings, refs, yard, runner, outside)
    report = _accepted(report, settings, event, pulls, number)
    status = _tell(report, settings, event, environ, runner, pulls, number)
    action_fixes.tell(report, settings, event, outside, pulls, number, runner)
    sending.send(report, settings, event, environ, runner, outside, yard.scale.cache)
    branch = history()
    records = remembering.remember(
        report, settings, event, repository=repository, branch=branch, hidden=hidden, runner=runner
    )
    if records is not None:
        tracking = outside.tracking(settings, event)
        teller = remembering.Teller(runner=runner, branch=branch, tracking=tracking, pulls=pulls)
        remembering.tell(records, settings, event, teller)
    return status


def _mask(runner: Runner, *secrets: str) -> None:
    for secret in secrets:
        runner.mask(secret)


def _tell(
    report: Report,
    settings: Settings,
    event: Event,
    environ: Mapping[str, str],
    runner: Runner,
    pulls: PullRequests | None,
    number: int | None,
) -> int:
    """Files first: whatever GitHub says afterwards, what was measured is not lost."""
    files = _write_files(report, settings, event, runner)
    comment = None
    if number is None:
        runner.line("no pull request, so no comment: the report is in the job summary and its files")
    elif pulls is not None:
        comment = _comment(report, settings, event, environ, runner, pulls, number)
    elif settings.comment_mode != "off":
        runner.warning(
            f"no comment on #{number}: there is no github-token; the report is in the job summary and its files"
        )
    if settings.job_summary:
        runner.summary(rendering.render_summary(report))
    _annotate(report, runner)
    runner.outputs(
        {
            **outputs(report),
            "report-file": files.shown if files else "",
            "comment-id": str(comment.id) if comment else "",
        }
    )
    runner.line(f"verdict: {report.verdict.status}" + "".join(f"\n  {reason}" for reason in report.verdict.reasons))
    return exit_status(report.verdict, settings.fail_on)


class RunnerLog:
    """Implements building.BuildLog: one log group an image, each line with the side that it belongs to."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def group(self, title: str) -> Iterator[None]:
        """See building.BuildLog."""
        with self._runner.group(title), self._runner.untrusted():
            yield

    def line(self, side: Side, text: str) -> None:
        """See building.BuildLog."""
        with self._lock:
            self._runner.line(f"{side} │ {text}")


def _number(
    event: Event, settings: Settings, pulls: PullRequests | None, head: str | None, runner: Runner
) -> int | None:
    """The pull request to speak to; None where there is none or nobody can be asked."""
    if settings.pr_number is not None:
        return settings.pr_number
    if isinstance(event, PullRequestEvent):
        return event.number
    if isinstance(event, LocalEvent | MergeGroupEvent) or pulls is None or head is None:
        return None
    if not isinstance(event, PushEvent) or event.branch == event.default_branch:
        return None
    try:
        found = [pull for pull in pulls.holding(head) if pull.open and pull.same_repository and pull.head_sha == head]
    except GitHubError as error:
        runner.warning(f"the pull requests of {head[:12]} could not be looked up: {error}")
        return None
    return min((pull.number for pull in found), default=None)


def _accepted(
    report: Report, settings: Settings, event: Event, pulls: PullRequests | None, number: int | None
) -> Report:
    """A failed verdict that a label accepts is a pass that names who set it."""
    if report.verdict.status is not Status.FAIL or pulls is None or number is None:
        return report
    if isinstance(event, PullRequestEvent) and settings.accept_label not in event.labels:
        return report
    try:
        who = pulls.label_setter(number, settings.accept_label)
    except GitHubError:
        return report
    if who is None:
        return report
    verdict = Verdict(
        status=Status.PASS,
        reasons=(f"accepted by {who} with the label “{settings.accept_label}”", *report.verdict.reasons),
    )
    return replace(report, verdict=verdict)


def _comment(
    report: Report,
    settings: Settings,
    event: Event,
    environ: Mapping[str, str],
    runner: Runner,
    pulls: PullRequests,
    number: int,
) -> PublishedComment | None:
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "1")
    render = partial(_rendered, report_url=event.run_url)
    done = publish_comment(
        pulls,
        CommentRequest(
            number=number,
            report=report,
            render=render,
            key=settings.comment_key,
            run=Run(event.run_id, int(attempt) if attempt.isdigit() else 1) if event.run_id else None,
            mode=CommentMode(settings.comment_mode),
        ),
    )
    if isinstance(done, NotPublished):
        if done.fault:
            runner.warning(f"no comment on #{number}: {done.reason}; the report is in the job summary and its files")
        else:
            runner.line(f"no comment on #{number}: {done.reason}")
        return None
    runner.line(f"comment {done.outcome}: {done.url}")
    return done


def _rendered(report: Report, marker: str, *, report_url: str | None) -> str:
    return rendering.render_markdown(report, marker=marker, report_url=report_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """`shown` is the JSON report's path, relative to the workspace where it lies inside."""

    shown: str


def _write_files(report: Report, settings: Settings, event: Event, runner: Runner) -> _Files | None:
    workspace = event.workspace or Path.cwd()
    folder = workspace / settings.report_directory
    documents = {
        "report.json": wire.dump(report),
        "report.html": rendering.render_html(report),
        "report.md": rendering.render_summary(report),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in documents.items():
            write_text(folder / name, text)
    except OSError as error:
        runner.warning(f"the report's files could not be written to {folder}: {error.strerror}")
        return None
    shown = folder / "report.json"
    return _Files(shown=str(shown.relative_to(workspace) if shown.is_relative_to(workspace) else shown))


def _annotate(report: Report, runner: Runner) -> None:
    """What stands in the way of a measurement, at its line; what is over budget, as the job's error."""
    for image in report.images:
        if isinstance(image.head, Unavailable):
            runner.error(
                image.head.reason, file=image.dockerfile, line=image.head.line, title=f"{image.name}: not built"
            )
        if isinstance(image.base, Unavailable) and not image.base.expected:
            runner.warning(f"{image.name}: no comparison, the base could not be weighed: {image.base.reason}")
    if report.verdict.status is Status.FAIL:
        for reason in report.verdict.reasons:
            runner.error(reason, title="over budget")
