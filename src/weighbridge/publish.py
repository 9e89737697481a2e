"""Puts a report on its pull request: one comment, whoever else writes to it at the same time."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from weighbridge.core.sticky import CommentMode, Run, Skip, Write, holds, plan_comment, state_of
from weighbridge.core.verdict import overall
from weighbridge.errors import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weighbridge.model.budget import Verdict
    from weighbridge.model.report import ImageReport, Report
    from weighbridge.ports import Comment, PullRequests

_TRIES = 8
_SETTLE = 1.0
"""Seconds after which a write of another job that had read before ours is there to be seen."""


class Outcome(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    EDITED = "edited"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedComment:
    """The comment is there and says what this run found."""

    id: int
    url: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPublished:
    """`reason` is one line; `fault` where a comment was wanted and GitHub refused it or stayed away."""

    reason: str
    fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRequest:
    """Which comment is to say what. `render` makes a body of a report and the marker that must come first in it."""

    number: int
    report: Report
    render: Callable[[Report, str], str]
    key: str
    run: Run | None
    mode: CommentMode
    judge: Callable[[Sequence[ImageReport]], Verdict] = overall


def publish_comment(
    pull_requests: PullRequests, request: CommentRequest, *, pause: Callable[[float], None] = time.sleep
) -> PublishedComment | NotPublished:
    """Reads the comment, merges, writes, and reads again until what this run found is in it (eight times at most).

    `pause` sleeps for seconds. Raises UsageError for a key that can't be one; what GitHub does is an answer, not an
    exception.
    """
    try:
        return _publish(pull_requests, request, pause)
    except GitHubError as error:
        return NotPublished(reason=str(error), fault=True)


def _publish(
    pull_requests: PullRequests, request: CommentRequest, pause: Callable[[float], None]
) -> PublishedComment | NotPublished:
    if request.mode is CommentMode.OFF:
        return NotPublished(reason="comment-mode is off")
    existing = pull_requests.find_comment(request.number, request.key)
    written: PublishedComment | None = None
    for attempt in range(_TRIES):
        plan = _plan(existing, request)
        if isinstance(plan, Skip):
            return written or _unwritten(existing, plan)
        written = _write(pull_requests, request.number, existing, plan, written)
        if state_of(plan.body) is None:
            return written
        pause(_SETTLE * random.uniform(1, 2 + attempt))  # noqa: S311 - spreads jobs, keeps no secret
        try:
            existing = _seen(pull_requests, request, written)
        except GitHubError:
            # It was written; that nobody overwrote it could not be checked.
            return written
        if existing is None or holds(state_of(existing.body), request.report, request.run):
            return written if existing is None else _published(existing, written.outcome)
    return NotPublished(reason="other jobs kept overwriting the comment", fault=True)


def _plan(existing: Comment | None, request: CommentRequest) -> Write | Skip:
    return plan_comment(
        None if existing is None else existing.body,
        request.report,
        key=request.key,
        run=request.run,
        mode=request.mode,
        render=request.render,
        judge=request.judge,
    )


def _write(
    pull_requests: PullRequests, number: int, existing: Comment | None, plan: Write, written: PublishedComment | None
) -> PublishedComment:
    if existing is None:
        return _published(pull_requests.create_comment(number, plan.body), Outcome.CREATED)
    comment = pull_requests.edit_comment(number, existing.id, plan.body)
    return _published(comment, written.outcome if written and written.id == comment.id else Outcome.EDITED)


def _seen(pull_requests: PullRequests, request: CommentRequest, written: PublishedComment) -> Comment | None:
    """Our comment as it is now: the oldest, where two jobs created one each; the other is taken away by who made it."""
    seen = pull_requests.find_comment(request.number, request.key)
    if seen is not None and seen.id != written.id and written.outcome is Outcome.CREATED:
        pull_requests.delete_comment(request.number, written.id)
    return seen


def _unwritten(existing: Comment | None, plan: Skip) -> PublishedComment | NotPublished:
    if existing is None or plan.superseded:
        return NotPublished(reason=plan.reason)
    return _published(existing, Outcome.UNCHANGED)


def _published(comment: Comment, outcome: Outcome) -> PublishedComment:
    return PublishedComment(id=comment.id, url=comment.url, outcome=outcome)
