"""The use cases of releases and alerts: what the history says, told on GitHub."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from weighbridge.core.history import alert, notes
from weighbridge.errors import GitHubError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.forge import Tracking
    from weighbridge.model.budget import Percent
    from weighbridge.model.record import Record
    from weighbridge.ports import PullRequests


def release_section(tag: str, records: Sequence[Record], branch: str, pulls: PullRequests | None) -> str:
    """How a release compares with the one before; empty where it is not remembered."""
    pairs = notes.pairs_of(tag, records)
    if not pairs:
        return ""
    costs = notes.costliest(pairs, records, branch)
    return notes.section(pairs, costs, _pulls_of([record for record, _ in costs], pulls))


def _pulls_of(records: Sequence[Record], pulls: PullRequests | None) -> dict[str, int]:
    """The pull request that brought each commit, where GitHub tells."""
    found: dict[str, int] = {}
    for record in records:
        with contextlib.suppress(GitHubError):
            numbers = [pull.number for pull in pulls.holding(record.commit)] if pulls else []
            if numbers:
                found[record.commit] = min(numbers)
    return found


def write_notes(tag: str, section: str, tracking: Tracking) -> str:
    """Puts the section into the release's notes, once; what was done in one line. Raises GitHubError."""
    release = tracking.notes(tag)
    if release is None:
        return f"{tag} has no release on GitHub, so its notes are not written"
    body = notes.with_section(release.body, section)
    if body is None:
        return f"the notes of {tag} are as long as GitHub allows: nothing was added"
    if body == release.body:
        return f"the notes of {tag} say it already"
    tracking.edit_notes(release.id, body)
    return f"the notes of {tag} say how it compares"


def watch(records: Sequence[Record], branch: str, limit: int | Percent, tracking: Tracking) -> str:
    """Opens, updates or closes the one issue about growth on a branch; what was done. Raises GitHubError."""
    ours = tracking.issues(alert.KEY)
    last = ours[0] if ours else None
    state = alert.alert_state(last.body) if last else None
    is_open = last is not None and last.open
    over = alert.excesses(records, branch, limit, state if is_open else None)
    wanted = alert.issue_of(over, limit, branch, state)
    if not over:
        if last is None or not is_open:
            return ""
        tracking.edit_issue(last.number, body=wanted.body, is_open=False)
        return f"the weight is back: closed {last.url}"
    if not is_open and alert.accepted(over, state):
        return "the growth was accepted: its issue was closed"
    if last is None or not (is_open or (state is not None and state.settled)):
        return _open(wanted, tracking)
    if is_open and last.body == wanted.body:
        return f"told already: {last.url}"
    tracking.edit_issue(last.number, body=wanted.body, is_open=True, title=wanted.title)
    return f"told of growth: {last.url}"


def _open(wanted: alert.AlertIssue, tracking: Tracking) -> str:
    made = tracking.create_issue(wanted.title, wanted.body)
    # Another run may have opened one at the same moment; the older one stays.
    first = min(
        (issue for issue in tracking.issues(alert.KEY) if issue.open), key=lambda issue: issue.number, default=made
    )
    if first.number != made.number:
        tracking.edit_issue(made.number, body=f"See #{first.number}.\n", is_open=False)
    return f"told of growth: {first.url}"
