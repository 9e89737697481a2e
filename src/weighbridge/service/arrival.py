"""A report on its way in: who sent it, for what, and whether it may be kept. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError
from weighbridge.model.record import Occasion
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from datetime import datetime

    from weighbridge.model.report import Report
    from weighbridge.service.sender import Sender


class Refused(UsageError):
    """A report that this sender may not send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A report that its sender may send. `digest` is the SHA-256 of its text, `length` the text's bytes; `pull` is 0
    where it is of no pull request; `received` is seconds."""

    report: Report
    repository: str
    occasion: Occasion
    sender: Sender
    pull: int
    received: int
    digest: str
    length: int

    def is_trunk(self, default_branch: str | None) -> bool:
        """Whether it is about the default branch."""
        if self.pull or self.occasion.release is not None:
            return False
        # Of a report that says nothing of where it comes from, nothing says that it is not from there.
        return self.occasion.ref is None or self.occasion.ref == (default_branch or "main")


def arrive(report: Report, text: bytes, sender: Sender, now: datetime) -> Arrival:
    """Raises Refused where the sender may not send it, UsageError for a report that cannot be kept."""
    if report.repository is None or report.head.commit is None:
        raise UsageError("only reports of a repository's commits are kept: this one names no repository or no commit")
    refusal = sender.refusal(report.repository, report.pull_request) or _other_commit(report, sender)
    if refusal is not None:
        raise Refused(refusal)
    occasion = report.occasion or Occasion(
        commit=report.head.commit, time=now, recorded=now, ref=None, release=None, recipes={}
    )
    if sender.ref is not None:
        occasion = replace(occasion, ref=sender.ref, release=sender.release)
    if report.pull_request:
        occasion = replace(occasion, release=None)
    # A clock that runs ahead, or a lie: nothing may be newer than now, or it would stay the newest for good.
    occasion = replace(occasion, time=min(occasion.time, now), recorded=min(occasion.recorded, now))
    return Arrival(
        report=report,
        repository=sender.scope if sender.exact else report.repository,
        occasion=occasion,
        sender=sender,
        pull=report.pull_request or 0,
        received=seconds(now),
        digest=hashlib.sha256(text).hexdigest(),
        length=len(text),
    )


def _other_commit(report: Report, sender: Sender) -> str | None:
    """Else a branch could write over what another weighed."""
    if sender.commit is None or report.pull_request or report.head.commit == sender.commit:
        return None
    return f"this run of {sender.actor} is of commit {sender.commit}, the report of {report.head.commit}"
